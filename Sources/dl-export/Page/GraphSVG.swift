import DLGraph

/// The drawing of a graph.
struct GraphSVG {
  private(set) var width = 0.0
  private(set) var height = 0.0
  /// One element <g>.
  private(set) var group = HTML()

  private let report: Report
  /// By node: the part of the whole that each takes, of time or else of multiply-adds.
  private let shares: [Double?]

  private static let rowHeight = 38.0
  private static let epilogueHeight = 20.0
  private static let footerHeight = 20.0
  private static let longestName = 30

  /// Nil if the graph is too large to draw.
  init?(_ report: Report, shares: [Double?]) {
    self.report = report
    self.shares = shares
    let drawing = GraphDrawing(report.graph)
    let sizes = drawing.boxes.map { size(of: $0) }
    guard let layout = LayeredLayout(sizes, drawing.edges.map { LayeredLayout.Edge(from: $0.from, to: $0.to) }) else {
      return nil
    }
    width = layout.width
    height = layout.height
    let most = drawing.boxes.map { share(of: $0) }.max() ?? 0
    let edges: [HTML] = layout.edges.map { edge in
      let kind = edge.isLong ? "edge long" : "edge"
      return "<path class=\"\(kind)\" data-from=\"\(edge.from)\" data-to=\"\(edge.to)\" d=\"\(edge.path)\"/>\n"
    }
    let boxes = drawing.boxes.indices.map { draw($0, drawing.boxes[$0], layout.boxes[$0], mostShare: most) }
    group = "<g id=\"graph\">\n\(edges)\(boxes)</g>\n"
  }

  // MARK: - measures

  private func size(of content: GraphDrawing.Content) -> LayeredLayout.Box {
    var width = 96.0
    var height = 0.0
    switch content {
    case .input(let value), .output(let value):
      width = max(
        width, GraphSVG.nameWidth(nameText(report.graph.values[value].name)), GraphSVG.nameWidth(shapeText(value)))
      height = 38
    case .nodes(let nodes):
      for (i, n) in nodes.enumerated() {
        let node = report.graph.nodes[n]
        let op = Double(node.op.name.utf8CodeUnitCount) * 7.4
        width = max(width, op + GraphSVG.nameWidth(report.detail(of: node)) + 12)
        let isMain = i == mainRow(nodes)
        if isMain { width = max(width, GraphSVG.nameWidth(nameText(node.name))) }
        height += isMain ? GraphSVG.rowHeight : GraphSVG.epilogueHeight
      }
      width = max(width, GraphSVG.nameWidth(outputText(nodes)) + 42)
      height += GraphSVG.footerHeight
    }
    return LayeredLayout.Box(width: width + 24, height: height)
  }

  /// Of text of fixed width; characters of Chinese and the like are twice as wide.
  private static func nameWidth(_ text: String) -> Double {
    text.unicodeScalars.reduce(0) { $0 + ($1.value >= 0x1100 ? 12.6 : 6.4) }
  }

  /// The end of a long name: its beginning is that of many.
  private func nameText(_ name: Name) -> String { shortened(visible(name)) }

  private func shortened(_ text: String) -> String {
    text.count <= GraphSVG.longestName ? text : "…" + text.suffix(GraphSVG.longestName - 1)
  }

  /// The first row that is neither what prepares weights for it nor what follows it.
  private func mainRow(_ nodes: [Int]) -> Int { nodes.firstIndex { !NodeKind.isEpilogue(report.graph.nodes[$0].op) } ?? 0 }

  private func outputText(_ nodes: [Int]) -> String {
    let outputs = report.graph.nodes[nodes[nodes.count - 1]].outputs.filter { $0 != Node.absent }
    return shapeText(outputs[0]) + (outputs.count > 1 ? " +\(outputs.count - 1)" : "")
  }

  /// "N×64×112×112".
  private func shapeText(_ value: Int) -> String {
    let type = report.graph.values[value].type
    let dims = type.dims.map { dim in
      switch dim {
      case .fixed(let size): "\(size)"
      case .symbol(let symbol): visible(report.graph.symbols[symbol])
      case .unknown: "?"
      }
    }
    let prefix = type.dtype == .f32 ? "" : "\(type.dtype.name) "
    return shortened(prefix + (dims.isEmpty ? "scalar" : dims.joined(separator: "×")))
  }

  // MARK: - drawing

  private func draw(_ index: Int, _ content: GraphDrawing.Content, _ box: LayeredLayout.Box, mostShare: Double) -> HTML {
    let place: HTML = "data-box=\"\(index)\" transform=\"translate(\(box.x - box.width / 2) \(box.y))\""
    switch content {
    case .input(let value): return terminal(value, "input", place, box)
    case .output(let value): return terminal(value, "output", place, box)
    case .nodes(let nodes):
      var rows = HTML()
      var y = 0.0
      for (i, n) in nodes.enumerated() {
        let height = i == mainRow(nodes) ? GraphSVG.rowHeight : GraphSVG.epilogueHeight
        rows += row(n, y: y, width: box.width, height: height)
        y += height
      }
      return """
        <g class="box" \(place)><rect class="card" width="\(box.width)" height="\(box.height)" rx="6"/>
        \(rows)\(footer(nodes, box, mostShare: mostShare))</g>

        """
    }
  }

