import DLGraph
import KernelTypes

/// Where each value of a plan lies in memory during a run, by slot.
typealias Slots = UnsafePointer<UnsafeMutableRawPointer>

/// One kernel call of a plan, cut into units that may run in parallel.
final class Step {
  /// Scratch is that of worker 0; that of worker w begins w · scratchFloats later.
  typealias Body = (_ slots: Slots, _ scratch: UnsafeMutablePointer<Float>, _ units: Range<Int>, _ worker: Int) -> Void

  let name: Name
  let kernel: StaticString
  let reads: [Int]
  let writes: [Int]
  /// Which of the things read the output may lie over, if nothing needs that later.
  let inPlace: Int?
  let units: Int
  /// Floating-point operations, to decide whether threads are worth their trouble.
  let cost: Double
  /// Floats of scratch for each worker.
  let scratchFloats: Int
  let body: Body
  /// What runs instead of `body`, on the caller's thread: work that elements may make impossible, such as an index out of range.
  let checkedBody: ((_ slots: Slots) throws(DLError) -> Void)?

  /// The first output.
  var write: Int { writes[0] }

  init(
    name: Name, kernel: StaticString, reads: [Int], write: Int, inPlace: Int? = nil, units: Int = 1, cost: Double = 0,
    scratchFloats: Int = 0, body: @escaping Body
  ) {
    self.name = name
    self.kernel = kernel
    self.reads = reads
    self.writes = [write]
    self.inPlace = inPlace
    self.units = units
    self.cost = cost
    self.scratchFloats = scratchFloats
    self.body = body
    checkedBody = nil
  }

  init(name: Name, kernel: StaticString, reads: [Int], writes: [Int], checkedBody: @escaping (Slots) throws(DLError) -> Void) {
    self.name = name
    self.kernel = kernel
    self.reads = reads
    self.writes = writes
    self.checkedBody = checkedBody
    inPlace = nil
    units = 1
    cost = 0
    scratchFloats = 0
    body = { _, _, _, _ in }
  }
}

extension UnsafeMutableRawPointer {
  fileprivate var floats: UnsafeMutablePointer<Float> { assumingMemoryBound(to: Float.self) }
}

extension Storage {
  fileprivate var floats: UnsafePointer<Float> { base.assumingMemoryBound(to: Float.self) }
}

/// Makes the steps of a program's nodes for the sizes of one plan.
struct StepBuilder {
  let kernels: KernelSet
  /// Type and layout of each program value.
  let types: [SizedType]
  let layouts: [Layout]
  let sizes: [[Int]]

  init(kernels: KernelSet, types: [SizedType], layouts: [Layout]) {
    self.kernels = kernels
    self.types = types
    self.layouts = layouts
    sizes = types.map { $0.sizes }
  }

  /// No steps when the output is only another view of the first input.
  func steps(_ node: ProgramNode) -> [Step] {
    let x = node.inputs[0]
    switch node.operation {
    case .view: return []
    case .conv(let panels, let layer):
      return [conv(node, panels, layer)]
    case .gemm(let panels, let depth, let columns):
      return [gemm(node, panels, depth, columns)]
    case .pool(let kind, let geometry):
      return [pool(node, kind, placed(geometry, x, node.output))]
    case .globalPool(let kind):
      var geometry = WindowGeometry()
      geometry.kernelWidth = sizes[x][2...].reduce(1, *)
      geometry.inWidth = geometry.kernelWidth
      geometry.batch = sizes[x][0]
      setChannels(&geometry, sizes[x][1])
      return [pool(node, kind, geometry)]
    case .activate(let activation):
      return [activate(node, activation)]
    case .unary(let function):
      return [unary(node, function)]
    case .softmax(let axis):
      return [softmax(node, axis)]
    case .localResponseNorm(let size, let alpha, let beta, let bias):
      return [localResponseNorm(node, size, alpha, beta, bias)]
    case .affine(let parameters, let channels):
      return affine(node, parameters, channels)
    case .binary(let function):
      return [binary(node, function)]
    case .concat(let axis):
      return concat(node, axis)
    case .changeLayout(let from, _):
      return changeLayout(node, from)
    case .reference:
      return reference(node)
    }
  }

