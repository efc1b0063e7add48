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
      for (key, value) in graph.metadata { lines.append("  " + pad(visible(key), width) + "  " + describe(value, limit: 80)) }
    }
    return lines.joined(separator: "\n")
  }

  private func tensor(_ index: Int) -> String {
    let value = graph.values[index]
    return "\(visible(value.name))  \(DLGraph.describe(value.type, symbols: graph.symbols))"
  }

  private func nodeLines() -> [String] {
    var rows = [["node", "op", "attributes", "output", "parameters", "MACs", "bytes"]]
    for (node, cost) in zip(graph.nodes, costs) {
      rows.append([
        visible(node.name), "\(node.op.name)", attributes(node.op),
        DLGraph.describe(graph.values[node.outputs[0]].type, symbols: graph.symbols).description,
        grouped(parameterCount(of: node)),
        cost.map { grouped($0.macs) } ?? "?", cost.map { grouped($0.bytes) } ?? "?",
      ])
    }
    rows.append([
      "total", "", "", "", grouped(parameterCount), macs.map(grouped) ?? "?", bytes.map(grouped) ?? "?",
    ])
    return aligned(rows, left: 4)
  }

  /// Without the attributes that change nothing, which the JSON has too.
  private func attributes(_ op: Op) -> String {
    op.attributes.filter { !isNeutral("\($0.name)", $0.value) }
      .map { "\($0.name)=\(describe($0.value, limit: 40))" }.joined(separator: " ")
  }

  private func isNeutral(_ name: String, _ value: MetadataValue) -> Bool {
    let neutral: Int64
    switch name {
    case "strides", "dilations", "groups": neutral = 1
    case "pad_begin", "pad_end", "count_padding", "transpose_a", "transpose_b": neutral = 0
    default: return false
    }
    switch value {
    case .integer(let n): return n == neutral
    case .integers(let list): return list.allSatisfy { $0 == neutral }
    default: return false
    }
  }

  /// What the columns MACs and bytes assume.
  private var sizeNote: String? {
    let known = zip(graph.symbols, sizes).compactMap { name, size in size.map { "\(visible(name)) = \($0)" } }
    return known.isEmpty ? nil : "MACs and bytes for " + known.joined(separator: ", ")
  }
}

/// A value on one line; of long lists the beginning and the length.
private func describe(_ value: MetadataValue, limit: Int) -> String {
  let parts: [String]
  switch value {
  case .text(let text): return visible(text)
  case .integer(let n): return "\(n)"
  case .real(let x): return "\(Float(x))"
  case .integers(let list): parts = list.map { "\($0)" }
  case .reals(let list): parts = list.map { "\(Float($0))" }
  case .texts(let list): parts = list.map { visible($0) }
  }
  var text = "["
  for (i, part) in parts.enumerated() {
    if text.count + part.count > limit { return text + (i == 0 ? "" : ", ") + "…] (\(parts.count))" }
    text += (i == 0 ? "" : ", ") + part
  }
  return text + "]"
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
