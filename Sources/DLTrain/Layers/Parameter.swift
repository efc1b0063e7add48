/// A tensor that a layer keeps from step to step: learnt by an optimiser, or a running statistic.
public final class Parameter<Scalar: TensorScalar> {
  public internal(set) var value: Tensor<Scalar>
  /// False for statistics, which no gradient changes.
  public let isLearnt: Bool

  public init(_ value: Tensor<Scalar>, isLearnt: Bool = true) {
    self.value = value
    self.isLearnt = isLearnt
  }

  /// Replaces the values; the shape stays.
  public func set(_ value: Tensor<Scalar>) {
    precondition(value.shape == self.value.shape, "a parameter \(self.value.shape) cannot become \(value.shape)")
    self.value = value.detached
  }
}

/// Parameters under names, in a fixed order. Written as a dictionary of layers and parameters, whose own names are joined
/// to theirs by dots:
///
///     var parameters: Parameters<Float> { ["conv": conv, "dense": dense] }   // conv.weight, conv.bias, dense.weight, …
public struct Parameters<Scalar: TensorScalar>: RandomAccessCollection, ExpressibleByDictionaryLiteral {
  public typealias Element = (name: String, parameter: Parameter<Scalar>)
  private var list: [Element] = []

  public init(dictionaryLiteral elements: (String, any HasParameters<Scalar>)...) {
    for (name, holder) in elements { append(holder, as: name) }
  }

  public mutating func append(_ holder: any HasParameters<Scalar>, as name: String) {
    if let parameter = holder as? Parameter<Scalar> {
      list.append((name, parameter))
    } else {
      for (inner, parameter) in holder.parameters { list.append((name + "." + inner, parameter)) }
    }
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { list.count }
  public subscript(i: Int) -> Element { list[i] }

  /// Those that an optimiser changes.
  public var learnt: [Parameter<Scalar>] { list.map(\.parameter).filter(\.isLearnt) }
}

public protocol HasParameters<Scalar> {
  associatedtype Scalar: TensorScalar
  var parameters: Parameters<Scalar> { get }
}

extension Parameter: HasParameters {
  public var parameters: Parameters<Scalar> { ["": self] }
}
