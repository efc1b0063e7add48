import DLGraph
import KernelTypes

// Transposed convolution and pooling of volumes, as the kernels of ordinary ones.

extension Lowering {
  /// An output row o is reached by the inputs i and cells k for which o + pad = i · stride + k. So the outputs whose o + pad
  /// leaves the same remainder r see the cells r, r + stride, … only, of inputs that are neighbours: stride² ordinary
  /// convolutions, each of a share of the cells, that write outputs a stride apart. Nothing is added up in memory.
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
    var phases: [TransposedPhase] = []
    for row in 0..<rows.stride {
      for column in 0..<columns.stride {
        phases.append(try phase(node, w, groups, rows, columns, row: row, column: column))
      }
    }
    emit(node, .convTranspose(phases), [value(node.inputs[0], in: .channelsLast)] + parameters(node), .channelsLast)
  }

  private mutating func phase(
    _ node: Node, _ w: Constant, _ groups: Int, _ rows: TransposedAxis, _ columns: TransposedAxis, row: Int, column: Int
  ) throws(DLError) -> TransposedPhase {
    let (channels, filters) = (w.sizes[0] / groups, w.sizes[1])
    let (vertical, horizontal) = (rows.phase(row), columns.phase(column))
    var g = WindowGeometry()
    (g.kernelHeight, g.padTop) = (vertical.cells, vertical.pad)
    (g.kernelWidth, g.padLeft) = (horizontal.cells, horizontal.pad)
    g.channels = w.sizes[0]
    let kernels = kernels
    let layer = kernels.convLayer(g, groups, groups * filters, ConvOptions(forced: .direct))
    // [filters of all groups][channels of one][cells], from [channels of all][filters of one][kernel].
    let cells = g.kernelHeight * g.kernelWidth
    let share = try Storage.allocate(max(1, groups * filters * channels * cells) * 4) { memory in
      let to = memory.baseAddress!.assumingMemoryBound(to: Float.self)
      let from = w.floats.baseAddress!
      for f in 0..<groups * filters {
        for c in 0..<channels {
          let plane = from + ((f / filters * channels + c) * filters + f % filters) * rows.kernel * columns.kernel
          for i in 0..<cells {
            let (y, x) = (vertical.cell(i / g.kernelWidth), horizontal.cell(i % g.kernelWidth))
            to[(f * channels + c) * cells + i] = plane[y * columns.kernel + x]
          }
        }
      }
    }
    let bias = bias(node)
    let panels = try pack(layer.packedSize) { panels in
      withExtendedLifetime(share) { kernels.packConv(layer, share.base.assumingMemoryBound(to: Float.self), bias, panels) }
    }
    return TransposedPhase(
      panels: panels, layer: layer, row: row, column: column, rowStep: rows.stride, columnStep: columns.stride)
  }

  /// Pooling over height and width, then over depth: the largest of a box is the largest of the largest of its slices, and
  /// the mean, over what lies inside the volume too, the mean of means.
  mutating func poolVolumes(
    _ node: Node, _ kind: PoolCall.Kind, _ kernel: [Int], _ window: Window
  ) {
    guard let window = explicit(window, kernel, node.inputs[0]) else { return reference(node) }
    var (flat, deep) = (window, Window(axes: 3))
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
  func phase(_ first: Int) -> TransposedCells {
    let remainder = (first + pad) % stride
    let cells = (kernel - remainder + stride - 1) / stride
    return TransposedCells(remainder: remainder, stride: stride, cells: cells, pad: cells - 1 - (first + pad) / stride)
  }
}

/// The cells that a phase sees, and its padding as an ordinary convolution; a negative one leaves inputs out.
private struct TransposedCells {
  var remainder: Int, stride: Int
  var cells: Int
  var pad: Int

  /// The cell of the kernel at place i of the window: the order turns around.
  func cell(_ i: Int) -> Int { remainder + stride * (cells - 1 - i) }
}
