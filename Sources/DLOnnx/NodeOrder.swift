import DLGraph

/// The nodes that `outputs` depend on, in an order in which each value is computed before it is read, the given order where
/// it allows. Values nobody computes are left to be found missing by their readers.
/// Throws invalidModel if nodes depend on each other in a circle, or two compute the same value.
func orderNodes(_ nodes: [Onnx_NodeProto], outputs: [String]) throws -> [Int] {
  var producers: [String: Int] = [:]
  for (index, node) in nodes.enumerated() {
    for output in node.output where !output.isEmpty {
      if producers.updateValue(index, forKey: output) != nil {
        throw DLError(.invalidModel, "more than one node computes '\(output)'")
      }
    }
  }
  let readers = nodes.map { node in node.allInputs.compactMap { producers[$0] } }

  // What the outputs need, found with a stack of its own: chains may be longer than the thread's stack is deep.
  var needed = [Bool](repeating: false, count: nodes.count)
  var stack = outputs.compactMap { producers[$0] }
  while let index = stack.popLast() {
    if needed[index] { continue }
    needed[index] = true
    stack += readers[index]
  }

  // Kahn 1962, with the lowest node that is ready first when the file is in order, which is the rule.
  var waiting = [Int](repeating: 0, count: nodes.count)
  var consumers = [[Int]](repeating: [], count: nodes.count)
  for index in nodes.indices where needed[index] {
    for producer in readers[index] {
      waiting[index] += 1
      consumers[producer].append(index)
    }
  }
  var order: [Int] = []
  var done = [Bool](repeating: false, count: nodes.count)
  for start in nodes.indices where needed[start] && waiting[start] == 0 && !done[start] {
    stack = [start]
    while let index = stack.popLast() {
      done[index] = true
      order.append(index)
      for consumer in consumers[index].reversed() {
        waiting[consumer] -= 1
        // A later node has its turn in the loop outside.
        if waiting[consumer] == 0, consumer < start { stack.append(consumer) }
      }
    }
  }
  if let stuck = nodes.indices.first(where: { needed[$0] && !done[$0] }) {
    throw DLError(.invalidModel, "nodes depend on each other in a circle, one of them is '\(nodes[stuck].label)'")
  }
  return order
}

extension Onnx_NodeProto {
  /// The values it reads, those its subgraphs capture among them.
  var allInputs: [String] {
    var names = input.filter { !$0.isEmpty }
    for attribute in attribute {
      if attribute.hasG { names += attribute.g.captured }
      for graph in attribute.graphs { names += graph.captured }
    }
    return names
  }

  /// Its name, or that of an output.
  var label: String { name.isEmpty ? output.first { !$0.isEmpty } ?? "" : name }
}

extension Onnx_GraphProto {
  /// Names that its nodes read and it does not define.
  fileprivate var captured: [String] {
    var defined = Set(input.map(\.name))
    defined.formUnion(initializer.map(\.name))
    for node in node { defined.formUnion(node.output) }
    let read = node.flatMap(\.allInputs) + output.map(\.name)
    return read.filter { !defined.contains($0) }
  }
}
