import DLGraph
import KernelTypes

// Transposed convolution and pooling of volumes, as the kernels of ordinary ones.

extension Lowering {
  /// An output row o is reached by the inputs i and cells k for which o + pad = i · stride + k. So the outputs whose o + pad
  /// leaves the same remainder r see the cells r, r + stride, … only, of inputs that are neighbours: stride² ordinary
  /// convolutions, each of a share of the cells, that write outputs a stride apart. Nothing is added up in memory.
  ///
  /// Of few filters, the phases of a row are also joined into one convolution whose outputs are neighbours in memory, where
  /// that fills vectors better than it adds cells. An infinite input then meets the zeros of cells that a phase does not have,
  /// and makes neighbouring outputs NaN; exact models and those of low memory do without.
  mutating func convTranspose(_ node: Node, _ window: Window, _ groups: Int) throws(DLError) {
    guard let w = graph.values[node.inputs[1]].constant, 3...4 ~= w.sizes.count, w.count > 0, biasIsConstant(node),
      window.rule == .explicit, window.dilations.allSatisfy({ $0 == 1 }),
      zip(w.sizes[2...], window.strides).allSatisfy({ $0 >= $1 })
    else { return reference(node) }
    let rows =
      w.sizes.count == 4
      ? TransposedAxis(kernel: w.sizes[2], stride: window.strides[0], pad: window.padBegin[0])
      : TransposedAxis(kernel: 1, stride: 1, pad: 0)
    let last = window.strides.count - 1
    let columns = TransposedAxis(kernel: w.sizes[last + 2], stride: window.strides[last], pad: window.padBegin[last])
    let apart = (0..<columns.stride).map { $0..<$0 + 1 }
    let phases = try self.phases(node, w, groups, rows, columns, apart)
    var joined: [TransposedPhase] = []
    let all = [0..<columns.stride]
    if groups == 1 && columns.stride > 1 && !convolutions.exact && !convolutions.lowMemory
      && products(rows, columns, all, w.sizes[1]) < products(rows, columns, apart, w.sizes[1])
    {
      joined = try self.phases(node, w, groups, rows, columns, all)
    }
    emit(
      node, .convTranspose(phases, joined: joined), [value(node.inputs[0], in: .channelsLast)] + parameters(node), .channelsLast)
  }

  /// How much is multiplied for an output of each phase, what only fills vectors included.
  private func products(_ rows: TransposedAxis, _ columns: TransposedAxis, _ parts: [Range<Int>], _ filters: Int) -> Int {
    var products = 0
    for row in 0..<rows.stride {
      for part in parts {
        let cells = TransposedCells(rows.phase(row), columns, part)
        var g = WindowGeometry()
        (g.kernelHeight, g.kernelWidth, g.channels) = (cells.rows.count, cells.width, 1)
        let layer = kernels.convLayer(g, 1, part.count * filters, ConvOptions(lowMemory: true, forced: .direct))
        products += layer.packedSize
      }
    }
    return products
  }

  /// A convolution for each phase of rows and each part of the phases of columns.
  private mutating func phases(
    _ node: Node, _ w: Constant, _ groups: Int, _ rows: TransposedAxis, _ columns: TransposedAxis, _ parts: [Range<Int>]
  ) throws(DLError) -> [TransposedPhase] {
    var phases: [TransposedPhase] = []
    for row in 0..<rows.stride {
      for part in parts {
        let cells = TransposedCells(rows.phase(row), columns, part)
        phases.append(try phase(node, w, groups, cells, row: row, rows.stride, columns.stride))
      }
    }
    return phases
  }

  private mutating func phase(
    _ node: Node, _ w: Constant, _ groups: Int, _ cells: TransposedCells, row: Int, _ rowStep: Int, _ columnStep: Int
  ) throws(DLError) -> TransposedPhase {
    let (channels, filters) = (w.sizes[0] / groups, w.sizes[1])
    let outChannels = cells.phases.count * groups * filters
    var g = WindowGeometry()
    (g.kernelHeight, g.padTop) = (cells.rows.count, cells.rows.pad)
    (g.kernelWidth, g.padLeft) = (cells.width, cells.padLeft)
    g.channels = w.sizes[0]
    let output = graph.values[node.outputs[0]].type.dims
    g.outWidth = ((output.last?.size ?? 0) + columnStep - 1) / columnStep
    g.outHeight = output.count > 3 ? ((output[output.count - 2].size ?? 0) + rowStep - 1) / rowStep : 1
    // The outputs of a depthwise layer cannot lie apart; and all phases together should not take too much memory, their
    // weights transformed up to nine times as large.
    var options = convolutions
    let isDepthwise = groups == w.sizes[0] && groups == outChannels
    if isDepthwise || w.count > 1 << 22 { options.forced = .direct }
    let kernels = kernels
    let layer = kernels.convLayer(g, groups, outChannels, options)
    let plane = w.sizes[2...].reduce(1, *)
    let kernelWidth = w.sizes[w.sizes.count - 1]
    // [filters of all phases and groups][channels of one][cells], from [channels of all][filters of one][kernel].
    let share = try Storage.allocate(max(1, outChannels * channels * g.kernelHeight * g.kernelWidth) * 4) { memory in
      var to = memory.baseAddress!.assumingMemoryBound(to: Float.self)
      let from = w.floats.baseAddress!
      for n in 0..<outChannels {
        let f = n % (groups * filters)
        for c in 0..<channels {
          let kernel = from + ((f / filters * channels + c) * filters + f % filters) * plane
          for y in 0..<g.kernelHeight {
            for x in 0..<g.kernelWidth {
              let column = cells.column(x, phase: n / (groups * filters))
              to.pointee = column.map { kernel[cells.rows.cell(y) * kernelWidth + $0] } ?? 0
              to += 1
            }
          }
        }
      }
    }
    let bias = bias(node)
    let biases = cells.phases.flatMap { _ in (0..<groups * filters).map { bias?[$0] ?? 0 } }
    let panels = try pack(layer.packedSize) { panels in
      withExtendedLifetime(share) { kernels.packConv(layer, share.base.assumingMemoryBound(to: Float.self), biases, panels) }
    }
    return TransposedPhase(
      panels: panels, layer: layer, row: row, columns: cells.phases, rowStep: rowStep, columnStep: columnStep)
  }

