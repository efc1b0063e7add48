import DLGraph

/// The drawing, and beside it what is known of the model or of the node that is selected.
extension Page {
  /// By node: its part of the time, or else of the multiply-adds.
  private var shares: [Double?] {
    if let total = times?.nanoseconds, total > 0 { return graph.nodes.indices.map { (nanoseconds[$0] ?? 0) / total } }
    guard let macs = report.macs, macs > 0 else { return graph.nodes.map { _ in nil } }
    return report.costs.map { $0.map { Double($0.macs) / Double(macs) } }
  }

  var work: HTML {
    let drawing = GraphSVG(report, shares: shares)
    let articles = graph.nodes.indices.map { article($0) }
    let side: HTML = "<aside class=\"side panel\">\n\(overview)\(articles)</aside>"
    guard let drawing else {
      return
        "<h2>Graph</h2>\n<p class=\"muted\">The graph is too large to draw.</p>\n<section class=\"work\" style=\"--drawing: 0; --tall: 800px\">\(side)</section>\n"
    }
    let measure = times == nil ? "multiply-adds" : "time"
    return """
      <h2>Graph</h2>
      <section class="work" style="--drawing: \(max(drawing.width + 2 * (24 + min(0.18 * drawing.width, 110)), 430))px; --tall: \(max(drawing.height + 60, 460))px">
      <div class="view panel"><div class="bar"><button id="farther" title="smaller">−</button><button id="nearer" title="larger">+</button>\
      <button id="actual">100 %</button><button id="whole">all</button>\
      <input id="search" type="search" placeholder="find a node" aria-label="find a node">\
      <span class="muted">%: part of the \(measure)</span></div>
      <div class="stage"><div id="canvas" tabindex="0"><svg id="drawing" width="\(drawing.width)" height="\(drawing.height)" \
      viewBox="0 0 \(drawing.width) \(drawing.height)">
      <defs><marker id="tip" viewBox="0 0 8 8" refX="6.5" refY="4" markerWidth="6.5" markerHeight="6.5" orient="auto">\
      <path d="M0 .8 7 4 0 7.2z"/></marker></defs>
      \(drawing.group)</svg></div>
      <svg id="map" style="display: none" viewBox="0 0 \(drawing.width) \(drawing.height)" aria-hidden="true"><use href="#graph"/><rect class="view-box"/></svg>
      </div></div>
      \(side)
      </section>

      """
  }

  private var overview: HTML {
    func row(_ kind: String, _ value: Int) -> HTML {
      "<tr><td>\(kind)</td><td>\(graph.values[value].name)</td><td class=\"mono\">\(report.typeText(graph.values[value].type))</td></tr>"
    }
    let interface = graph.inputs.map { row("input", $0) } + graph.outputs.map { row("output", $0) }
    let metadata: [HTML] = graph.metadata.map { "<dt>\($0.key)</dt><dd>\($0.value.text(limit: 400))</dd>" }
    return """
      <article id="overview"><h3>Inputs and outputs</h3><table>\(interface)</table>
      <h4>Metadata</h4><dl class="facts">\(metadata)</dl>
      <h4>By operation</h4>\(operationTable)</article>

      """
  }

