import DLGraph
import KernelTypes

// Steps that reduce over channels or windows.

/// No memory: in the template of a kernel's call, where a run puts the addresses of its slots.
var null: UnsafeMutablePointer<Float> { UnsafeMutablePointer(bitPattern: 64)! }

extension StepBuilder {
  /// A convolution for each phase, or for the phases of a row if their outputs are neighbours; as one step, unless the phases
  /// are cut differently or too coarsely for threads.
  mutating func convTranspose(_ node: ProgramNode, _ phases: [TransposedPhase], _ joined: [TransposedPhase]) -> [Step] {
    let (y, o) = (node.output, sizes[node.output])
    let (height, width) = (o.count > 3 ? o[2] : 1, o[o.count - 1])
    let dense = pitch(y) == o[1] && (node.epilogue.residual.map { pitch($0) == o[1] } ?? true)
    let joins = !joined.isEmpty && dense && width % joined[0].columnStep == 0
    var steps: [Step] = []
    for phase in joins ? joined : phases where phase.row < height && phase.columns.lowerBound < width {
      // Joined outputs count as one pixel.
      let pixel = phase.columns.count
      var g = placed(phase.layer.window, node.inputs[0], y)
      g.outPixelStride *= pixel
      g.outHeight = (height - phase.row + phase.rowStep - 1) / phase.rowStep
      g.outWidth = (width - phase.columns.lowerBound + phase.columnStep - 1) / phase.columnStep
      g.outColumnStep = phase.columnStep / pixel
      (g.outRowStep, g.outImageStep) = (phase.rowStep * width / pixel, height * width / pixel)
      let first = phase.row * width + phase.columns.lowerBound
      steps.append(conv(node, phase.panels, phase.layer, g, firstPixel: first, joined: pixel))
    }
    let sets = steps.map { $0.units / $0.unitsTogether }
    let isFine = steps.count * (sets.first ?? 0) >= 2 * threads
    return steps.count > 1 && isFine && sets.allSatisfy { $0 == sets[0] } ? [interleaved(steps, sets: sets[0])] : steps
  }

  /// Steps that write parts of the same value as one: of all the units that belong together, then of all the next, while what
  /// they read is in the cache. It has the first's name of a kernel.
  private func interleaved(_ parts: [Step], sets: Int) -> Step {
    let first = parts[0]
    let scratchFloats = parts.reduce(0) { max($0, $1.scratchFloats) }
    return Step(
      name: first.name, kernel: first.kernel, reads: first.reads, write: first.write,
      units: parts.count * sets, unitsTogether: parts.count,
      cost: parts.reduce(0) { $0 + $1.cost }, scratchFloats: scratchFloats
    ) { slots, scratch, units, worker in
      for unit in units {
        let (set, i) = unit.quotientAndRemainder(dividingBy: parts.count)
        let size = parts[i].unitsTogether
        parts[i].body(slots, scratch + worker * scratchFloats, set * size..<(set + 1) * size, 0)
      }
    }
  }

  /// The largest of each 2×2 outputs of a convolution by Winograd's algorithm that nothing else reads, as one step: whole, its
  /// output is four times as large. nil: the node is not that.
  mutating func pooledConv(_ program: Program, to last: Int, isLive: [Bool]) -> Step? {
    guard case .pool(.max, let pool) = program.nodes[last].operation, pool.isPairs,
      let node = producer(program, of: last, isLive: isLive), case .conv(let panels, let layer) = node.operation,
      case .winograd = layer.algorithm
    else { return nil }
    let y = program.nodes[last].output
    var g = placed(layer.window, node.inputs[0], node.output)
    let pooled = placed(pool, node.output, y)
    // Tiles of lines have one row; where sizes are rounded up, a last window is less than a pair.
    if g.kernelHeight == 1 || g.kernelWidth == 1 { return nil }
    if pooled.outHeight != g.outHeight / 2 || pooled.outWidth != g.outWidth / 2 { return nil }
    g.poolsOutputs = true
    // A row or column that is left out is not computed.
    (g.outHeight, g.outWidth) = (2 * pooled.outHeight, 2 * pooled.outWidth)
    g.outPixelStride = pooled.outPixelStride
    return conv(node, panels, layer, g, to: y)
  }

