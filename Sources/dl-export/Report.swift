import DLGraph

/// What the three forms of `inspect` show.
struct Report {
  let graph: Graph
  /// Bytes of the file.
  let byteCount: Int
  /// The sizes that costs were counted with, by symbol; nil where none is known.
  let sizes: [Int?]
  /// By node; nil where it depends on a free size.
  let costs: [Cost?]

  init(_ graph: Graph, byteCount: Int, sizes given: [FreeSize]) throws(DLError) {
    self.graph = graph
    self.byteCount = byteCount
    var sizes: [Int?] = graph.symbols.map { _ in nil }
    for input in graph.inputs {
      if case .symbol(let batch) = graph.values[input].type.dims.first { sizes[batch] = 1 }
    }
    // A network need not take a batch of 1: without it, and without --size, costs that depend on the batch stay unknown.
    if given.isEmpty, (try? graph.fixing(sizes)) == nil { sizes = graph.symbols.map { _ in nil } }
    for free in given {
      guard let symbol = graph.symbols.firstIndex(of: free.name) else {
        throw DLError(.notFound, "there is no free dimension \(free.name.quoted); there are: \(list(graph.symbols))")
      }
      sizes[symbol] = free.size
    }
    self.sizes = sizes
    let fixed = try graph.fixing(sizes)
    costs = fixed.nodes.map { fixed.cost(of: $0) }
  }

  /// Elements of all constants; one that several nodes read counts once.
  var parameterCount: Int { graph.values.reduce(0) { $0 + ($1.constant?.count ?? 0) } }
  var weightBytes: Int { graph.values.reduce(0) { $0 + ($1.constant?.bytes.count ?? 0) } }

  /// Elements of a node's constant inputs.
  func parameterCount(of node: Node) -> Int {
    node.inputs.reduce(0) { $0 + ($1 == Node.absent ? 0 : graph.values[$1].constant?.count ?? 0) }
  }

  /// Sums over nodes, or nil when one of them is not known or they do not fit.
  var macs: Int? { sum { $0.macs } }
  var bytes: Int? { sum { $0.bytes } }

  private func sum(_ field: (Cost) -> Int) -> Int? {
    var total = 0
    for cost in costs {
      guard let cost else { return nil }
      let (next, overflow) = total.addingReportingOverflow(field(cost))
      if overflow { return nil }
      total = next
    }
    return total
  }
}

private func list(_ names: [Name]) -> String {
  names.isEmpty ? "none" : names.map { $0.description }.joined(separator: ", ")
}
