import DLGraph
import Foundation

/// The element of a tensor: `Float` to train with, `Double` to check gradients with.
public protocol TensorScalar: ReferenceScalar, Sendable {
  static func log(_ x: Self) -> Self
  /// Computes a matrix product by the fastest means this type has.
  static func multiply(_ product: MatrixProduct<Self>)
}

extension Double: TensorScalar {
  public static func log(_ x: Double) -> Double { Foundation.log(x) }
  public static func multiply(_ product: MatrixProduct<Double>) { multiplyNaively(product) }
}

extension Float: TensorScalar {
  public static func log(_ x: Float) -> Float { Foundation.log(x) }
  public static func multiply(_ product: MatrixProduct<Float>) { multiplyPacked(product) }
}