  /// to: the value of the largest outputs; firstPixel: of y, where the first output of a phase goes; joined: how many pixels of y
  /// are one of the plan's.
  mutating func conv(
    _ node: ProgramNode, _ panels: Storage, _ layer: ConvLayer, _ geometry: WindowGeometry, to pooled: Int? = nil,
    firstPixel: Int? = nil, joined: Int = 1
  ) -> Step {
    let x = node.inputs[0]
    let y = pooled ?? node.output
    let residual = node.epilogue.residual
    let plan = kernels.planConv(layer, geometry, residual.map { joined * pitch($0) } ?? 0, threads)
    let kernel = kernels.conv
    var template = ConvCall(
      plan: plan, x: null, panels: panels.floats, y: null, activation: node.epilogue.activation, scratch: null)
    let offset = (firstPixel ?? 0) * pitch(y)
    let residualOffset = (firstPixel ?? 0) * (residual.map { pitch($0) } ?? 0)
    let (name, isWinograd): (StaticString, Bool) =
      switch layer.algorithm {
      case .direct: (firstPixel == nil ? "conv" : "conv_transpose", false)
      case .depthwise: ("depthwise_conv", false)
      case .winograd: (pooled == nil ? "winograd_conv" : "winograd_pool", true)
      }
    askForLater(&template, isWinograd: isWinograd)
    let call = template
    return Step(
      name: node.name, kernel: name, nodes: pooled == nil ? 1 : 2, reads: [x] + (residual.map { [$0] } ?? []), write: y,
      inPlace: residual == nil || layer.algorithm == .depthwise || firstPixel != nil ? nil : 1, units: plan.units,
      // Which have a transformed input in common, or the input rows under a phase.
      unitsTogether: firstPixel != nil ? plan.panelUnits * plan.groups : isWinograd ? plan.panelUnits : 1,
      cost: layer.cost(geometry), scratchFloats: plan.scratch
    ) { slots, scratch, units, worker in
      var call = call
      call.x = UnsafePointer(slots[x].floats)
      call.y = slots[y].floats + offset
      call.residual = residual.map { UnsafePointer(slots[$0].floats) + residualOffset }
      call.scratch = scratch
      kernel(call, units, worker)
    }
  }

  /// Lets the free tiles of a convolution ask for weights that are awaited.
  private mutating func askForLater(_ call: inout ConvCall, isWinograd: Bool) {
    let plan = call.plan
    call.later = awaited.base - call.panels
    let most = min(plan.freeTiles, 1 << 20) * (plan.columns * plan.depth / 2 / max(plan.panelUnits, 1))
    call.laterOfUnit = min(most, (awaited.floats + plan.units - 1) / max(plan.units, 1))
    let asked = call.laterOfUnit * plan.units
    // What was asked for before transformed weights, which are large, would be gone after them.
    awaited = (awaited.base + asked, isWinograd ? 0 : max(0, awaited.floats - asked))
  }

  mutating func gemm(_ node: ProgramNode, _ panels: Storage, _ depth: Int, _ columns: Int) -> Step {
    let x = node.inputs[0]
    let y = node.output
    let residual = node.epilogue.residual
    let rows = count(x) / depth
    let kernel = kernels.gemm
    var template = GemmCall(
      rows: rows, depth: depth, columns: columns, x: null, xStride: isDense(x) ? depth : pitch(x), panels: panels.floats, y: null,
      yStride: pitch(y),
      activation: node.epilogue.activation)
    let isWhole = residual.map { count($0) == count(y) } ?? false
    template.residualStride = isWhole ? pitch(residual ?? y) : 0
    let call = template
    // Fewer weights stay in a second-level cache, of more it holds the first; many rows do not wait for them, but push out
    // what is there.
    if depth * columns > 1 << 17 { awaited = (panels.floats, rows <= 4 ? min(depth * columns, 1 << 18) : 0) }
    return Step(
      name: node.name, kernel: "gemm", reads: [x] + (residual.map { [$0] } ?? []), write: y, inPlace: isWhole ? 1 : nil,
      units: kernels.gemmUnits(call), cost: 2 * Double(max(4, rows)) * Double(depth) * Double(columns)
    ) { slots, _, units, _ in
      var call = call
      call.x = UnsafePointer(slots[x].floats)
      call.y = slots[y].floats
      call.residual = residual.map { UnsafePointer(slots[$0].floats) }
      kernel(call, units)
    }
  }

  func pool(_ node: ProgramNode, _ kind: PoolCall.Kind, _ geometry: WindowGeometry) -> Step {
    let x = node.inputs[0]
    let y = node.output
    let kernel = kernels.pool
    let template = PoolCall(kind: kind, geometry: geometry, x: null, y: null)
    // A cell takes as long as some multiply-adds, and few channels as long as a vector of them.
    let channels = max(geometry.channels, 16)
    let cells = Double(geometry.kernelHeight) * Double(geometry.kernelWidth)
    return Step(
      name: node.name, kernel: "pool", reads: [x], write: y, units: template.units,
      cost: 8 * elements(y) / Double(max(geometry.channels, 1)) * Double(channels) * cells
    ) { slots, _, units, _ in
      var call = template
      call.x = UnsafePointer(slots[x].floats)
      call.y = slots[y].floats
      kernel(call, units)
    }
  }
}

extension WindowGeometry {
  /// Whether windows are 2×2 pixels side by side.
  fileprivate var isPairs: Bool {
    kernelHeight == 2 && kernelWidth == 2 && strideHeight == 2 && strideWidth == 2 && dilationHeight == 1 && dilationWidth == 1
      && padTop == 0 && padLeft == 0
  }
}

extension ConvLayer {
  /// Floating-point operations on images of some size.
  func cost(_ g: WindowGeometry) -> Double {
    let outputs = Double(g.batch * g.outDepth * g.outHeight * g.outWidth) * Double(outChannels)
    return 2 * outputs * Double(window.kernelDepth * window.kernelHeight * window.kernelWidth * (window.channels / groups))
  }
}