  /// Whether the output is the same memory as the first input.
  func isView(_ node: ProgramNode) -> Bool {
    switch node.operation {
    case .view: return true
    case .changeLayout:
      // One channel, or one pixel: both layouts are the same.
      let s = sizes[node.output]
      return s[1] == 1 || s[2...].allSatisfy { $0 == 1 }
    default: return false
    }
  }

  private func count(_ value: Int) -> Int { sizes[value].reduce(1, *) }

  /// As `count`, for costs, which may pass the range of Int.
  private func elements(_ value: Int) -> Double { sizes[value].reduce(1) { $0 * Double($1) } }

  private func setChannels(_ geometry: inout WindowGeometry, _ channels: Int) {
    geometry.channels = channels
    geometry.inPixelStride = channels
    geometry.outPixelStride = channels
  }

  /// A window's geometry with the sizes of its images.
  private func placed(_ geometry: WindowGeometry, _ x: Int, _ y: Int) -> WindowGeometry {
    var g = geometry
    let i = sizes[x]
    let o = sizes[y]
    g.batch = i[0]
    g.inWidth = i[i.count - 1]
    g.outWidth = o[o.count - 1]
    g.inHeight = i.count == 4 ? i[2] : 1
    g.outHeight = o.count == 4 ? o[2] : 1
    setChannels(&g, i[1])
    g.outPixelStride = o[1]
    return g
  }

  private func conv(_ node: ProgramNode, _ panels: Storage, _ layer: ConvLayer) -> Step {
    let x = node.inputs[0]
    let y = node.output
    let residual = node.epilogue.residual
    let plan = kernels.planConv(layer, placed(layer.window, x, y), residual == nil ? 0 : layer.outChannels)
    let kernel = kernels.conv
    let null = UnsafeMutablePointer<Float>(bitPattern: 64)!
    let template = ConvCall(
      plan: plan, x: null, panels: panels.floats, y: null, activation: node.epilogue.activation, scratch: null)
    let window = layer.window
    let name: StaticString =
      switch layer.algorithm {
      case .direct: "conv"
      case .depthwise: "depthwise_conv"
      case .winograd: "winograd_conv"
      }
    return Step(
      name: node.name, kernel: name, reads: [x] + (residual.map { [$0] } ?? []), write: y,
      inPlace: residual == nil || layer.algorithm == .depthwise ? nil : 1, units: plan.units,
      cost: 2 * elements(y) * Double(window.kernelHeight * window.kernelWidth * (window.channels / layer.groups)),
      scratchFloats: plan.scratch
    ) { slots, scratch, units, worker in
      var call = template
      call.x = UnsafePointer(slots[x].floats)
      call.y = slots[y].floats
      call.residual = residual.map { UnsafePointer(slots[$0].floats) }
      call.scratch = scratch
      kernel(call, units, worker)
    }
  }

  private func gemm(_ node: ProgramNode, _ panels: Storage, _ depth: Int, _ columns: Int) -> Step {
    let x = node.inputs[0]
    let y = node.output
    let residual = node.epilogue.residual
    let rows = count(x) / depth
    let kernel = kernels.gemm
    let null = UnsafeMutablePointer<Float>(bitPattern: 64)!
    var template = GemmCall(
      rows: rows, depth: depth, columns: columns, x: null, xStride: depth, panels: panels.floats, y: null, yStride: columns,
      activation: node.epilogue.activation)
    let isWhole = residual.map { count($0) == count(y) } ?? false
    template.residualStride = isWhole ? columns : 0
    let call = template
    return Step(
      name: node.name, kernel: "gemm", reads: [x] + (residual.map { [$0] } ?? []), write: y, inPlace: isWhole ? 1 : nil,
      units: kernels.gemmUnits(call), cost: 2 * Double(rows) * Double(depth) * Double(columns)
    ) { slots, _, units, _ in
      var call = call
      call.x = UnsafePointer(slots[x].floats)
      call.y = slots[y].floats
      call.residual = residual.map { UnsafePointer(slots[$0].floats) }
      kernel(call, units)
    }
  }

  private func pool(_ node: ProgramNode, _ kind: PoolCall.Kind, _ geometry: WindowGeometry) -> Step {
    let x = node.inputs[0]
    let y = node.output
    let kernel = kernels.pool
    return Step(
      name: node.name, kernel: "pool", reads: [x], write: y, units: geometry.batch * geometry.outHeight,
      cost: elements(y) * Double(geometry.kernelHeight) * Double(geometry.kernelWidth)
    ) { slots, _, units, _ in
      kernel(PoolCall(kind: kind, geometry: geometry, x: slots[x].floats, y: slots[y].floats), units)
    }
  }

