/// What is known of a value before a run: its type, and of small tensors that sizes are computed from maybe the elements.
public struct Fact: Sendable {
  public var type: TensorType
  /// All elements, of any type.
  public var constant: Constant?
  /// The elements of an integer tensor in row-major order as far as they follow from sizes: `shape` of [N, 3] has [N, 3]. At most
  /// `Fact.mostElements`. Set where `constant` is not.
  public var elements: [Dim]?

  public static let mostElements = 1024

  public init(_ type: TensorType, elements: [Dim]? = nil) {
    self.type = type
    self.elements = elements
  }
  public init(_ constant: Constant) {
    type = constant.type
    self.constant = constant
  }

  /// The elements of an integer tensor, those that are not known as `.unknown`; nil if nothing is known of them.
  public var integers: [Dim]? {
    if let elements { return elements }
    guard let constant, constant.count <= Fact.mostElements else { return nil }
    let buffer = TensorBuffer(constant)
    return withExtendedLifetime(constant.storage) { (0..<constant.count).map { .fixed(Int(buffer.integer($0))) } }
  }

  /// The elements of an integer tensor when all are known.
  public var knownIntegers: [Int]? {
    guard let integers else { return nil }
    var known: [Int] = []
    for dim in integers {
      guard let n = dim.size else { return nil }
      known.append(n)
    }
    return known
  }

  /// The elements of a constant as numbers.
  public var knownReals: [Double]? {
    guard let constant, constant.count <= Fact.mostElements else { return nil }
    let buffer = TensorBuffer(constant)
    return withExtendedLifetime(constant.storage) { (0..<constant.count).map { buffer.real($0) } }
  }
}
