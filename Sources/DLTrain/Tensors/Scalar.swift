import DLGraph
import Foundation

/// The element of a tensor: `Float` to train with, `Double` to check gradients with.
public protocol TensorScalar: BinaryFloatingPoint, SIMDScalar, Codable, Sendable {
  static func exp(_ x: Self) -> Self
  static func tanh(_ x: Self) -> Self
  static func pow(_ x: Self, _ y: Self) -> Self
  static func log(_ x: Self) -> Self
  static var backend: Backend<Self> { get }
}

/// The heavy operations, which each scalar type computes by its own means.
public struct Backend<Scalar: TensorScalar>: Sendable {
  let multiply: @Sendable (MatrixProduct<Scalar>) -> Void
  let conv: @Sendable (ConvShape, [Tensor<Scalar>]) -> Tensor<Scalar>
}

extension Double: TensorScalar {
  public static func exp(_ x: Double) -> Double { Foundation.exp(x) }
  public static func tanh(_ x: Double) -> Double { Foundation.tanh(x) }
  public static func pow(_ x: Double, _ y: Double) -> Double { Foundation.pow(x, y) }
  public static func log(_ x: Double) -> Double { Foundation.log(x) }

  /// Plain loops.
  public static var backend: Backend<Double> {
    Backend(multiply: { multiplyNaively($0) }, conv: { convByPatches($0, $1) })
  }
}

extension Float: TensorScalar {
  public static func exp(_ x: Float) -> Float { Foundation.exp(x) }
  public static func tanh(_ x: Float) -> Float { Foundation.tanh(x) }
  public static func pow(_ x: Float, _ y: Float) -> Float { Foundation.pow(x, y) }
  public static func log(_ x: Float) -> Float { Foundation.log(x) }

  /// The runtime's kernels.
  public static var backend: Backend<Float> {
    Backend(multiply: { multiplyPacked($0) }, conv: { convOnKernels($0, $1) })
  }
}
