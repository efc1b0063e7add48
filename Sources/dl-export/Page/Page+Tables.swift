import DLGraph
import DLRuntime

/// What is below the drawing.
extension Page {
  var nodeTable: HTML {
    let most = nanoseconds.values.max() ?? 0
    let mostMacs = Double(report.costs.reduce(0) { max($0, $1?.macs ?? 0) })
    let rows: [HTML] = graph.nodes.enumerated().map { n, node in
      let (macs, bytes) = (report.costs[n]?.macs, report.costs[n]?.bytes)
      let time: HTML =
        times == nil
        ? "" : gauge(nanoseconds[n].map { (duration($0), $0) } ?? ("", -1), part: most > 0 ? (nanoseconds[n] ?? 0) / most : 0)
      return """
        <tr><td><a href="#node-\(n)">\(node.name.isEmpty ? "node \(n)" : visible(node.name))</a></td>\
        <td><span class="chip \(NodeKind(node.op).rawValue)">\(node.op.name)</span></td><td class="mono">\(node.op.attributeText(limit: 60))</td>\
        <td class="mono nowrap">\(report.typeText(graph.values[node.outputs[0]].type))</td>\
        <td class="n" data-value="\(report.parameterCount(of: node))">\(grouped(report.parameterCount(of: node)))</td>\
        \(gauge((macs.map(grouped) ?? "?", Double(macs ?? -1)), part: mostMacs > 0 ? Double(macs ?? 0) / mostMacs : 0))\
        <td class="n" data-value="\(bytes ?? -1)">\(bytes.map(grouped) ?? "?")</td>\(time)</tr>

        """
    }
    let time: HTML = times == nil ? "" : "<th class=\"n\">time</th>"
    return """
      <h2>Nodes</h2>
      <div class="table panel"><table class="sortable"><thead><tr><th>node</th><th>operation</th><th>attributes</th><th>output</th>\
      <th class="n">parameters</th><th class="n">MACs</th><th class="n">bytes moved</th>\(time)</tr></thead><tbody>
      \(rows)</tbody></table></div>

      """
  }

  private func gauge(_ value: (text: String, number: Double), part: Double) -> HTML {
    "<td class=\"n gauge\" data-value=\"\(value.number)\" style=\"--part: \(part * 100)\"><span>\(value.text)</span></td>"
  }

  /// Of so few elements all are shown.
  static let fewElements = 8

  var weights: HTML {
    let figures: [HTML] = graph.values.enumerated().compactMap { v, value in value.constant.map { figure(v, value.name, $0) } }
    return figures.isEmpty ? "" : "<h2>Constants</h2>\n<section class=\"weights\">\n\(figures)</section>\n"
  }

  private func figure(_ v: Int, _ name: Name, _ constant: Constant) -> HTML {
    let caption: HTML = "<figcaption>\(name) <span class=\"mono muted\">\(report.typeText(constant.type))</span></figcaption>"
    if constant.count <= Page.fewElements {
      return
        "<figure class=\"panel\" id=\"constant-\(v)\">\(caption)<code>\(constant.elementTexts.joined(separator: ", "))</code></figure>\n"
    }
    let bins = 48
    let found = Statistics(constant, bins: bins)
    let most = Double(max(found.histogram.max() ?? 0, 1))
    let bars: [HTML] = found.histogram.enumerated().filter { $0.element > 0 }.map { i, count in
      "M\(2 * i) 30v\(-max(30 * Double(count) / most, 0.4))h1.7V30z"
    }
    let zeros = found.zeros > 0 ? ", \(percent(Double(found.zeros) / Double(found.count))) zeros" : ""
    let warning: HTML = found.notFinite > 0 ? "<div class=\"warn\">\(grouped(found.notFinite)) not finite</div>" : ""
    return """
      <figure class="panel" id="constant-\(v)">\(caption)<svg class="bins" viewBox="0 0 96 30" preserveAspectRatio="none" role="img" \
      aria-label="histogram"><path class="bars" id="bins-\(v)" d="\(bars)"/></svg>\
      <div class="ends"><span>\(brief(found.minimum))</span><span>\(brief(found.maximum))</span>\
      <span class="mean">mean \(brief(found.mean)) ± \(brief(found.deviation))\(zeros)</span></div>\(warning)</figure>

      """
  }

  var planTables: HTML {
    var text: HTML = "<h2>Plan</h2>\n"
    for (i, stage) in (plan?.stages ?? []).enumerated() {
      if plan?.stages.count ?? 0 > 1 { text += "<h4>\(Report.title(ofStage: i))</h4>" }
      let rows: [HTML] = stage.nodes.map { node in
        """
        <tr><td>\(node.name)</td><td>\(node.op)</td><td>\(node.kernelText)</td><td>\(node.layoutText)</td>\
        <td class="mono nowrap">\(describe(node.type).description)</td><td class="n">\(node.placeText)</td><td class="n">\(grouped(node.bytes))</td></tr>

        """
      }
      text += """
        <p class="muted">Arena of \(grouped(stage.arenaBytes)) bytes; the values that live at once take \(grouped(stage.liveBytes)), which no arena \
        can be smaller than.</p>
        <div class="table panel"><table><thead><tr><th>node</th><th>operation</th><th>kernel</th><th>layout</th><th>output</th>\
        <th class="n">offset in the arena</th><th class="n">bytes moved</th></tr></thead><tbody>
        \(rows)</tbody></table></div>

        """
    }
    if let plan { text += "<p class=\"muted\">Weights made ready for the kernels: \(grouped(plan.packedBytes)) bytes.</p>\n" }
    if let planFailure {
      text += "<p class=\"muted\">\(plan == nil ? "There is no plan" : "The plan is not whole"): \(planFailure)</p>\n"
    }
    return text
  }
}
