import DLGraph

/// Finds the nodes of a graph that parts of a plan or profile, which know names and operations only, come from.
struct NodeFinder {
  private struct Key: Hashable {
    var name: Name
    var op: String
  }

  private let nodes: [Key: [Int]]

  init(_ graph: Graph) {
    nodes = Dictionary(grouping: graph.nodes.indices) { NodeFinder.key(graph.nodes[$0]) }
  }

  private static func key(_ node: Node) -> Key { Key(name: node.name, op: "\(node.op.name)") }

  /// Whether no other node has its name and operation.
  func isAlone(_ node: Node) -> Bool { nodes[NodeFinder.key(node)]?.count == 1 }

  /// The parts of each node. Of several nodes with one name each has its own part, in order; if there are not as many, none has.
  func match<Part>(_ parts: [(name: Name, op: String, part: Part)]) -> [Int: [Part]] {
    var found: [Int: [Part]] = [:]
    for (key, group) in Dictionary(grouping: parts, by: { Key(name: $0.name, op: $0.op) }) {
      guard let indices = nodes[key] else { continue }
      if indices.count == 1 {
        found[indices[0]] = group.map(\.part)
      } else if indices.count == group.count {
        for (n, part) in zip(indices, group) { found[n] = [part.part] }
      }
    }
    return found
  }
}
