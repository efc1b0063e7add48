import DLGraph
import DLOnnx

/// What became of the nodes of a model: operations before and after, and what was left out.
func explanation(_ imported: ImportedModel, _ graph: Graph) -> String {
  var lines: [String] = []
  func bytes(_ graph: Graph) -> Int { graph.values.reduce(0) { $0 + ($1.constant?.bytes.count ?? 0) } }
  lines.append(
    "\(imported.nodeCount) nodes of ONNX (operator set \(imported.version)) became \(graph.nodes.count), "
      + "with \(bytes(graph)) bytes of constants")
  for conversion in imported.conversions {
    let result = conversion.results.isEmpty ? "nothing left to compute" : conversion.results.joined(separator: ", ")
    lines.append("  \(conversion.count) \(conversion.operation): \(result)")
  }
  if imported.unusedNodes > 0 { lines.append("  \(imported.unusedNodes) that no output depends on were left out") }
  return lines.joined(separator: "\n")
}
