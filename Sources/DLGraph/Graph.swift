/// A tensor in a graph: an input, a constant, or what a node computes.
public struct Value: Sendable {
  public var name: Name
  /// What is known without the inputs of a run; `Graph.inferTypes` fills those of nodes.
  public var type: TensorType
  public var constant: Constant?
  /// See `Fact.elements`.
  public var elements: [Dim]?

  public init(name: Name, type: TensorType, constant: Constant? = nil, elements: [Dim]? = nil) {
    self.name = name
    self.type = type
    self.constant = constant
    self.elements = elements
  }
}

/// One operation. Inputs and outputs are indices into `Graph.values`, or `absent` where the operation allows it.
public struct Node: Sendable {
  public static let absent = -1

  public var name: Name
  public var op: Op
  public var inputs: [Int]
  public var outputs: [Int]

  public init(name: Name, op: Op, inputs: [Int], outputs: [Int]) {
    self.name = name
    self.op = op
    self.inputs = inputs
    self.outputs = outputs
  }
}

/// A typed metadata value.
public enum MetadataValue: Hashable, Sendable {
  case text(Name)
  case integer(Int64)
  case real(Double)
  case integers([Int64])
  case reals([Double])
  case texts([Name])
}

/// A network: nodes in an order in which every input is computed before it is read.
public struct Graph: Sendable {
  public var name: Name = ""
  public var values: [Value] = []
  public var nodes: [Node] = []
  /// Indices into `values`, in the order callers see.
  public var inputs: [Int] = []
  public var outputs: [Int] = []
  /// Names of free dimensions ("N", "height").
  public var symbols: [Name] = []
  /// In file order; keys are unique. FORMAT.md lists the keys the library reads.
  public var metadata: [(key: Name, value: MetadataValue)] = []

  public init() {}

  // MARK: building

  public mutating func symbol(_ name: Name) -> Dim {
    if let index = symbols.firstIndex(where: { $0 == name }) { return .symbol(index) }
    symbols.append(name)
    return .symbol(symbols.count - 1)
  }

  public mutating func addInput(_ name: Name, _ type: TensorType) -> Int {
    values.append(Value(name: name, type: type))
    inputs.append(values.count - 1)
    return values.count - 1
  }

  public mutating func addConstant(_ name: Name, _ constant: Constant) -> Int {
    values.append(Value(name: name, type: constant.type, constant: constant))
    return values.count - 1
  }

  /// Appends a node with one output, whose type it infers, and returns the output.
  public mutating func addNode(_ op: Op, _ inputs: [Int], name: Name) throws(DLError) -> Int {
    try addNode(op, inputs, outputs: [name], name: name)[0]
  }

  /// Appends a node with the outputs of these names, whose types it infers, and returns them; an empty name after the first is an
  /// absent output.
  public mutating func addNode(_ op: Op, _ inputs: [Int], outputs names: [Name], name: Name) throws(DLError) -> [Int] {
    let facts = try place(name, op) { () throws(DLError) in
      try inferFacts(of: op, inputs.map { fact($0) }, outputs: names.count, symbols: symbols)
    }
    var outputs: [Int] = []
    for (i, fact) in facts.enumerated() {
      if i > 0 && names[i].isEmpty {
        outputs.append(Node.absent)
        continue
      }
      outputs.append(values.count)
      values.append(Value(name: names[i], type: fact.type, elements: fact.elements))
    }
    nodes.append(Node(name: name, op: op, inputs: inputs, outputs: outputs))
    return outputs
  }

  /// What is known of a value; nil for an absent one.
  public func fact(_ value: Int) -> Fact? {
    if value == Node.absent { return nil }
    if let constant = values[value].constant { return Fact(constant) }
    return Fact(values[value].type, elements: values[value].elements)
  }

  public mutating func setMetadata(_ key: Name, _ value: MetadataValue) {
    if let i = metadata.firstIndex(where: { $0.key == key }) { metadata[i].value = value } else { metadata.append((key, value)) }
  }

