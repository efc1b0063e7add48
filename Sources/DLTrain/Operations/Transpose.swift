import DLGraph

/// Output axis i is input axis permutation[i]; empty: reversed.
func transposeForward<Scalar: TensorScalar>(_ permutation: [Int], _ x: Tensor<Scalar>) -> Tensor<Scalar> {
  let order = permutation.isEmpty ? Array(x.shape.indices.reversed()) : permutation
  var steps = x.shape.map { _ in 1 }
  for axis in x.shape.indices.dropLast().reversed() { steps[axis] = steps[axis + 1] * x.shape[axis + 1] }
  let shape = order.map { x.shape[$0] }
  var at = shape.map { _ in 0 }
  var from = 0
  return Tensor(uninitialized: shape) { y in
    for i in 0..<x.count {
      y[i] = x.start[from]
      for axis in shape.indices.reversed() {
        at[axis] += 1
        from += steps[order[axis]]
        if at[axis] < shape[axis] { break }
        from -= shape[axis] * steps[order[axis]]
        at[axis] = 0
      }
    }
  }
}

func transposeBackward<Scalar: TensorScalar>(_ permutation: [Int], _ step: BackwardStep<Scalar>) -> Tensor<Scalar> {
  if permutation.isEmpty { return transposeForward([], step.gradient) }
  var inverse = permutation
  for (i, axis) in permutation.enumerated() { inverse[axis] = i }
  return transposeForward(inverse, step.gradient)
}
