import DLGraph
import KernelTypes

// Convolutions of which each alone reads the one before, as one step: a strip of the last output at a time, with the rows that
// it needs of the values between in a worker's scratch. Whole, a large value is written to the third-level cache or to memory
// and read back; strips of it stay in the second level. Which rows are computed together changes no result.

/// A convolution, and those before it whose outputs only a strip of exists at a time.
final class StripLayer {
  /// Layers of a chain at most: more win nothing.
  static let most = 3
  /// A value of so many bytes for each thread is better kept in strips: they do not stay in the second-level caches until they
  /// are read.
  static let leastBytes = 700_000.0
  /// Floats of the strips of all values between: half the second-level cache of most processors.
  static let mostFloats = 131_072

  let node: ProgramNode
  let layer: ConvLayer
  let geometry: WindowGeometry
  let panels: UnsafePointer<Float>
  let residualPitch: Int
  let kernels: KernelSet
  let threads: Int
  /// What computes its input; nil: that is a value of the plan.
  let before: StripLayer?
  /// Floats that a strip has of its input, if that is a value between; `reserve` decides it.
  private(set) var inFloats = 0
  /// Of the whole chain: how many layers, the value it reads, floating-point operations.
  let count: Int, source: Int, cost: Double

  init(
    _ node: ProgramNode, _ layer: ConvLayer, _ geometry: WindowGeometry, _ panels: UnsafePointer<Float>, residualPitch: Int,
    _ kernels: KernelSet, _ threads: Int, before: StripLayer?
  ) {
    self.node = node
    self.layer = layer
    self.geometry = geometry
    self.panels = panels
    self.residualPitch = residualPitch
    self.kernels = kernels
    self.threads = threads
    self.before = before
    count = 1 + (before?.count ?? 0)
    source = before?.source ?? node.inputs[0]
    cost = layer.cost(geometry) + (before?.cost ?? 0)
  }

  private var inLine: Int { geometry.inWidth * geometry.inPixelStride }
  private var outLine: Int { geometry.outWidth * geometry.outPixelStride }

  /// The input rows that output rows are computed from.
  private func input(_ rows: Range<Int>) -> Range<Int> {
    let start = rows.lowerBound * geometry.strideHeight - geometry.padTop
    let end = (rows.upperBound - 1) * geometry.strideHeight - geometry.padTop + geometry.kernelHeight
    return max(0, start)..<min(end, geometry.inHeight)
  }

  /// For output rows of one image.
  private func plan(_ rows: Range<Int>) -> ConvPlan {
    var g = geometry
    g.batch = 1
    g.outHeight = rows.count
    g.inHeight = input(rows).count
    g.padTop = max(0, g.padTop - rows.lowerBound * g.strideHeight)
    return kernels.planConv(layer, g, residualPitch, threads)
  }

  private func inRows(_ rows: Int) -> Int { min((rows - 1) * geometry.strideHeight + geometry.kernelHeight, geometry.inHeight) }

  /// Decides how much room strips of so many output rows have, and returns what that is of all values between.
  func reserve(rows: Int) -> Int {
    guard let before else { return 0 }
    // Some lines lie between, as between the pieces of an arena.
    inFloats = (inRows(rows) * inLine + 14 * 16) & ~15
    return inFloats + before.reserve(rows: inRows(rows))
  }

  /// What the kernels need besides, for at most so many output rows.
  func kernelFloats(rows: Int) -> Int {
    var floats = before?.kernelFloats(rows: inRows(rows)) ?? 0
    // Bands are copied for padding, which strips at the top and at the bottom see.
    for count in 1...rows {
      let last = geometry.outHeight - count..<geometry.outHeight
      floats = max(floats, max(plan(0..<count).scratch, plan(last).scratch))
    }
    return floats
  }

  /// What a run knows.
  struct Run {
    let slots: Slots
    let image: Int
    let kernelScratch: UnsafeMutablePointer<Float>
  }

