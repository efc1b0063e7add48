import DLGraph
import DLRuntime

extension Report {
  /// What the runtime makes of the model on this machine: each node's kernel, layout and place in memory, as aligned text.
  func plan(threads: Int) throws(DLError) -> String {
    let (plan, failure) = try planned(Model(graph), threads: threads)
    var lines: [String] = []
    for (i, stage) in plan.stages.enumerated() {
      if !plan.isWhole || plan.stages.count > 1 { lines.append(Report.title(ofStage: i)) }
      lines += text(stage) + [""]
    }
    lines.append("packed weights of \(grouped(plan.packedBytes)) bytes")
    if let failure {
      lines.append("the sizes of more nodes follow from elements, which a run on random input did not reach: \(failure)")
    }
    return lines.joined(separator: "\n")
  }

  /// The plan, by a run on random input where sizes follow from elements; with what went wrong in that run.
  func planned(_ model: Model, threads: Int) throws(DLError) -> (plan: PlanDescription, failure: String?) {
    let sizes = try inputSizes()
    let first = try PlanDescription(model, inputSizes: sizes, threads: threads)
    if first.isWhole { return (first, nil) }
    let session = Session(model, pool: try ThreadPool(threads: threads))
    do {
      try session.setInputs(model.randomInputs(sizes: sizes))
      try session.run()
      return (PlanDescription(session), nil)
    } catch {
      let found = PlanDescription(session)
      return (found.stages.isEmpty ? first : found, error.message)
    }
  }

  /// Of each input.
  func inputSizes() throws(DLError) -> [[Int]] {
    let fixed = try graph.fixing(sizes)
    var inputSizes: [[Int]] = []
    for input in fixed.inputs {
      guard let sizes = fixed.values[input].type.sizes else {
        throw DLError(
          .invalidArgument, "input \(fixed.values[input].name.quoted) has free sizes, a run needs them: give them by --size")
      }
      inputSizes.append(sizes)
    }
    return inputSizes
  }

  static func title(ofStage i: Int) -> String {
    "stage \(i + 1), of the sizes that "
      + (i == 0 ? "follow from those of the inputs" : "follow from elements, as a run on random input has found them")
  }

  private func text(_ stage: PlanDescription.Stage) -> [String] {
    var rows = [["node", "op", "kernel", "layout", "output", "offset", "bytes", "Mflop"]]
    for node in stage.nodes {
      rows.append([
        visible(node.name), "\(node.op)", node.kernelText, node.layoutText, describe(node.type).description, node.placeText,
        grouped(node.bytes), megaflops(node.flops),
      ])
    }
    let flops = stage.nodes.reduce(0) { $0 + $1.flops }
    let bytes = stage.nodes.reduce(0) { $0 + $1.bytes }
    rows.append(["total", "", "", "", "", "", grouped(bytes), megaflops(flops)])
    return aligned(rows, left: 5) + [
      "",
      "arena of \(grouped(stage.arenaBytes)) bytes; values that live at once take \(grouped(stage.liveBytes))",
      "\(stage.layoutChanges) changes of layout, \(stage.copies) nodes that only copy",
    ]
  }
}

extension PlannedNode {
  var kernelText: String { kernel.map { "\($0)" } ?? "—" }
  var layoutText: String { isChannelsLast ? "channels last" : "row major" }
  /// The offset in the arena.
  var placeText: String { isInParts ? "in parts" : offset.map { grouped($0) + (whole == nil ? "" : " (part)") } ?? "outside" }
}

/// With a tenth where that is not nothing beside the rest.
private func megaflops(_ flops: Double) -> String {
  let tenths = Int((flops / 1e5).rounded())
  return tenths < 1000 ? "\(tenths / 10).\(tenths % 10)" : grouped((tenths + 5) / 10)
}

extension PlanDescription.Stage {
  fileprivate var layoutChanges: Int { nodes.filter { $0.op.description == "layout" && $0.kernel != nil }.count }
  fileprivate var copies: Int { nodes.filter { ["concat", "split", "copy"].contains($0.kernel?.description ?? "") }.count }
}
