import DLGraph

/// Which nodes of the graph came from which operation of ONNX.
struct History {
  private var operations: [String] = []
  private var counts: [String: Int] = [:]
  /// By the names of nodes.
  private var origins: [Name: String] = [:]

  mutating func add(_ operation: String, _ nodes: ArraySlice<Node>) {
    if counts[operation] == nil { operations.append(operation) }
    counts[operation, default: 0] += 1
    // Nodes of a subgraph have said already where they are from.
    for node in nodes where origins[node.name] == nil { origins[node.name] = operation }
  }

  /// What is left in a graph.
  func conversions(in graph: Graph) -> [ImportedModel.Conversion] {
    var kinds: [String: [String]] = [:]
    var left: [String: [String: Int]] = [:]
    for node in graph.nodes {
      guard let operation = origins[node.name] else { continue }
      let kind = "\(node.op.name)"
      if left[operation]?[kind] == nil { kinds[operation, default: []].append(kind) }
      left[operation, default: [:]][kind, default: 0] += 1
    }
    return operations.map { operation in
      let results = (kinds[operation] ?? []).map { "\(left[operation]?[$0] ?? 0) \($0)" }
      return ImportedModel.Conversion(operation: operation, count: counts[operation] ?? 0, results: results)
    }
  }
}
