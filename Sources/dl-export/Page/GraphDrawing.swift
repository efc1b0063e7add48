import DLGraph

/// The boxes a graph is drawn with, and the ways between them. A node and those that only work on its elements share a box.
struct GraphDrawing {
  enum Content {
    case input(Int)
    case output(Int)
    /// From top to bottom.
    case nodes([Int])
  }

  private(set) var boxes: [Content] = []
  private(set) var edges: [(from: Int, to: Int)] = []

  private static let mostRows = 12
  private let graph: Graph
  private let readers: [Int]
  private let isOutput: [Bool]
  /// The box each value comes from; nil for constants and what is computed of nothing else.
  private var source: [Int?]
  /// Nodes that compute constants for one other node, by the value they compute.
  private var preparations: [Int: [Int]] = [:]

  init(_ graph: Graph) {
    self.graph = graph
    var readers = graph.values.map { _ in 0 }
    for node in graph.nodes { for input in node.inputs where input != Node.absent { readers[input] += 1 } }
    var isOutput = graph.values.map { _ in false }
    for output in graph.outputs { isOutput[output] = true }
    (self.readers, self.isOutput) = (readers, isOutput)
    source = graph.values.map { _ in nil }
    for input in graph.inputs {
      source[input] = boxes.count
      boxes.append(.input(input))
    }
    for n in graph.nodes.indices { add(n) }
    for output in graph.outputs {
      boxes.append(.output(output))
      if let from = source[output] { edges.append((from, boxes.count - 1)) }
    }
  }

  private mutating func add(_ n: Int) {
    let node = graph.nodes[n]
    let inputs = node.inputs.filter { $0 != Node.absent }
    let computed = inputs.filter { source[$0] != nil }
    let rows = inputs.flatMap { preparations.removeValue(forKey: $0) ?? [] } + [n]
    let box: Int
    if computed.isEmpty, node.outputs.count == 1, isPrivate(node.outputs[0]) {
      preparations[node.outputs[0]] = rows
      return
    } else if computed.count == 1, NodeKind.isEpilogue(node.op), isPrivate(computed[0]), let above = source[computed[0]],
      case .nodes(let others) = boxes[above], others.count < GraphDrawing.mostRows,
      graph.nodes[others[others.count - 1]].outputs[0] == computed[0]
    {
      box = above
      boxes[box] = .nodes(others + rows)
    } else {
      box = boxes.count
      boxes.append(.nodes(rows))
      edges += Set(computed.compactMap { source[$0] }).sorted().map { ($0, box) }
    }
    for output in node.outputs where output != Node.absent { source[output] = box }
  }

  /// Whether one node alone reads a value.
  private func isPrivate(_ value: Int) -> Bool { readers[value] == 1 && !isOutput[value] }
}
