import DLGraph

// Graphs within the model: bodies of control flow, and functions.
extension Importer {
  /// Converts a subgraph in place, its inputs bound to values; it sees the names around it. Returns the values of its outputs.
  /// Throws `failedInside` when a node of it could not be converted, which has been noted already.
  func body(_ source: Onnx_GraphProto, _ inputs: [Int], of call: Call) throws -> [Int] {
    guard source.input.count == inputs.count else {
      throw DLError(.invalidModel, "the body '\(source.name)' takes \(source.input.count) inputs, found \(inputs.count)")
    }
    var source = source
    let names = source.output.map(\.name)
    return try within(Scope(within: scope), named: call.node) {
      define(&source)
      for (input, value) in zip(source.input, inputs) { scope.entries[input.name] = .value(value) }
      return try convert(source.node, outputs: names)
    }
  }

  /// Converts a call of one of the model's own functions in place.
  func inline(_ function: Onnx_FunctionProto, _ node: Onnx_NodeProto, _ inputs: [Int?]) throws -> [Int] {
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
      try convert(function.node, outputs: function.output)
    }
  }

  private func convert(_ nodes: [Onnx_NodeProto], outputs: [String]) throws -> [Int] {
    for index in try orderNodes(nodes, outputs: outputs) { try convert(nodes[index]) }
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

/// Says that a problem has been noted where it is.
let failedInside = DLError(.unsupported, "")
