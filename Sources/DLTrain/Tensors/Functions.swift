import DLGraph
import KernelTypes

// The operations under the names that formulas use.

public func relu<Scalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(.activation(.relu), x) }
public func leakyRelu<Scalar>(_ x: Tensor<Scalar>, slope: Float = 0.01) -> Tensor<Scalar> {
  apply(.activation(.leakyRelu(slope: slope)), x)
}
public func sigmoid<Scalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(.activation(.sigmoid), x) }
public func tanh<Scalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(.activation(.tanh), x) }
/// exp(x) / Σ exp(x) along one axis; a negative axis counts from the end.
public func softmax<Scalar>(_ x: Tensor<Scalar>, axis: Int = -1) -> Tensor<Scalar> { apply(.softmax(axis: axis), x) }
/// [N, …] → [N, everything else].
public func flatten<Scalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(.flatten(axis: 1), x) }
/// |x|.
public func abs<Scalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(.unary(.absolute), x) }
/// 0 keeps a size, one −1 is what is left.
public func reshape<Scalar>(_ x: Tensor<Scalar>, _ sizes: [Int]) -> Tensor<Scalar> { apply(.reshape(sizes), x) }
/// Equal shapes but along `axis`; a negative axis counts from the end.
public func concatenate<Scalar>(_ xs: [Tensor<Scalar>], axis: Int) -> Tensor<Scalar> { apply(.concat(axis: axis), xs) }

/// Broadcast to one shape by numpy's rules.
public func + <Scalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> { apply(.add, a, b) }
/// Element by element, broadcast to one shape by numpy's rules.
public func * <Scalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> { apply(.multiply, a, b) }
public func - <Scalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> { apply(.binary(.subtract), a, b) }
public func / <Scalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> { apply(.binary(.divide), a, b) }
/// x / √Σx² along an axis; where that is 0, 0.
public func l2Normalise<Scalar>(_ x: Tensor<Scalar>, axis: Int = -1) -> Tensor<Scalar> {
  apply(.lpNormalise(axis: axis, p: 2), x)
}

/// Over `axes`, which are gone afterwards.
public func sum<Scalar>(_ x: Tensor<Scalar>, axes: [Int]) -> Tensor<Scalar> {
  apply(.reduce(.sum, axes: axes, keepsAxes: false, noAxesIsIdentity: false), x)
}
public func mean<Scalar>(_ x: Tensor<Scalar>, axes: [Int]) -> Tensor<Scalar> {
  apply(.reduce(.mean, axes: axes, keepsAxes: false, noAxesIsIdentity: false), x)
}
