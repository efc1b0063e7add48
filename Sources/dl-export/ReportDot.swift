import DLGraph

extension Report {
  /// The graph for Graphviz: boxes are nodes, ovals inputs and outputs, arrows tensors with their shapes. Constants are left
  /// out.
  func dot() -> String {
    var lines = [
      "digraph \(quoted(graph.name.description)) {",
      "  node [shape=box, fontname=\"Helvetica\"]; edge [fontname=\"Helvetica\", fontsize=10];",
    ]
    /// The drawing's name for what computes a tensor.
    var source: [Int: String] = [:]
    for input in graph.inputs {
      source[input] = "tensor\(input)"
      lines.append("  tensor\(input) [shape=oval, label=\(quoted(graph.values[input].name.description))];")
    }
    for (n, node) in graph.nodes.enumerated() {
      lines.append("  node\(n) [label=\(quoted("\(node.name)\n\(node.op.name)"))];")
      for input in node.inputs { if let from = source[input] { lines.append("  \(from) -> node\(n) \(edge(input));") } }
      for output in node.outputs { source[output] = "node\(n)" }
    }
    for (i, output) in graph.outputs.enumerated() {
      lines.append("  output\(i) [shape=oval, label=\(quoted(graph.values[output].name.description))];")
      if let from = source[output] { lines.append("  \(from) -> output\(i) \(edge(output));") }
    }
    return lines.joined(separator: "\n") + "\n}"
  }

  private func edge(_ tensor: Int) -> String {
    "[label=\(quoted(describe(graph.values[tensor].type, symbols: graph.symbols).description))]"
  }
}

/// A string of the dot language; a line feed stays one.
private func quoted(_ text: String) -> String {
  var result = "\""
  for character in text.unicodeScalars {
    switch character {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    default: result.unicodeScalars.append(character)
    }
  }
  return result + "\""
}
