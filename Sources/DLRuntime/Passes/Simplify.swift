import DLGraph

/// The passes that rewrite a graph before it is lowered. Each leaves the graph valid and its outputs unchanged.
func simplify(_ graph: inout Graph) throws(DLError) {
  removeIdentities(&graph)
  try foldBatchNorm(&graph)
  removeDeadNodes(&graph)
}

/// How many nodes and graph outputs read each value.
func countUses(_ graph: Graph) -> [Int] {
  var uses = Array(repeating: 0, count: graph.values.count)
  for node in graph.nodes { for input in node.inputs where input != Node.absent { uses[input] += 1 } }
  for output in graph.outputs { uses[output] += 1 }
  return uses
}

/// Dropout and identity do nothing at inference: their readers read their input. A graph output keeps its own value.
private func removeIdentities(_ graph: inout Graph) {
  var source = Array(graph.values.indices)
  var isOutput = graph.values.map { _ in false }
  for output in graph.outputs { isOutput[output] = true }
  var kept: [Node] = []
  for var node in graph.nodes {
    node.inputs = node.inputs.map { $0 == Node.absent ? $0 : source[$0] }
    switch node.op {
    case .dropout, .activation(.identity):
      if !isOutput[node.outputs[0]] {
        source[node.outputs[0]] = node.inputs[0]
        continue
      }
    default: break
    }
    kept.append(node)
  }
  graph.nodes = kept
}

private func removeDeadNodes(_ graph: inout Graph) {
  var live = Array(repeating: false, count: graph.values.count)
  for output in graph.outputs { live[output] = true }
  var kept: [Node] = []
  for node in graph.nodes.reversed() where node.outputs.contains(where: { $0 != Node.absent && live[$0] }) {
    for input in node.inputs where input != Node.absent { live[input] = true }
    kept.append(node)
  }
  graph.nodes = kept.reversed()
}
