import DLGraph

/// A graph within the model that is converted once, or again and again: what is the same each time is found once.
struct Body {
  fileprivate let name: String
  fileprivate let inputs: [String]
  let outputs: [String]
  /// In an order in which each value is computed before it is read.
  fileprivate let nodes: [Onnx_NodeProto]
  fileprivate let constants: Scope
}

// Graphs within the model: bodies of control flow, and functions.
extension Importer {
  /// A subgraph that sees the names around it. Throws as `orderNodes`.
  func body(_ source: Onnx_GraphProto) throws -> Body {
    try take(nodes: source.nodeCount)
    let constants = Scope(within: scope)
    constants.define(source)
    let outputs = source.output.map(\.name)
    return Body(
      name: source.name, inputs: source.input.map(\.name), outputs: outputs,
      nodes: try orderNodes(source.node, outputs: outputs).map { source.node[$0] }, constants: constants)
  }

  /// Converts a subgraph in place, its inputs bound to values. Returns the values of its outputs.
  /// Throws `failedInside` when a node of it could not be converted, which has been noted already.
  func convert(_ body: Body, _ inputs: [Int], of call: Call) throws -> [Int] {
    guard body.inputs.count == inputs.count else {
      throw DLError(.invalidModel, "the body '\(body.name)' takes \(body.inputs.count) inputs, found \(inputs.count)")
    }
    try take(nodes: 1)
    let inner = Scope(within: body.constants)
    for (name, value) in zip(body.inputs, inputs) { inner.entries[name] = .value(value) }
    return try within(inner, named: call.node) { try convert(body.nodes, outputs: body.outputs) }
  }

  /// Converts a call of one of the model's own functions in place.
  func inline(_ function: Onnx_FunctionProto, _ node: Onnx_NodeProto, _ inputs: [Int?]) throws -> [Int] {
    try take(nodes: function.node.nodeCount)
    let inner = Scope()
    for (index, name) in function.input.enumerated() {
      let value = index < inputs.count ? inputs[index] : nil
      inner.entries[name] = value.map { .value($0) } ?? .absent
    }
    var attributes: [String: Onnx_AttributeProto] = [:]
    for attribute in function.attributeProto + node.attribute { attributes[attribute.name] = attribute }
    let outer = (self.attributes, versions)
    self.attributes = attributes
    for set in function.opsetImport { versions[domain(set.domain)] = Int(set.version) }
    defer { (self.attributes, versions) = outer }
    return try within(inner, named: node) {
      let order = try orderNodes(function.node, outputs: function.output)
      return try convert(order.map { function.node[$0] }, outputs: function.output)
    }
  }

  private func convert(_ nodes: [Onnx_NodeProto], outputs: [String]) throws -> [Int] {
    for node in nodes { try convert(node) }
    var values: [Int] = []
    for name in outputs {
      guard let value = try value(name) else { throw failedInside }
      values.append(value)
    }
    return values
  }

  private func within<T>(_ inner: Scope, named node: Onnx_NodeProto, _ body: () throws -> T) throws -> T {
    guard depth < 64 else { throw DLError(.unsupported, "graphs and functions nested more than 64 deep") }
    let outer = (scope, path)
    scope = inner
    path += node.label + "/"
    depth += 1
    defer {
      (scope, path) = outer
      depth -= 1
    }
    return try body()
  }
}

extension Onnx_GraphProto {
  /// With those of graphs within, and one for itself.
  fileprivate var nodeCount: Int { 1 + initializer.count + node.nodeCount }
}

extension [Onnx_NodeProto] {
  fileprivate var nodeCount: Int {
    reduce(count) { sum, node in
      node.attribute.reduce(sum) { $1.graphs.reduce($1.hasG ? $0 + $1.g.nodeCount : $0) { $0 + $1.nodeCount } }
    }
  }
}

/// Says that a problem has been noted where it is.
let failedInside = DLError(.unsupported, "")
