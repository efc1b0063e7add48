/// A tensor in a graph: an input, a constant, or what a node computes.
public struct Value: Sendable {
  public var name: Name
  /// What is known without the inputs of a run; `Graph.inferTypes` fills those of nodes.
  public var type: TensorType
  public var constant: Constant?

  public init(name: Name, type: TensorType, constant: Constant? = nil) {
    self.name = name
    self.type = type
    self.constant = constant
  }
}

/// One operation. Inputs and outputs are indices into `Graph.values`.
public struct Node: Sendable {
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
    let type: TensorType
    do {
      type = try inferType(of: op, inputs.map { values[$0].type }, symbols: symbols)
    } catch { throw error.at("node \(name.quoted) (\(op.name))") }
    values.append(Value(name: name, type: type))
    nodes.append(Node(name: name, op: op, inputs: inputs, outputs: [values.count - 1]))
    return values.count - 1
  }

  public mutating func setMetadata(_ key: Name, _ value: MetadataValue) {
    if let i = metadata.firstIndex(where: { $0.key == key }) { metadata[i].value = value } else { metadata.append((key, value)) }
  }

  public func metadata(_ key: Name) -> MetadataValue? { metadata.first { $0.key == key }?.value }

  // MARK: checking

  /// Infers the type of every node's output from the types of inputs and constants.
  public mutating func inferTypes() throws(DLError) {
    for node in nodes {
      do {
        values[node.outputs[0]].type = try inferType(of: node.op, node.inputs.map { values[$0].type }, symbols: symbols)
      } catch { throw error.at("node \(node.name.quoted) (\(node.op.name))") }
    }
  }

  /// Checks the structure of a graph from outside: indices in range, each value computed once and before it is read,
  /// inputs and outputs distinct and named apart, input counts, symbols and metadata keys unique. Then infers all types.
  public mutating func validate() throws(DLError) {
    var known = values.map { $0.constant != nil }
    for (i, input) in inputs.enumerated() {
      guard values.indices.contains(input) else { throw DLError(.invalidModel, "input \(i): value \(input) does not exist") }
      guard !known[input] else { throw DLError(.invalidModel, "input \(i): value \(input) is a constant or listed twice") }
      known[input] = true
    }
    for (n, node) in nodes.enumerated() {
      var place: Message { "node \(n) \(node.name.quoted) (\(node.op.name))" }
      guard node.op.inputCounts.contains(node.inputs.count) else {
        let range = node.op.inputCounts
        throw DLError(
          .invalidModel, "\(place): takes \(range.lowerBound) to \(range.upperBound) inputs, found \(node.inputs.count)")
      }
      for input in node.inputs {
        guard values.indices.contains(input) else {
          throw DLError(.invalidModel, "\(place): reads value \(input), which does not exist")
        }
        guard known[input] else {
          throw DLError(.invalidModel, "\(place): reads \(values[input].name.quoted) before it is computed")
        }
      }
      guard node.outputs.count == 1 else {
        throw DLError(.invalidModel, "\(place): has \(node.outputs.count) outputs, expected 1")
      }
      for output in node.outputs {
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
