import DLGraph
import DLRuntime

extension Report {
  /// What the runtime makes of the model on this machine: each node's kernel, layout and place in memory, as aligned text.
  func plan(threads: Int) throws(DLError) -> String {
    let fixed = try graph.fixing(sizes)
    var inputSizes: [[Int]] = []
    for input in fixed.inputs {
      guard let sizes = fixed.values[input].type.sizes else {
        throw DLError(
          .invalidArgument, "input \(fixed.values[input].name.quoted) has free sizes, a plan needs them: give them by --size")
      }
      inputSizes.append(sizes)
    }
    let plan = try PlanDescription(Model(graph), inputSizes: inputSizes, threads: threads)
    var rows = [["node", "op", "kernel", "layout", "output", "offset", "bytes", "Mflop"]]
    for node in plan.nodes {
      rows.append([
        visible(node.name), "\(node.op)", node.kernel.map { "\($0)" } ?? "—", node.isChannelsLast ? "channels last" : "row major",
        DLGraph.describe(node.type).description,
        node.offset.map { grouped($0) + (node.whole == nil ? "" : " (part)") } ?? "output", grouped(node.bytes),
        grouped(Int((node.flops / 1e6).rounded())),
      ])
    }
    let flops = plan.nodes.reduce(0) { $0 + $1.flops }
    let bytes = plan.nodes.reduce(0) { $0 + $1.bytes }
    rows.append(["total", "", "", "", "", "", grouped(bytes), grouped(Int((flops / 1e6).rounded()))])
    var lines = aligned(rows, left: 5)
    let conversions = plan.nodes.filter { $0.op.description == "layout" && $0.kernel != nil }.count
    let copies = plan.nodes.filter { ["concat", "split", "copy"].contains($0.kernel?.description ?? "") }.count
    lines += [
      "",
      "arena of \(grouped(plan.arenaBytes)) bytes; values that live at once take \(grouped(plan.liveBytes))",
      "packed weights of \(grouped(plan.packedBytes)) bytes",
      "\(conversions) changes of layout, \(copies) nodes that only copy",
    ]
    if !plan.isWhole { lines.append("more nodes follow when the run has found the sizes that depend on elements") }
    return lines.joined(separator: "\n")
  }
}