  /// A kernel over `rows` rows of `columns` floats, in and out, cut into blocks of rows.
  private func byRows(
    _ node: ProgramNode, _ kernel: StaticString, rows: Int, columns: Int, costEach: Double, inPlace: Bool,
    _ body: @escaping (_ rows: Int, _ offset: Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) -> Step {
    let x = node.inputs[0]
    let y = node.output
    let block = max(1, 4096 / max(columns, 1))
    return Step(
      name: node.name, kernel: kernel, reads: [x], write: y, inPlace: inPlace ? 0 : nil, units: (rows + block - 1) / block,
      cost: Double(rows) * Double(columns) * costEach
    ) { slots, _, units, _ in
      let first = units.lowerBound * block
      let last = min(units.upperBound * block, rows)
      body(last - first, first * columns, slots[x].floats + first * columns, slots[y].floats + first * columns)
    }
  }

  private func activate(_ node: ProgramNode, _ activation: Activation) -> Step {
    let kernel = kernels.activate
    return byRows(node, "activation", rows: count(node.output), columns: 1, costEach: 8, inPlace: true) { rows, _, x, y in
      kernel(activation, rows, x, y)
    }
  }

  private func unary(_ node: ProgramNode, _ function: UnaryFunction) -> Step {
    let kernel = kernels.unary
    return byRows(node, function.name, rows: count(node.output), columns: 1, costEach: 8, inPlace: true) { rows, _, x, y in
      kernel(function, rows, x, y)
    }
  }

  /// Rows and columns of a value of images or of rows: channels-last images are rows of channels.
  private func channelRows(_ value: Int) -> (rows: Int, channels: Int) {
    let s = sizes[value]
    return (count(value) / max(s[1], 1), s[1])
  }

  private func softmax(_ node: ProgramNode, _ axis: Int) -> Step {
    let kernel = kernels.softmax
    let columns = sizes[node.output][axis]
    return byRows(node, "softmax", rows: count(node.output) / max(columns, 1), columns: columns, costEach: 20, inPlace: true) {
      rows, _, x, y in kernel(rows, columns, x, y)
    }
  }

  private func localResponseNorm(_ node: ProgramNode, _ size: Int, _ alpha: Float, _ beta: Float, _ bias: Float) -> Step {
    let kernel = kernels.localResponseNorm
    let (rows, channels) = channelRows(node.output)
    return byRows(node, "local_response_norm", rows: rows, columns: channels, costEach: 30, inPlace: false) { rows, _, x, y in
      kernel(rows, channels, size, alpha, beta, bias, x, y)
    }
  }

  private func affine(_ node: ProgramNode, _ parameters: Storage, _ channels: Int) -> [Step] {
    let kernel = kernels.binary
    let (rows, _) = channelRows(node.output)
    let scale = byRows(node, "scale", rows: rows, columns: channels, costEach: 1, inPlace: true) { rows, _, x, y in
      kernel(
        BinaryCall(
          .multiply, rows: rows, columns: channels, a: x, aRow: channels, aColumn: 1, b: parameters.floats, bRow: 0, bColumn: 1,
          y: y))
    }
    let second = ProgramNode(
      name: node.name, op: node.op, operation: node.operation, inputs: [node.output], outputs: [node.output])
    let shift = byRows(second, "shift", rows: rows, columns: channels, costEach: 1, inPlace: true) { rows, _, x, y in
      kernel(
        BinaryCall(
          .add, rows: rows, columns: channels, a: x, aRow: channels, aColumn: 1, b: parameters.floats + channels, bRow: 0,
          bColumn: 1, y: y))
    }
    return [scale, shift]
  }

  private func binary(_ node: ProgramNode, _ function: BinaryFunction) -> Step {
    let kernel = kernels.binary
    let (x, b) = (node.inputs[0], node.inputs[1])
    let y = node.output
    let walk = BroadcastWalk(sizes[y], order: memoryOrder(node, sizes[y].count), strides(x, node), strides(b, node))
    // Only what is as large as the output can be written over.
    let inPlace = x == b ? nil : count(x) == count(y) ? 0 : count(b) == count(y) ? 1 : nil
    return Step(
      name: node.name, kernel: function.name, reads: [x, b], write: y, inPlace: inPlace, units: walk.units, cost: elements(y)
    ) { slots, _, units, _ in
      walk.run(function, units, slots[x].floats, slots[b].floats, slots[y].floats, kernel)
    }
  }

  /// Elements from one place of each axis of the node's output to the next in an input broadcast to it, in the model's order of
  /// axes.
  private func strides(_ input: Int, _ node: ProgramNode) -> [Int] {
    let s = sizes[input]
    let rank = sizes[node.output].count
    var strides = Array(repeating: 0, count: rank)
    let order = layouts[input] == .channelsLast ? [0] + Array(2..<s.count) + [1] : Array(s.indices)
    var step = 1
    for axis in order.reversed() {
      if s[axis] != 1 { strides[rank - s.count + axis] = step }
      step *= s[axis]
    }
    return strides
  }

  /// One step for each input: its rows go into a slice of the output's rows.
  private func concat(_ node: ProgramNode, _ axis: Int) -> [Step] {
    let y = node.output
    let kernel = kernels.activate
    let order = memoryOrder(node, sizes[y].count)
    guard let position = order.firstIndex(of: axis) else { return [] }
    let outer = order[..<position].reduce(1) { $0 * sizes[y][$1] }
    let inner = order[(position + 1)...].reduce(1) { $0 * sizes[y][$1] }
    let pitch = sizes[y][axis] * inner
    var steps: [Step] = []
    var offset = 0
    for x in node.inputs {
      let width = sizes[x][axis] * inner
      let start = offset
      offset += width
      steps.append(
        Step(name: node.name, kernel: "concat", reads: [x], write: y, units: outer, cost: elements(x)) { slots, _, units, _ in
          for row in units {
            kernel(.identity, width, slots[x].floats + row * width, slots[y].floats + row * pitch + start)
          }
        })
    }
    return steps
  }

  /// The dimensions from outermost to innermost in memory.
  private func memoryOrder(_ node: ProgramNode, _ rank: Int) -> [Int] {
    guard layouts[node.output] == .channelsLast else { return Array(0..<rank) }
    return [0] + Array(2..<rank) + [1]
  }

  private func changeLayout(_ node: ProgramNode, _ from: Layout) -> [Step] {
    if isView(node) { return [] }
    let x = node.inputs[0]
    let y = node.output
    let kernel = kernels.transpose
    let channels = sizes[y][1]
    let pixels = sizes[y][2...].reduce(1, *)
    let (rows, columns) = from == .rowMajor ? (channels, pixels) : (pixels, channels)
    // Blocks along the longer side of an image's matrix, of whole squares of the kernel.
    let byRows = rows >= columns
    let (long, short) = byRows ? (rows, columns) : (columns, rows)
    let block = max(1, 16_384 / max(short, 1) / 16) * 16
    let blocks = (long + block - 1) / block
    return [
      Step(
        name: node.name, kernel: "transpose", reads: [x], write: y, units: sizes[y][0] * blocks, cost: elements(y)
      ) { slots, _, units, _ in
        for unit in units {
          let image = unit / blocks * rows * columns
          let first = unit % blocks * block
          let taken = min(block, long - first)
          let from = slots[x].floats + image + first * (byRows ? columns : 1)
          let to = slots[y].floats + image + first * (byRows ? 1 : rows)
          kernel(byRows ? taken : rows, byRows ? columns : taken, from, columns, to, rows)
        }
      }
    ]
  }

  private func reference(_ node: ProgramNode) -> [Step] {
    guard let op = node.op else { return [] }
    let inputs = node.inputs
    let outputs = node.outputs
    let types = types
    return [
      Step(
        name: node.name, kernel: "reference", reads: inputs.filter { $0 != Node.absent },
        writes: outputs.filter { $0 != Node.absent }
      ) { slots throws(DLError) in
        func buffer(_ value: Int) -> TensorBuffer? {
          value == Node.absent ? nil : TensorBuffer(slots[value], types[value].dtype, types[value].sizes)
        }
        var results = outputs.map { buffer($0) }
        try evaluateReference(op, inputs.map { buffer($0) }, &results)
      }
    ]
  }
}