  public func metadata(_ key: Name) -> MetadataValue? { metadata.first { $0.key == key }?.value }

  // MARK: checking

  /// Infers what is known of every node's outputs from inputs and constants.
  public mutating func inferTypes() throws(DLError) {
    for node in nodes {
      let facts = try place(node.name, node.op) { () throws(DLError) in
        try inferFacts(of: node.op, node.inputs.map { fact($0) }, outputs: node.outputs.count, symbols: symbols)
      }
      for (output, fact) in zip(node.outputs, facts) where output != Node.absent {
        values[output].type = fact.type
        values[output].elements = fact.elements
      }
    }
  }

  private func place<T>(_ name: Name, _ op: Op, _ body: () throws(DLError) -> T) throws(DLError) -> T {
    do { return try body() } catch { throw error.at("node \(name.quoted) (\(op.name))") }
  }

  /// Checks the structure of a graph from outside: indices in range, each value computed once and before it is read,
  /// inputs and outputs distinct and named apart, input counts, symbols and metadata keys unique. Then infers all types.
  public mutating func validate() throws(DLError) {
    var known = values.map { $0.constant != nil }
    for (i, input) in inputs.enumerated() {
      guard values.indices.contains(input) else { throw DLError(.invalidModel, "input \(i): value \(input) does not exist") }
      guard !known[input] else { throw DLError(.invalidModel, "input \(i): value \(input) is a constant or listed twice") }
      let type = values[input].type
      if let sizes = type.sizes, byteCount(type.dtype, sizes) == nil {
        throw DLError(.invalidModel, "input \(i): \(describe(sizes)) is larger than memory can be")
      }
      known[input] = true
    }
    for (n, node) in nodes.enumerated() {
      var place: Message { "node \(n) \(node.name.quoted) (\(node.op.name))" }
      guard node.op.inputCounts.contains(node.inputs.count) else {
        let range = node.op.inputCounts
        throw DLError(
          .invalidModel, "\(place): takes \(range.lowerBound) to \(range.upperBound) inputs, found \(node.inputs.count)")
      }
      for (i, input) in node.inputs.enumerated() {
        if input == Node.absent && i >= node.op.inputCounts.lowerBound { continue }
        guard values.indices.contains(input) else {
          throw DLError(.invalidModel, "\(place): reads value \(input), which does not exist")
        }
        guard known[input] else {
          throw DLError(.invalidModel, "\(place): reads \(values[input].name.quoted) before it is computed")
        }
      }
      guard node.op.outputCounts.contains(node.outputs.count) else {
        let most = node.op.outputCounts.upperBound
        throw DLError(.invalidModel, "\(place): has \(node.outputs.count) outputs, expected 1 to \(most)")
      }
      for (i, output) in node.outputs.enumerated() {
        if output == Node.absent && i > 0 { continue }
        guard values.indices.contains(output) else {
          throw DLError(.invalidModel, "\(place): writes value \(output), which does not exist")
        }
        guard !known[output] else {
          throw DLError(.invalidModel, "\(place): writes \(values[output].name.quoted), which already has a value")
        }
        known[output] = true
      }
    }
    for (i, output) in outputs.enumerated() {
      guard values.indices.contains(output), known[output] else {
        throw DLError(.invalidModel, "output \(i): value \(output) is never computed")
      }
    }
    if outputs.isEmpty { throw DLError(.invalidModel, "the graph has no outputs") }
    try requireDistinct(inputs.map { values[$0].name }, "input")
    try requireDistinct(outputs.map { values[$0].name }, "output")
    try requireDistinct(symbols, "symbol")
    try requireDistinct(metadata.map { $0.key }, "metadata entry")
    try inferTypes()
  }

  private func requireDistinct(_ names: [Name], _ kind: StaticString) throws(DLError) {
    let order = sortedIndices(names.count) { names[$0] < names[$1] }
    for (first, second) in zip(order, order.dropFirst()) where names[first] == names[second] {
      throw DLError(.invalidModel, "\(kind) \(second): the name \(names[second].quoted) is taken")
    }
  }
}
