import DLGraph
import DLRuntime
import Foundation

/// A report as one page of HTML that needs nothing else: the drawing, its style and its script are inside.
struct Page {
  let report: Report
  let version: String
  /// What a run does on this machine, if the sizes for one are known.
  let plan: PlanDescription?
  /// Why there is no plan, or not all of it.
  let planFailure: String?
  let times: NodeTimes?

  var graph: Graph { report.graph }
  /// The only node of each name, by name.
  private let nodes: [Name: Int]
  let planned: [Int: PlannedNode]
  /// Nanoseconds of a run, by node.
  let nanoseconds: [Int: Double]

  init(_ report: Report, version: String, plan: PlanDescription?, planFailure: String?, times: NodeTimes?) {
    self.report = report
    self.version = version
    self.plan = plan
    self.planFailure = planFailure
    self.times = times
    let graph = report.graph
    nodes = Dictionary(graph.nodes.enumerated().map { ($1.name, $0) }) { _, _ in -1 }.filter { $0.value >= 0 }
    var planned: [Int: PlannedNode] = [:]
    for stage in plan?.stages ?? [] {
      for node in stage.nodes {
        guard let n = nodes[node.name], "\(graph.nodes[n].op.name)" == "\(node.op)" else { continue }
        planned[n] = node
      }
    }
    var nanoseconds: [Int: Double] = [:]
    for (name, entry) in times?.entries ?? [] {
      guard let n = nodes[name], "\(graph.nodes[n].op.name)" == "\(entry.op)" else { continue }
      nanoseconds[n, default: 0] += Double(entry.nanoseconds)
    }
    self.planned = planned
    self.nanoseconds = nanoseconds
  }

  var title: String { graph.name.isEmpty ? "model" : visible(graph.name) }

  func html() -> HTML {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
    <title>\(title)</title>
    <style>
    \(PageStyle.css)
    </style>
    </head>
    <body>
    <main>
    \(header)\(strips)\(work)\(nodeTable)\(weights)\(planTables)</main>
    <script>
    \(PageStyle.script)
    </script>
    </body>
    </html>

    """
  }

  // MARK: - above the drawing

  private var header: HTML {
    var note = "format \(version), file of \(grouped(report.byteCount)) bytes"
    if case .text(let description) = graph.metadata("description") { note = "\(visible(description)) · \(note)" }
    if let sizes = report.sizeNote { note += " · \(sizes)" }
    var figures: [HTML] = [
      figure("parameters", short(report.parameterCount), grouped(report.parameterCount)),
      figure("bytes of weights", short(report.weightBytes), grouped(report.weightBytes)),
      figure("multiply-adds (MACs)", report.macs.map(short) ?? "?", report.macs.map(grouped) ?? "depends on free sizes"),
      figure("nodes", grouped(graph.nodes.count), "\(graph.values.count { $0.constant != nil }) constants"),
    ]
    if let plan {
      let (arena, live) = plan.stages.reduce((0, 0)) { ($0.0 + $1.arenaBytes, $0.1 + $1.liveBytes) }
      figures.append(figure("bytes of tensors in a run", short(arena), "lower bound \(grouped(live))"))
    }
    if let times {
      let name = "time of a run, \(times.threads) thread\(times.threads == 1 ? "" : "s")"
      figures.append(figure(name, duration(Double(times.nanoseconds)), "median of \(times.runs) runs"))
    }
    return """
      <header><h1>\(title)</h1><p class="sub">\(note)</p></header>
      <dl class="figures">\(figures)</dl>

      """
  }

  private func figure(_ name: String, _ value: String, _ note: String) -> HTML {
    "<div class=\"panel\"><dt>\(name)</dt><dd>\(value)<small>\(note)</small></dd></div>"
  }

  /// Where parameters, multiply-adds and time are, from the first node to the last.
  private var strips: HTML {
    var rows: [HTML] = []
    func add(_ title: String, _ part: (Int) -> Double) {
      let parts = graph.nodes.indices.map(part)
      let total = parts.reduce(0, +)
      guard total > 0 else { return }
      var x = 0.0
      var bars = HTML()
      for (n, part) in parts.enumerated() {
        let width = part / total * 2000
        if width >= 0.5 {
          bars += """
            <a href="#node-\(n)" class="\(NodeKind(graph.nodes[n].op).rawValue)"><title>\(graph.nodes[n].name): \(percent(part / total))</title>\
            <rect x="\(x)" width="\(max(width - 1, 0.5))" height="20"/></a>
            """
        }
        x += width
      }
      rows.append(
        """
        <span>\(title)</span><svg viewBox="0 0 2000 20" preserveAspectRatio="none" role="img" aria-label="\(title) by node">\(bars)</svg>
        """)
    }
    add("parameters") { Double(report.parameterCount(of: graph.nodes[$0])) }
    add("MACs") { Double(report.costs[$0]?.macs ?? 0) }
    add("time") { nanoseconds[$0] ?? 0 }
    if rows.isEmpty { return "" }
    let kinds = Set(graph.nodes.map { NodeKind($0.op) })
    let legend: [HTML] = NodeKind.allCases.filter { kinds.contains($0) }.map {
      "<span class=\"\($0.rawValue)\">\($0.title)</span>"
    }
    return "<div class=\"strips panel\">\(rows)<div class=\"legend\">\(legend)</div></div>\n"
  }

  // MARK: - the drawing and what is beside it

  /// By node: its part of the time, or else of the multiply-adds.
  private var shares: [Double?] {
    if let times, times.nanoseconds > 0 { return graph.nodes.indices.map { (nanoseconds[$0] ?? 0) / Double(times.nanoseconds) } }
    guard let macs = report.macs, macs > 0 else { return graph.nodes.map { _ in nil } }
    return report.costs.map { $0.map { Double($0.macs) / Double(macs) } }
  }

  private var work: HTML {
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
      rows[i].macs = rows[i].macs.flatMap { sum in report.costs[n].map { sum + $0.macs } }
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
    } else if plan != nil, nodes[node.name] == n {
      facts.append(
        "<dt>kernel</dt><dd>none of its own: it is computed as part of another node, or there is nothing to compute</dd>")
    }
    if let time = nanoseconds[n], let times {
      let macs = Double(report.costs[n]?.macs ?? 0)
      let speed = macs > 0 && time > 0 ? ", \(brief(2 * macs / time)) GFLOP/s" : ""
      facts.append("<dt>time</dt><dd>\(duration(time)), \(percent(time / Double(max(times.nanoseconds, 1))))\(speed)</dd>")
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

  // MARK: - tables

  private var nodeTable: HTML {
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
  private static let fewElements = 8

  private var weights: HTML {
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

  private var planTables: HTML {
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

/// "25.6 M".
private func short(_ n: Int) -> String {
  var (number, unit) = (Double(n), "")
  for next in ["K", "M", "G", "T"] where number >= 1000 { (number, unit) = (number / 1000, " " + next) }
  if unit.isEmpty { return "\(n)" }
  return number >= 100 ? "\(Int(number.rounded()))\(unit)" : "\(Double(Int((number * 10).rounded())) / 10)\(unit)"
}

/// "4.21 ms".
private func duration(_ nanoseconds: Double) -> String {
  var (number, unit) = (nanoseconds / 1e3, "µs")
  for next in ["ms", "s"] where number >= 1000 { (number, unit) = (number / 1000, next) }
  return String(format: number < 9.995 ? "%.2f %@" : number < 99.95 ? "%.1f %@" : "%.0f %@", number, unit)
}
