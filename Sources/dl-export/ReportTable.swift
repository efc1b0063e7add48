import DLGraph

extension Report {
  /// The report as aligned text, at most as wide as its content asks for.
  func table() -> String {
    var lines = [graph.name.isEmpty ? "model" : visible(graph.name), ""]
    for input in graph.inputs { lines.append("input   " + tensor(input)) }
    for output in graph.outputs { lines.append("output  " + tensor(output)) }
    lines.append("")
    lines += nodeLines()
    lines.append("")
    lines.append(
      "\(grouped(parameterCount)) parameters in \(grouped(weightBytes)) bytes, file of \(grouped(byteCount)) bytes")
    if let note = sizeNote { lines.append(note) }
    if !graph.metadata.isEmpty {
      lines += ["", "metadata"]
      let width = graph.metadata.map { visible($0.key).count }.max() ?? 0
      for (key, value) in graph.metadata {
        lines.append("  " + pad(visible(key), width) + "  " + value.text(limit: 80, quoting: visible))
      }
    }
    return lines.joined(separator: "\n")
  }

  private func tensor(_ index: Int) -> String {
    let value = graph.values[index]
    return "\(visible(value.name))  \(typeText(value.type))"
  }

  func typeText(_ type: TensorType) -> String { visible(Name(utf8: describe(type, symbols: graph.symbols).utf8)) }

  private func nodeLines() -> [String] {
    var rows = [["node", "op", "attributes", "output", "parameters", "MACs", "bytes"]]
    for (node, cost) in zip(graph.nodes, costs) {
      rows.append([
        visible(node.name), "\(node.op.name)", node.op.attributeText(limit: 40),
        typeText(graph.values[node.outputs[0]].type),
        grouped(parameterCount(of: node)),
        cost.map { grouped($0.macs) } ?? "?", cost.map { grouped($0.bytes) } ?? "?",
      ])
    }
    rows.append([
      "total", "", "", "", grouped(parameterCount), macs.map(grouped) ?? "?", bytes.map(grouped) ?? "?",
    ])
    return aligned(rows, left: 4)
  }

  /// What the columns MACs and bytes assume.
  var sizeNote: String? {
    let known = zip(graph.symbols, sizes).compactMap { name, size in size.map { "\(visible(name)) = \($0)" } }
    return known.isEmpty ? nil : "MACs and bytes for " + known.joined(separator: ", ")
  }
}

/// A name that cannot disturb the terminal: control characters as U+FFFD.
func visible(_ name: Name) -> String {
  var text = ""
  for scalar in name.description.unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: text += "\u{FFFD}"
    default: text.unicodeScalars.append(scalar)
    }
  }
  return text
}

/// "61,706".
func grouped(_ n: Int) -> String {
  var text = ""
  for (i, digit) in String(n).reversed().enumerated() { text = (i > 0 && i % 3 == 0 ? "\(digit)," : "\(digit)") + text }
  return text
}

private func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
private func padLeft(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }

/// Columns of equal width, the first `left` aligned to the left; rules under the first row and over the last.
func aligned(_ rows: [[String]], left: Int) -> [String] {
  let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
  var lines = rows.map { row in
    row.enumerated().map { column, text in column < left ? pad(text, widths[column]) : padLeft(text, widths[column]) }
      .joined(separator: "  ")
  }
  let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
  lines.insert(rule, at: 1)
  lines.insert(rule, at: lines.count - 1)
  return lines
}
