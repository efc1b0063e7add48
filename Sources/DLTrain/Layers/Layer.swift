/// A function of several tensors, with several results, and with parameters.
public protocol Network<Scalar>: HasParameters {
  func callAsFunction(_ xs: [Tensor<Scalar>]) -> [Tensor<Scalar>]
}

/// A function of one tensor with parameters: a layer, or a whole network made of layers.
public protocol Layer<Scalar>: Network {
  func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar>
}

extension Layer {
  public func callAsFunction(_ xs: [Tensor<Scalar>]) -> [Tensor<Scalar>] {
    precondition(xs.count == 1, "\(xs.count) tensors for a layer, which takes one")
    return [self(xs[0])]
  }

  /// No parameters.
  public var parameters: Parameters<Scalar> { [:] }
}

/// Layers applied one after the other. Parameters are named by their layer's name, or else its position: 0.weight, 0.bias,
/// 3.weight, …
public struct Sequential<Scalar: TensorScalar>: Layer, ExpressibleByDictionaryLiteral {
  public let layers: [any Layer<Scalar>]
  private let names: [String]

  public init(_ layers: any Layer<Scalar>...) { self.init(layers) }
  public init(_ layers: [any Layer<Scalar>]) {
    self.layers = layers
    names = layers.indices.map { "\($0)" }
  }

  /// ["conv1": Conv2D(…), "relu1": ReLU(), …].
  public init(dictionaryLiteral elements: (String, any Layer<Scalar>)...) {
    layers = elements.map(\.1)
    names = elements.map(\.0)
  }

  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { layers.reduce(x) { x, layer in layer(x) } }

  public var parameters: Parameters<Scalar> {
    var all: Parameters<Scalar> = [:]
    for (name, layer) in zip(names, layers) { all.append(layer, as: name) }
    return all
  }
}
