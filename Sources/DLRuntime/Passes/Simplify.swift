import DLGraph

/// Rewrites a graph before it is lowered: computes what is constant, drops what does nothing, and joins operations that a kernel
/// does at once. The graph's inputs and the meaning of its outputs stay; an output may become an input, a constant or another
/// output.
func simplify(_ graph: inout Graph) throws(DLError) {
  nameUnknownSizes(&graph)
  var budget = foldingBudget(graph)
  // Each sweep sees the operations before a node in their final form, and how often a value is read as the sweep before left it.
  for _ in 0..<3 {
    var rewriter = Rewriter(graph, budget: budget)
    try rewriter.sweep()
    graph = rewriter.finished()
    budget = rewriter.budget
    removeDeadNodes(&graph)
    if !rewriter.changed { break }
  }
}

/// How many nodes and graph outputs read each value.
func countUses(_ graph: Graph) -> [Int] {
  var uses = Array(repeating: 0, count: graph.values.count)
  for node in graph.nodes { for input in node.inputs where input != Node.absent { uses[input] += 1 } }
  for output in graph.outputs { uses[output] += 1 }
  return uses
}

func removeDeadNodes(_ graph: inout Graph) {
  var live = Array(repeating: false, count: graph.values.count)
  for output in graph.outputs { live[output] = true }
  var kept: [Node] = []
  for node in graph.nodes.reversed() where node.outputs.contains(where: { $0 != Node.absent && live[$0] }) {
    for input in node.inputs where input != Node.absent { live[input] = true }
    kept.append(node)
  }
  graph.nodes = kept.reversed()
}

/// Gives every size that is unknown before a run a symbol of its own. Shape inference hands symbols on, so that the passes see
/// which values have the same sizes whatever those will be.
private func nameUnknownSizes(_ graph: inout Graph) {
  for node in graph.nodes {
    guard
      let facts = try? inferFacts(of: node.op, node.inputs.map { graph.fact($0) }, outputs: node.outputs.count)
    else { continue }
    for (output, fact) in zip(node.outputs, facts) where output != Node.absent {
      graph.values[output].type.dims = fact.type.dims.map { dim in
        if dim != .unknown { return dim }
        graph.symbols.append("")
        return .symbol(graph.symbols.count - 1)
      }
      graph.values[output].elements = fact.elements
    }
  }
}
