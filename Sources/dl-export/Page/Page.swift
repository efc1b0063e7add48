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

  /// By node, where it has a part of the plan of its own.
  let planned: [Int: PlannedNode]
  /// Of a run, by node.
  let nanoseconds: [Int: Double]
  let finder: NodeFinder

  var graph: Graph { report.graph }

  init(_ report: Report, version: String, plan: PlanDescription?, planFailure: String?, times: NodeTimes?) {
    self.report = report
    self.version = version
    self.plan = plan
    self.planFailure = planFailure
    self.times = times
    finder = NodeFinder(report.graph)
    planned = finder.match((plan?.stages ?? []).flatMap(\.nodes).map { ($0.name, "\($0.op)", $0) }).compactMapValues(\.first)
    nanoseconds = finder.match((times?.entries ?? []).map { ($0.name, "\($0.entry.op)", Double($0.entry.nanoseconds)) })
      .mapValues { $0.reduce(0, +) }
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
      figures.append(figure(name, duration(times.nanoseconds), "median of \(times.runs) runs"))
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
}

/// "25.6 M".
func short(_ n: Int) -> String {
  var (number, unit) = (Double(n), "")
  for next in ["K", "M", "G", "T"] where number >= 1000 { (number, unit) = (number / 1000, " " + next) }
  if unit.isEmpty { return "\(n)" }
  return number >= 100 ? "\(Int(number.rounded()))\(unit)" : "\(Double(Int((number * 10).rounded())) / 10)\(unit)"
}

/// "4.21 ms".
func duration(_ nanoseconds: Double) -> String {
  var (number, unit) = (nanoseconds / 1e3, "µs")
  for next in ["ms", "s"] where number >= 1000 { (number, unit) = (number / 1000, next) }
  return String(format: number < 9.995 ? "%.2f %@" : number < 99.95 ? "%.1f %@" : "%.0f %@", number, unit)
}