  /// Computes output rows of an image to y. `left`: the rows that the strip before has left there, from y on; what both need is
  /// moved, not computed again; nil: there was none. `values` is room for the values between.
  func compute(
    _ rows: Range<Int>, left: Range<Int>?, _ y: UnsafeMutablePointer<Float>, _ values: UnsafeMutablePointer<Float>, _ run: Run
  ) {
    var made = rows
    if let left, left.upperBound > rows.lowerBound {
      made = min(left.upperBound, rows.upperBound)..<rows.upperBound
      UnsafeMutableRawPointer(y).copyMemory(
        from: y + (rows.lowerBound - left.lowerBound) * outLine, byteCount: 4 * (made.lowerBound - rows.lowerBound) * outLine)
    }
    let needed = input(rows)
    var x = values
    if let before {
      before.compute(needed, left: left.map { input($0) }, values, values + inFloats, run)
    } else {
      x = run.slots[source].floats + (run.image * geometry.inHeight + needed.lowerBound) * inLine
    }
    if made.isEmpty { return }
    var call = ConvCall(
      plan: plan(made), x: x + (input(made).lowerBound - needed.lowerBound) * inLine, panels: panels,
      y: y + (made.lowerBound - rows.lowerBound) * outLine, activation: node.epilogue.activation,
      scratch: run.kernelScratch)
    if let residual = node.epilogue.residual {
      let pixel = (run.image * geometry.outHeight + made.lowerBound) * geometry.outWidth
      call.residual = UnsafePointer(run.slots[residual].floats) + pixel * residualPitch
    }
    kernels.conv(call, 0..<call.plan.units, 0)
  }
}

extension StepBuilder {
  /// The last of the nodes up to `last` as one step that computes strips; nil if that is not possible or not worth it.
  func strips(_ program: Program, to last: Int, isLive: [Bool]) -> Step? {
    guard let chain = stripLayer(program, last, isLive, most: StripLayer.most), chain.before != nil else { return nil }
    let g = chain.geometry
    // Too wide a line would be found out only after as many strips as there are rows.
    var (strips, most, between) = (0, 1, chain.reserve(rows: 1))
    if between > StripLayer.mostFloats { return nil }
    repeat {
      // As many for each thread.
      strips += g.batch % threads == 0 ? 1 : threads
      if strips > min(g.outHeight, 1 << 16) { return nil }
      most = (g.outHeight + strips - 1) / strips
      between = chain.reserve(rows: most)
    } while between > StripLayer.mostFloats
    let kernelFloats = chain.kernelFloats(rows: most)
    // Padding from a hostile model.
    if kernelFloats > 1 << 24 { return nil }
    let valuesAt = (kernelFloats + 15) & ~15
    let scratchFloats = valuesAt + between
    let (count, y, residual) = (strips, chain.node.output, chain.node.epilogue.residual)
    return Step(
      name: chain.node.name, kernel: "conv_strips", nodes: chain.count, reads: [chain.source] + (residual.map { [$0] } ?? []),
      write: y, units: g.batch * count, cost: chain.cost, scratchFloats: scratchFloats
    ) { slots, scratch, units, worker in
      let scratch = scratch + worker * scratchFloats
      var left: Range<Int>?
      for unit in units {
        let (image, strip) = unit.quotientAndRemainder(dividingBy: count)
        let rows = g.outHeight * strip / count..<g.outHeight * (strip + 1) / count
        if strip == 0 { left = nil }
        let run = StripLayer.Run(slots: slots, image: image, kernelScratch: scratch)
        let row = image * g.outHeight + rows.lowerBound
        chain.compute(rows, left: left, slots[y].floats + row * g.outWidth * g.outPixelStride, scratch + valuesAt, run)
        left = rows
      }
    }
  }

  /// The node right before a node, if it computes what that reads first, without a residual, and nothing else reads it.
  func producer(_ program: Program, of n: Int, isLive: [Bool]) -> ProgramNode? {
    let x = program.nodes[n].inputs[0]
    guard n > 0, isLive[n - 1], program.nodes[n - 1].output == x, program.values[x].readers == 1, isDense(x),
      program.nodes[n - 1].epilogue.residual == nil
    else { return nil }
    return program.nodes[n - 1]
  }

  /// A node as the last layer of a chain of at most so many; nil if it is no convolution, or not one that can be computed in
  /// strips at little cost.
  private func stripLayer(_ program: Program, _ n: Int, _ isLive: [Bool], most: Int) -> StripLayer? {
    let node = program.nodes[n]
    guard case .conv(let panels, let layer) = node.operation else { return nil }
    if case .winograd = layer.algorithm { return nil }
    let x = node.inputs[0]
    let g = placed(layer.window, x, node.output)
    // Each strip reads all weights.
    guard layer.packedSize <= 65_536, sizes[x].count == 4, g.dilationHeight == 1, g.kernelHeight <= 16, g.strideHeight <= 16,
      g.padTop < g.kernelHeight, Double(g.outHeight - 1) * Double(g.strideHeight) < Double(g.inHeight + g.padTop)
    else { return nil }
    var before: StripLayer?
    if most > 1, 4 * elements(x) >= StripLayer.leastBytes * Double(threads), producer(program, of: n, isLive: isLive) != nil {
      before = stripLayer(program, n - 1, isLive, most: most - 1)
    }
    let residualPitch = node.epilogue.residual.map { pitch($0) } ?? 0
    return StripLayer(node, layer, g, panels.floats, residualPitch: residualPitch, kernels, threads, before: before)
  }
}
