import DLGraph

func concatForward<Scalar: TensorScalar>(_ axis: Int, _ xs: [Tensor<Scalar>], _ shape: [Int]) -> Tensor<Scalar> {
  Tensor(uninitialized: shape) { y in
    forEachPart(axis, xs, shape) { _, x, offset, partOffset, count in
      (y + offset).update(from: x.start + partOffset, count: count)
    }
  }
}

func concatBackward<Scalar: TensorScalar>(_ axis: Int, _ step: BackwardStep<Scalar>) -> [Tensor<Scalar>?] {
  let gradients = step.inputs.map { Tensor<Scalar>(zeros: $0.shape) }
  forEachPart(axis, step.inputs, step.output.shape) { part, _, offset, partOffset, count in
    (gradients[part].buffer.start + partOffset).update(from: step.gradient.start + offset, count: count)
  }
  return zip(gradients, step.isNeeded).map { $1 ? $0 : nil }
}

/// Calls `body` for each contiguous piece: which part it is of, the part, the piece's offset in the whole and in the part,
/// and its length.
private func forEachPart<Scalar: TensorScalar>(
  _ axis: Int, _ parts: [Tensor<Scalar>], _ shape: [Int], _ body: (Int, Tensor<Scalar>, Int, Int, Int) -> Void
) {
  let axis = axis < 0 ? axis + shape.count : axis
  let outer = shape[..<axis].reduce(1, *)
  var offset = 0
  for row in 0..<outer {
    for (i, part) in parts.enumerated() {
      let count = part.shape[axis...].reduce(1, *)
      body(i, part, offset, row * count, count)
      offset += count
    }
  }
}
