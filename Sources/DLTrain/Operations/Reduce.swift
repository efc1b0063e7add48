import DLGraph
import KernelTypes

/// A sum or mean over axes; what it keeps of each is one element.
struct SumOverAxes {
  /// The shape with the axes summed over kept at size 1.
  let kept: [Int]
  /// What each sum is multiplied by: 1, or 1 / the number of elements.
  let factor: Double

  init(_ reduction: Reduction, _ axes: [Int], noAxesIsIdentity: Bool, _ shape: [Int]) {
    let all = axes.isEmpty && !noAxesIsIdentity ? Array(shape.indices) : axes.map { $0 < 0 ? $0 + shape.count : $0 }
    kept = shape.indices.map { all.contains($0) ? 1 : shape[$0] }
    factor = reduction == .mean ? 1 / Double(all.reduce(1) { $0 * shape[$1] }) : 1
  }
}

func sumForward<Scalar: TensorScalar>(_ over: SumOverAxes, _ x: Tensor<Scalar>, _ shape: [Int]) -> Tensor<Scalar> {
  let sums = reduce(x, to: over.kept)
  let (from, factor) = (sums.start, Scalar(over.factor))
  return withExtendedLifetime(sums) {
    elementwise(shape) { y, range in for i in range { y[i] = factor * from[i] } }
  }
}

func sumBackward<Scalar: TensorScalar>(_ over: SumOverAxes, _ step: BackwardStep<Scalar>) -> Tensor<Scalar> {
  let (dy, factor, shape) = (step.gradient.start, Scalar(over.factor), step.inputs[0].shape)
  return Tensor(uninitialized: shape) { dx in
    forEachBroadcast(shape, shape, over.kept) { dx[$1] = factor * dy[$2] }
  }
}
