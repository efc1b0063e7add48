import Foundation

/// The element of a tensor: `Float` to train with, `Double` to check gradients with.
public protocol TensorScalar: BinaryFloatingPoint, Sendable {
  static func exponential(_ x: Self) -> Self
  static func logarithm(_ x: Self) -> Self
  static func power(_ x: Self, _ y: Self) -> Self
  static func hyperbolicTangent(_ x: Self) -> Self
  /// Computes a matrix product by the fastest means this type has.
  static func multiply(_ product: MatrixProduct<Self>)
}

extension Double: TensorScalar {
  public static func exponential(_ x: Double) -> Double { exp(x) }
  public static func logarithm(_ x: Double) -> Double { log(x) }
  public static func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
  public static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
  public static func multiply(_ product: MatrixProduct<Double>) { multiplyNaively(product) }
}

extension Float: TensorScalar {
  public static func exponential(_ x: Float) -> Float { exp(x) }
  public static func logarithm(_ x: Float) -> Float { log(x) }
  public static func power(_ x: Float, _ y: Float) -> Float { pow(x, y) }
  public static func hyperbolicTangent(_ x: Float) -> Float { tanh(x) }
  public static func multiply(_ product: MatrixProduct<Float>) { multiplyNaively(product) }
}