  private var operationTable: HTML {
    var rows: [(op: String, kind: NodeKind, count: Int, parameters: Int, macs: Int?, time: Double)] = []
    for (n, node) in graph.nodes.enumerated() {
      let name = "\(node.op.name)"
      let i = rows.firstIndex { $0.op == name } ?? rows.count
      if i == rows.count { rows.append((name, NodeKind(node.op), 0, 0, 0, 0)) }
      rows[i].count += 1
      rows[i].parameters += report.parameterCount(of: node)
      if let sum = rows[i].macs, let cost = report.costs[n] {
        let (macs, overflow) = sum.addingReportingOverflow(cost.macs)
        rows[i].macs = overflow ? nil : macs
      } else {
        rows[i].macs = nil
      }
    }
    for (_, entry) in times?.entries ?? [] {
      let name = "\(entry.op)"
      let i = rows.firstIndex { $0.op == name } ?? rows.count
      if i == rows.count { rows.append((name, .movement, 0, 0, 0, 0)) }
      rows[i].time += Double(entry.nanoseconds)
    }
    rows.sort { ($0.time, $0.macs ?? 0, $0.count) > ($1.time, $1.macs ?? 0, $1.count) }
    let body: [HTML] = rows.map { row in
      let time: HTML = times == nil ? "" : "<td class=\"n\">\(row.time > 0 ? duration(row.time) : "")</td>"
      return """
        <tr><td><span class="chip \(row.kind.rawValue)">\(row.op)</span></td><td class="n">\(row.count == 0 ? "added" : "\(row.count)")</td>\
        <td class="n">\(row.parameters == 0 ? "" : short(row.parameters))</td><td class="n">\(row.macs.map { $0 == 0 ? "" : short($0) } ?? "?")</td>\(time)</tr>
        """
    }
    let time: HTML = times == nil ? "" : "<th class=\"n\">time</th>"
    return """
      <table><thead><tr><th>operation</th><th class="n">nodes</th><th class="n">parameters</th><th class="n">MACs</th>\(time)</tr></thead><tbody>\(body)</tbody></table>
      """
  }

  /// All that is known of a node.
  private func article(_ n: Int) -> HTML {
    let node = graph.nodes[n]
    var facts: [HTML] = node.op.attributeFields(limit: 200).map { "<dt>\($0.name)</dt><dd class=\"mono\">\($0.value)</dd>" }
    facts.append("<dt>parameters</dt><dd>\(grouped(report.parameterCount(of: node)))</dd>")
    if let cost = report.costs[n] {
      facts.append("<dt>multiply-adds</dt><dd>\(grouped(cost.macs))</dd><dt>bytes moved</dt><dd>\(grouped(cost.bytes))</dd>")
    }
    if let planned = planned[n] {
      facts.append(
        "<dt>kernel</dt><dd>\(planned.kernelText)</dd><dt>layout</dt><dd>\(planned.layoutText)</dd><dt>offset in the arena</dt><dd>\(planned.placeText)</dd>"
      )
    } else if plan != nil, finder.isAlone(node) {
      facts.append(
        "<dt>kernel</dt><dd>none of its own: it is computed as part of another node, or there is nothing to compute</dd>")
    }
    if let time = nanoseconds[n], let times {
      let macs = Double(report.costs[n]?.macs ?? 0)
      let speed = macs > 0 && time > 0 ? ", \(brief(2 * macs / time)) GFLOP/s" : ""
      facts.append("<dt>time</dt><dd>\(duration(time)), \(percent(time / max(times.nanoseconds, 1)))\(speed)</dd>")
    }
    let inputs = node.inputs.filter { $0 != Node.absent }
    let outputs = node.outputs.filter { $0 != Node.absent }
    return """
      <article class="node" id="node-\(n)"><a class="back" href="#overview">overview</a>\
      <div class="title"><span class="chip \(NodeKind(node.op).rawValue)">\(node.op.name)</span><h3>\(node.name)</h3></div>
      <dl class="facts">\(facts)</dl>
      <h4>Inputs</h4>\(inputs.map { tensor($0) })
      <h4>Outputs</h4>\(outputs.map { tensor($0) })</article>

      """
  }

  private func tensor(_ value: Int) -> HTML {
    let line: HTML = "\(graph.values[value].name) <span class=\"mono muted\">\(report.typeText(graph.values[value].type))</span>"
    guard let constant = graph.values[value].constant else { return "<div>\(line)</div>" }
    let bins: HTML =
      constant.count > Page.fewElements
      ? "<svg class=\"bins\" viewBox=\"0 0 96 30\" preserveAspectRatio=\"none\"><use href=\"#bins-\(value)\"/></svg>" : ""
    return "<div><a href=\"#constant-\(value)\">\(line)</a>\(bins)</div>"
  }
}
