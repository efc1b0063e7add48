// Parameters of operations that come as small integer tensors, and the elements of such tensors.

extension ShapeInference {
  func isPresent(_ inputs: [Fact?], _ i: Int) -> Bool { i < inputs.count && inputs[i] != nil }

  /// The elements of input i, a list of i32 or i64 (or one such number), `.unknown` where they are not known. Nil if the input is
  /// absent, or its length is not known.
  func list(_ inputs: [Fact?], _ i: Int, _ name: StaticString) throws(DLError) -> [Dim]? {
    guard i < inputs.count, let fact = inputs[i] else { return nil }
    guard fact.type.dtype == .i64 || fact.type.dtype == .i32, fact.type.rank <= 1 else {
      throw DLError(.typeMismatch, "\(name): expected a list of i64, found \(describe(fact.type, symbols: symbols))")
    }
    if let elements = fact.integers { return elements }
    guard let sizes = fact.type.sizes, let count = elementCount(sizes), count <= Fact.mostElements else { return nil }
    return Array(repeating: .unknown, count: count)
  }

  /// As `list`, when all elements are known.
  func knownList(_ inputs: [Fact?], _ i: Int, _ name: StaticString) throws(DLError) -> [Int]? {
    guard let dims = try list(inputs, i, name) else { return nil }
    return TensorType(.i64, dims).sizes
  }

  /// The one number of input i.
  func number(_ inputs: [Fact?], _ i: Int, _ name: StaticString) throws(DLError) -> Dim {
    guard let fact = inputs[i] else { return .unknown }
    guard fact.type.dims.allSatisfy({ $0.size == nil || $0.size == 1 }) else {
      throw DLError(.shapeMismatch, "\(name): expected one number, found \(describe(fact.type, symbols: symbols))")
    }
    return fact.integers?.first ?? .unknown
  }

  /// A size that is given as an element.
  func size(_ dim: Dim, _ name: StaticString, _ i: Int) throws(DLError) -> Dim {
    if let n = dim.size, n < 0 { throw DLError(.shapeMismatch, "\(name): expected 0 or more at \(i), found \(n)") }
    return dim
  }

  func multiply(_ a: Dim, _ b: Dim) throws(DLError) -> Dim {
    if a == .fixed(1) { return b }
    if b == .fixed(1) { return a }
    return try product([a, b])
  }

  /// Facts of an operation that moves elements, with the elements of small integer outputs: the operation is done with the
  /// positions of the elements in their place. sources: how many of the inputs are moved; the others say where to.
  func withElements(_ op: Op, _ inputs: [Fact?], sources: Int = 1, _ facts: [Fact]) throws(DLError) -> [Fact] {
    var arguments: [Fact?] = []
    var elements: [Dim] = []
    var areKnown = false
    for (i, input) in inputs.enumerated() {
      guard let fact = input else {
        arguments.append(nil)
        continue
      }
      if i < sources {
        guard fact.type.dtype == .i64 || fact.type.dtype == .i32, let sizes = fact.type.sizes, let count = elementCount(sizes),
          count <= Fact.mostElements
        else { return facts }
        let known = fact.integers
        if known != nil { areKnown = true }
        let first = elements.count
        elements += known ?? Array(repeating: .unknown, count: count)
        arguments.append(Fact(try Constant(sizes, integers: (0..<count).map { first + $0 })))
      } else {
        guard let constant = try fact.known() else { return facts }
        arguments.append(Fact(constant))
      }
    }
    var moved: [Fact] = []
    for fact in facts {
      guard let sizes = fact.type.sizes, let count = elementCount(sizes), count <= Fact.mostElements else { return facts }
      moved.append(Fact(TensorType(.i64, fact.type.dims)))
    }
    guard areKnown, let positions = try fold(op, arguments, moved, limit: Int(Int32.max)) else { return facts }
    var known: [Fact] = []
    for (i, positions) in positions.enumerated() {
      let found = (Fact(positions).knownIntegers ?? []).map { elements[$0] }
      known.append(Fact(facts[i].type, elements: found.contains { $0 != .unknown } ? found : nil))
    }
    return known
  }
}

extension Fact {
  /// The tensor itself, when all of its elements are known.
  public func known() throws(DLError) -> Constant? {
    if let constant { return constant }
    guard elements != nil, let integers = knownIntegers, let sizes = type.sizes else { return nil }
    let dtype = type.dtype
    let storage = try Storage.allocate(integers.count * dtype.size) { memory in
      guard let base = memory.baseAddress else { return }
      let buffer = TensorBuffer(base, dtype, sizes)
      for (i, n) in integers.enumerated() { buffer.setInteger(i, Int64(n)) }
    }
    return try Constant(dtype, sizes, storage)
  }
}

extension Constant {
  /// An i64 constant with a copy of the values.
  public init(_ sizes: [Int], integers: [Int]) throws(DLError) {
    let fact = Fact(TensorType(.i64, sizes: sizes), elements: integers.map { .fixed($0) })
    guard elementCount(sizes) == integers.count, let constant = try fact.known() else {
      throw DLError(.shapeMismatch, "\(integers.count) values for a constant \(describe(sizes))")
    }
    self = constant
  }
}