  private func terminal(_ value: Int, _ kind: String, _ place: HTML, _ box: LayeredLayout.Box) -> HTML {
    """
    <g class="box \(kind)" \(place)><title>\(kind) \(report.graph.values[value].name)</title>\
    <rect class="card" width="\(box.width)" height="\(box.height)" rx="19"/>\
    <text class="title" x="\(box.width / 2)" y="16">\(nameText(report.graph.values[value].name))</text>\
    <text class="shape" x="\(box.width / 2)" y="30">\(shapeText(value))</text></g>

    """
  }

  private func row(_ n: Int, y: Double, width: Double, height: Double) -> HTML {
    let node = report.graph.nodes[n]
    let isMain = height == GraphSVG.rowHeight
    let name: HTML = isMain ? "<text class=\"name\" x=\"14\" y=\"\(y + 31)\">\(nameText(node.name))</text>" : ""
    return """
      <a class="row \(NodeKind(node.op).rawValue)" href="#node-\(n)" data-node="\(n)"><title>\(node.name): \(node.op.name)</title>\
      <rect class="hit" y="\(y)" width="\(width)" height="\(height)"/><rect class="band" y="\(y + 3)" width="4" height="\(height - 6)" rx="2"/>\
      <text class="\(isMain ? "op" : "op after")" x="14" y="\(y + (isMain ? 17 : 14))">\(node.op.name)\
      <tspan class="detail" dx="6">\(report.detail(of: node))</tspan></text>\(name)</a>

      """
  }

  /// The shape of what the box gives, and its part of the whole as a number and a bar.
  private func footer(_ nodes: [Int], _ box: LayeredLayout.Box, mostShare: Double) -> HTML {
    let share = share(of: .nodes(nodes))
    let y = box.height - 7
    let number: HTML = share >= 0.005 ? "<text class=\"share\" x=\"\(box.width - 8)\" y=\"\(y)\">\(percent(share))</text>" : ""
    let length = mostShare > 0 ? (box.width - 12) * share / mostShare : 0
    let bar: HTML =
      length >= 1 ? "<rect class=\"heat\" x=\"6\" y=\"\(box.height - 3)\" width=\"\(length)\" height=\"3\" rx=\"1.5\"/>" : ""
    return "<text class=\"shape\" x=\"14\" y=\"\(y)\">\(outputText(nodes))</text>\(number)\(bar)"
  }

  private func share(of content: GraphDrawing.Content) -> Double {
    guard case .nodes(let nodes) = content else { return 0 }
    return nodes.reduce(0) { $0 + (shares[$1] ?? 0) }
  }
}

/// "4.1 %".
func percent(_ part: Double) -> String {
  let tenths = Int((part * 1000).rounded())
  return tenths >= 100 || tenths % 10 == 0 ? "\((tenths + 5) / 10) %" : "\(tenths / 10).\(tenths % 10) %"
}

extension Report {
  /// What tells a node from others of its operation, in a few characters: "3×3 /2".
  func detail(of node: Node) -> String {
    func sizes(_ input: Int) -> [Int] {
      input < node.inputs.count && node.inputs[input] != Node.absent ? graph.values[node.inputs[input]].type.sizes ?? [] : []
    }
    func window(_ kernel: some Sequence<Int>, _ window: Window) -> [String] {
      let strides = Set(window.strides).count == 1 ? Array(window.strides.prefix(1)) : window.strides
      return [kernel.map { "\($0)" }.joined(separator: "×")]
        + (strides == [1] ? [] : ["/" + strides.map { "\($0)" }.joined(separator: "×")])
        + (window.dilations.allSatisfy { $0 == 1 } ? [] : ["dilated \(window.dilations[0])"])
    }
    switch node.op {
    case .conv(let w, let groups), .convTranspose(let w, let groups, _):
      let filters = sizes(1)
      let isDepthwise = groups > 1 && filters.count > 1 && filters[1] == 1
      return (window(filters.dropFirst(2), w) + (groups == 1 ? [] : [isDepthwise ? "depthwise" : "groups \(groups)"])).joined(
        separator: " ")
    case .maxPool(let kernel, let w), .averagePool(let kernel, let w, _), .lpPool(let kernel, let w, _),
      .maxUnpool(let kernel, let w):
      return window(kernel, w).joined(separator: " ")
    case .gemm, .batchNorm, .localResponseNorm, .instanceNorm, .layerNorm, .rmsNorm, .dropout: return ""
    default:
      let text = node.op.attributeText(limit: 16)
      return text.count <= 24 ? text : text.prefix(23) + "…"
    }
  }
}
