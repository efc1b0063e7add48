/// A function with parameters: a layer, or a whole network made of layers.
public protocol Layer<Scalar>: HasParameters {
  func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar>
}

extension Layer {
  /// No parameters.
  public var parameters: Parameters<Scalar> { [:] }
}

/// Layers applied one after the other. Parameters are named by the position of their layer: 0.weight, 0.bias, 3.weight, …
public struct Sequential<Scalar: TensorScalar>: Layer {
  public let layers: [any Layer<Scalar>]

  public init(_ layers: any Layer<Scalar>...) { self.layers = layers }
  public init(_ layers: [any Layer<Scalar>]) { self.layers = layers }

  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { layers.reduce(x) { x, layer in layer(x) } }

  public var parameters: Parameters<Scalar> {
    var all: Parameters<Scalar> = [:]
    for (i, layer) in layers.enumerated() { all.append(layer, as: "\(i)") }
    return all
  }
}