  /// Pooling over height and width, then over depth: the largest of a box is the largest of the largest of its slices, and
  /// the mean, over what lies inside the volume too, the mean of means.
  mutating func poolVolumes(
    _ node: Node, _ kind: PoolCall.Kind, _ kernel: [Int], _ window: Window
  ) {
    // Sizes follow from both operations as from the one they stand for.
    let ceil = window.ceil && window.rule == .explicit
    guard let window = explicit(window, kernel, node.inputs[0]) else { return reference(node) }
    var (flat, deep) = (window, Window(axes: 3))
    (flat.ceil, deep.ceil) = (ceil, ceil)
    swap(&flat.strides[0], &deep.strides[0])
    swap(&flat.dilations[0], &deep.dilations[0])
    swap(&flat.padBegin[0], &deep.padBegin[0])
    swap(&flat.padEnd[0], &deep.padEnd[0])
    let (flatKernel, deepKernel) = ([1, kernel[1], kernel[2]], [kernel[0], 1, 1])
    let x = value(node.inputs[0], in: .channelsLast)
    let between = program.values.count
    program.values.append(
      ProgramValue(
        name: node.name, type: TensorType(.f32, Array(repeating: .unknown, count: 5)), layout: .channelsLast,
        source: .node(program.nodes.count)))
    program.nodes.append(
      ProgramNode(
        name: node.name, op: op(kind, flatKernel, flat), operation: .pool(kind, geometry(flatKernel, flat)), inputs: [x],
        outputs: [between]))
    var second = node
    second.op = op(kind, deepKernel, deep)
    emit(second, .pool(kind, geometry(deepKernel, deep)), [between], .channelsLast)
  }

  private func op(_ kind: PoolCall.Kind, _ kernel: [Int], _ window: Window) -> Op {
    switch kind {
    case .max: .maxPool(kernel: kernel, window)
    case .average(let countPadding): .averagePool(kernel: kernel, window, countPadding: countPadding)
    }
  }
}

/// One axis of a transposed convolution without dilation.
private struct TransposedAxis {
  var kernel: Int, stride: Int, pad: Int

  /// The outputs `first`, first + stride, …
  func phase(_ first: Int) -> AxisCells {
    let remainder = (first + pad) % stride
    let cells = (kernel - remainder + stride - 1) / stride
    return AxisCells(remainder: remainder, stride: stride, count: cells, pad: cells - 1 - (first + pad) / stride)
  }
}

/// The cells of an axis that a phase sees, and its padding as an ordinary convolution; a negative one leaves inputs out.
private struct AxisCells {
  var remainder: Int, stride: Int
  var count: Int
  var pad: Int

  /// The cell of the kernel at place i of the window: the order turns around.
  func cell(_ i: Int) -> Int { remainder + stride * (count - 1 - i) }
}

/// The cells that a phase of rows and some phases of columns see, in a window that holds those of all.
private struct TransposedCells {
  var rows: AxisCells
  var columns: TransposedAxis
  var phases: Range<Int>
  var padLeft: Int, width: Int

  init(_ rows: AxisCells, _ columns: TransposedAxis, _ phases: Range<Int>) {
    self.rows = rows
    self.columns = columns
    self.phases = phases
    var (pad, end) = (Int.min, Int.min)
    for phase in phases {
      let cells = columns.phase(phase)
      (pad, end) = (max(pad, cells.pad), max(end, cells.count - cells.pad))
    }
    padLeft = pad
    width = pad + end
  }

  /// The column of the kernel at place x of the window, for one of the phases; nil: it has none there.
  func column(_ x: Int, phase: Int) -> Int? {
    let cells = columns.phase(phases.lowerBound + phase)
    let i = x - padLeft + cells.pad
    return 0..<cells.count ~= i ? cells.cell(i) : nil
  }
}
