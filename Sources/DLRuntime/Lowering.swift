import CPlatform
import DLGraph
import KernelTypes

/// Turns a simplified graph into a program for one kernel set. memoryLimit: bytes of packed weights; 0: no limit. The graph
/// is taken, and each weight let go when it is packed: two copies of all would be the most memory a model ever takes.
func lower(
  _ graph: inout Graph, _ kernels: KernelSet, memoryLimit: Int, convolutions: ConvOptions
) throws(DLError) -> Program {
  var lowering = Lowering(graph: graph, kernels: kernels, memoryLimit: memoryLimit, convolutions: convolutions)
  graph = Graph()
  for node in lowering.graph.nodes {
    do { try lowering.lower(node) } catch { throw error.at("node \(node.name.quoted) (\(node.op.name))") }
    lowering.release(node.inputs)
  }
  for output in lowering.graph.outputs {
    lowering.program.outputs.append(lowering.value(output, in: .rowMajor))
  }
  lowering.program.removeDeadNodes()
  return lowering.program
}

struct Lowering {
  private(set) var graph: Graph
  let kernels: KernelSet
  let memoryLimit: Int
  let convolutions: ConvOptions
  let uses: [Int]
  /// Of these, those to come.
  private var usesLeft: [Int]
  /// What was packed of each graph value that nodes to come read too: they share it.
  private var packed: [[PackedWeights]]
  var program = Program()
  /// The node that computes each graph value.
  var producer: [Int?]
  /// The program value of each graph value, in the layouts it is needed in.
  var rowMajor: [Int?]
  var channelsLast: [Int?]

  init(graph: Graph, kernels: KernelSet, memoryLimit: Int, convolutions: ConvOptions) {
    self.graph = graph
    self.kernels = kernels
    self.memoryLimit = memoryLimit
    self.convolutions = convolutions
    uses = countUses(graph)
    usesLeft = uses
    packed = graph.values.map { _ in [] }
    producer = graph.values.map { _ in nil }
    rowMajor = producer
    channelsLast = producer
    for (n, node) in graph.nodes.enumerated() {
      for output in node.outputs where output != Node.absent { producer[output] = n }
    }
    for (i, input) in graph.inputs.enumerated() {
      program.inputs.append(define(input, .rowMajor, .input(i)))
    }
  }

  /// Lets go of the constants that no node to come reads.
  mutating func release(_ values: [Int]) {
    for value in values where value != Node.absent {
      usesLeft[value] -= 1
      guard usesLeft[value] == 0, let constant = graph.values[value].constant else { continue }
      constant.discardPages()
      packed[value] = []
      graph.values[value].constant = nil
    }
  }

  // MARK: values

  mutating func define(_ value: Int, _ layout: Layout, _ source: Source) -> Int {
    let v = graph.values[value]
    program.values.append(ProgramValue(name: v.name, type: v.type, layout: layout, source: source))
    switch layout {
    case .rowMajor: rowMajor[value] = program.values.count - 1
    case .channelsLast: channelsLast[value] = program.values.count - 1
    }
    return program.values.count - 1
  }

  /// The program value of a graph value in a layout, which is converted to if need be.
  mutating func value(_ value: Int, in layout: Layout) -> Int {
    if let found = layout == .rowMajor ? rowMajor[value] : channelsLast[value] { return found }
    if rowMajor[value] == nil, let constant = graph.values[value].constant {
      let made = define(value, .rowMajor, .constant(constant))
      if layout == .rowMajor { return made }
    }
    let other: Layout = layout == .rowMajor ? .channelsLast : .rowMajor
    let from = (layout == .rowMajor ? channelsLast[value] : rowMajor[value]) ?? 0
    let to = define(value, layout, .node(program.nodes.count))
    program.nodes.append(
      ProgramNode(
        name: graph.values[value].name, op: nil, operation: .changeLayout(from: other, to: layout), inputs: [from], outputs: [to])
    )
    return to
  }

  mutating func emit(_ node: Node, _ operation: Operation, _ inputs: [Int], _ layout: Layout) {
    var outputs: [Int] = []
    for output in node.outputs {
      outputs.append(output == Node.absent ? output : define(output, layout, .node(program.nodes.count)))
    }
    program.nodes.append(ProgramNode(name: node.name, op: node.op, operation: operation, inputs: inputs, outputs: outputs))
  }

  mutating func reference(_ node: Node) {
    let inputs = node.inputs.map { $0 == Node.absent ? $0 : value($0, in: .rowMajor) }
    emit(node, .reference, inputs, .rowMajor)
  }

  // MARK: operations

  mutating func lower(_ node: Node) throws(DLError) {
    switch node.op {
    case .concat(let axis): return try concat(node, axis)
    case .split(let axis, _): return try split(node, axis)
    case .flatten, .reshape, .squeeze, .unsqueeze:
      return emit(node, .view, [value(node.inputs[0], in: .rowMajor)] + parameters(node), .rowMajor)
    case .transpose(let permutation): return transpose(node, permutation)
    case .reduce(let reduction, let axes, let keepsAxes, let noAxesIsIdentity):
      return try reduce(node, reduction, axes, keepsAxes: keepsAxes, noAxesIsIdentity: noAxesIsIdentity)
    case .resize(let resize): return self.resize(node, resize)
    case .gridSample(let sample) where 3...5 ~= graph.values[node.inputs[0]].type.rank: return sampled(node, .gridSample(sample))
    case .roiMaxPool(_, _, let scale): return sampled(node, .roiMaxPool(scale: scale))
    case .roiAlign(let align) where !align.isMaximum: return sampled(node, .roiAlign(align))
    case .select where graph.values[node.inputs[1]].type.dtype.size == 4:
      return emit(node, .select, node.inputs.map { value($0, in: .rowMajor) }, .rowMajor)
    case .cast(.f32) where [.u8, .bool].contains(graph.values[node.inputs[0]].type.dtype):
      return emit(node, .widenBytes, [value(node.inputs[0], in: .rowMajor)], .rowMajor)
    default: if move(node) { return }
    }
    for input in node.inputs where input != Node.absent {
      // The kernels compute in f32; other types are widened by the reference.
      if graph.values[input].type.dtype != .f32 { return reference(node) }
    }
    if node.outputs.count > 1 { return reference(node) }
    let x = node.inputs[0]
    let rank = graph.values[x].type.rank
    let isImage = rank == 3 || rank == 4
    switch node.op {
    case .conv(let window, let groups):
      try conv(node, window, groups)
    case .convTranspose(let window, let groups, _):
      try convTranspose(node, window, groups)
    case .gemm(let transposeA, let transposeB):
      try gemm(node, transposeA, transposeB)
    case .maxPool(let kernel, let window) where isImage:
      guard let window = explicit(window, kernel, x) else { return reference(node) }
      emit(node, .pool(.max, geometry(kernel, window)), [value(x, in: .channelsLast)], .channelsLast)
    case .averagePool(let kernel, let window, let countPadding) where isImage:
      guard let window = explicit(window, kernel, x) else { return reference(node) }
      let kind = PoolCall.Kind.average(countPadding: countPadding)
      emit(node, .pool(kind, geometry(kernel, window)), [value(x, in: .channelsLast)], .channelsLast)
    case .maxPool(let kernel, let window) where rank == 5:
      poolVolumes(node, .max, kernel, window)
    case .averagePool(let kernel, let window, let countPadding) where rank == 5:
      poolVolumes(node, .average(countPadding: countPadding), kernel, window)
    case .globalMaxPool:
      emit(node, .globalPool(.max), [value(x, in: .channelsLast)], .channelsLast)
    case .globalAveragePool:
      emit(node, .globalPool(.average(countPadding: false)), [value(x, in: .channelsLast)], .channelsLast)
    case .matmul:
      try matmul(node)
    case .einsum where node.inputs.count == 2:
      contraction(node)
    case .activation(let activation):
      if !fuse(activation, node) { elementwise(node, .activate(activation)) }
    case .unary(let function) where function.hasKernel:
      elementwise(node, .unary(function))
    case .softmax(let axis):
      let axis = try resolveAxis(axis, rank: rank)
      // The innermost dimension in memory: the last, or the channels of images.
      if axis == rank - 1 {
        emit(node, .softmax(axis: axis), [value(x, in: .rowMajor)], .rowMajor)
      } else if axis == 1 {
        emit(node, .softmax(axis: axis), [value(x, in: .channelsLast)], .channelsLast)
      } else {
        reference(node)
      }
    case .logSoftmax(let axis): try normalise(node, .logSoftmax, axis)
    case .lpNormalise(let axis, let p) where p == 2: try normalise(node, .l2, axis)
    case .layerNorm(let axis, let epsilon): try normalise(node, .layer(epsilon: epsilon), axis)
    case .rmsNorm(let axis, let epsilon): try normalise(node, .rms(epsilon: epsilon), axis)
    case .argMax(let axis, _, last: false): try argExtreme(node, axis, isMaximum: true)
    case .argMin(let axis, _, last: false): try argExtreme(node, axis, isMaximum: false)
    case .instanceNorm(let epsilon):
      channelNorm(node, nil, epsilon)
    case .groupNorm(let groups, let epsilon):
      channelNorm(node, groups, epsilon)
    case .localResponseNorm(let size, let alpha, let beta, let bias):
      let operation = Operation.localResponseNorm(size: size, alpha: alpha, beta: beta, bias: bias)
      emit(node, operation, [value(x, in: .channelsLast)], .channelsLast)
    case .batchNorm(let epsilon):
      try batchNorm(node, epsilon)
    case .binary(let function):
      binary(node, function)
    default:
      reference(node)
    }
  }

  /// The window with explicit padding, if that follows from what is known of x.
  func explicit(_ window: Window, _ kernel: [Int], _ x: Int) -> Window? {
    if window.rule == .explicit && !window.ceil { return window }
    let dims = graph.values[x].type.dims.dropFirst(2)
    guard let sizes = TensorType(.f32, Array(dims)).sizes else { return nil }
    return window.resolved(kernel: kernel, sizes: sizes)
  }

  private mutating func conv(_ node: Node, _ window: Window, _ groups: Int) throws(DLError) {
    guard let w = graph.values[node.inputs[1]].constant, 3...5 ~= w.sizes.count, w.count > 0, biasIsConstant(node),
      let window = explicit(window, Array(w.sizes[2...]), node.inputs[0])
    else { return reference(node) }
    let bias = bias(node)
    var geometry = geometry(Array(w.sizes[2...]), window)
    geometry.channels = w.sizes[1] * groups
    let kernels = kernels
    let output = graph.values[node.outputs[0]].type.dims
    geometry.outWidth = output.last?.size ?? 0
    geometry.outHeight = output.count > 3 ? output[output.count - 2].size ?? 0 : 1
    var layer = kernels.convLayer(geometry, groups, w.sizes[0], convolutions)
    let together = layer.algorithm == .depthwise ? 1 : groupsTogether(groups, outputs: w.sizes[0] / groups)
    var joined: Storage?
    if together > 1 {
      layer = kernels.convLayer(geometry, groups / together, w.sizes[0], convolutions)
      joined = try joinGroups(w, groups, together)
    }
    let panels = try pack(node, .conv(layer), layer.packedSize) { panels in
      withExtendedLifetime(joined) { kernels.packConv(layer, joined?.floats ?? w.floats.baseAddress!, bias, panels) }
    }
    emit(
      node, .conv(panels, layer), [value(node.inputs[0], in: .channelsLast)] + packedParameters(node),
      .channelsLast)
  }

  /// How many groups of a convolution fill a vector with their outputs. As one group, computed directly, they take as many
  /// multiplications of vectors and as much memory as each padded for itself, and fewer calls. An infinite input then meets the
  /// zeros of the other groups' filters and makes their outputs NaN; exact models and those of low memory do without.
  private func groupsTogether(_ groups: Int, outputs: Int) -> Int {
    if convolutions.exact || convolutions.lowMemory { return 1 }
    var together = max(1, min(groups, kernels.lanes / max(outputs, 1)))
    while groups % together != 0 { together -= 1 }
    return together
  }

  /// [filters][channels of a group][kernel] as if `together` groups were one: with zeros for the channels of the others.
  private func joinGroups(_ w: Constant, _ groups: Int, _ together: Int) throws(DLError) -> Storage {
    let filters = w.sizes[0]
    let filter = w.count / filters
    return try Storage.allocate(w.count * together * 4) { memory in
      let to = memory.baseAddress!.assumingMemoryBound(to: Float.self)
      to.initialize(repeating: 0, count: w.count * together)
      for n in 0..<filters {
        let place = n / (filters / groups) % together
        (to + (n * together + place) * filter).update(from: w.floats.baseAddress! + n * filter, count: filter)
      }
    }
  }

  private mutating func gemm(_ node: Node, _ transposeA: Bool, _ transposeB: Bool) throws(DLError) {
    guard !transposeA, let w = graph.values[node.inputs[1]].constant, w.count > 0, biasIsConstant(node) else {
      return contraction(node)
    }
    let bias = bias(node)
    let depth = w.sizes[transposeB ? 1 : 0]
    let columns = w.sizes[transposeB ? 0 : 1]
    var inputs = [value(node.inputs[0], in: .rowMajor)] + packedParameters(node)
    let (kStride, nStride) = transposeB ? (1, depth) : (columns, 1)
    var matrix = WeightMatrix(
      w: w.floats.baseAddress!, inner: depth, columns: columns, innerStride: kStride, columnStride: nStride)
    // Flattened images are read in memory order; the rows of the weights move instead of the pixels.
    if let (image, channels) = flattenedImage(node.inputs[0], depth) {
      let pixels = depth / channels
      (matrix.outer, matrix.inner) = (pixels, channels)
      (matrix.outerStride, matrix.innerStride) = (kStride, pixels * kStride)
      inputs[0] = view(of: image, as: node.inputs[0])
    }
    let kernels = kernels
    let panels = try pack(node, .matrix(matrix), kernels.packedSize(depth, columns)) { kernels.pack(matrix, bias, $0) }
    emit(node, .gemm(panels, depth: depth, columns: columns), inputs, .rowMajor)
  }

  /// A product of two computed tensors.
  private mutating func contraction(_ node: Node) {
    guard node.inputs.count >= 2 else { return reference(node) }
    emit(node, .contraction, node.inputs.map { $0 == Node.absent ? $0 : value($0, in: .rowMajor) }, .rowMajor)
  }

  /// Rows along all but the last axis times a constant matrix.
  private mutating func matmul(_ node: Node) throws(DLError) {
    guard graph.values[node.inputs[0]].type.rank >= 2, let w = graph.values[node.inputs[1]].constant, w.sizes.count == 2,
      w.count > 0
    else { return contraction(node) }
    let (depth, columns) = (w.sizes[0], w.sizes[1])
    let kernels = kernels
    let matrix = WeightMatrix(w: w.floats.baseAddress!, inner: depth, columns: columns, innerStride: columns, columnStride: 1)
    let panels = try pack(node, .matrix(matrix), kernels.packedSize(depth, columns)) { kernels.pack(matrix, nil, $0) }
    emit(
      node, .gemm(panels, depth: depth, columns: columns), [value(node.inputs[0], in: .rowMajor)] + packedParameters(node),
      .rowMajor)
  }

  /// When a value is images that lie channels-last, flattened to rows of `depth`: those images, and their channels.
  private func flattenedImage(_ value: Int, _ depth: Int) -> (image: Int, channels: Int)? {
    guard let n = producer[value] else { return nil }
    switch graph.nodes[n].op {
    case .flatten, .reshape: break
    default: return nil
    }
    let x = graph.nodes[n].inputs[0]
    let dims = graph.values[x].type.dims
    guard let image = channelsLast[x], rowMajor[x] == nil || isConverted(x), dims.count >= 3,
      let sizes = TensorType(.f32, Array(dims[1...])).sizes, elementCount(sizes) == depth
    else { return nil }
    return (image, sizes[0])
  }

  /// Whether the row-major form of a value is made from its channels-last form.
  private func isConverted(_ value: Int) -> Bool {
    guard let rowMajor = rowMajor[value], case .node(let n) = program.values[rowMajor].source else { return false }
    if case .changeLayout = program.nodes[n].operation { return true }
    return false
  }

  /// The elements of a program value in memory order under the shape of a graph value.
  private mutating func view(of source: Int, as value: Int) -> Int {
    let v = graph.values[value]
    program.values.append(ProgramValue(name: v.name, type: v.type, layout: .rowMajor, source: .node(program.nodes.count)))
    let output = program.values.count - 1
    let op = graph.nodes[producer[value] ?? 0].op
    program.nodes.append(ProgramNode(name: v.name, op: op, operation: .view, inputs: [source], outputs: [output]))
    return output
  }

  /// The inputs after the first.
  mutating func parameters(_ node: Node) -> [Int] {
    node.inputs.dropFirst().map { $0 == Node.absent ? $0 : value($0, in: .rowMajor) }
  }

  /// The same where only their packed form is read.
  private mutating func packedParameters(_ node: Node) -> [Int] {
    node.inputs.dropFirst().map { input in
      guard input != Node.absent else { return input }
      let v = graph.values[input]
      program.values.append(ProgramValue(name: v.name, type: v.type, layout: .rowMajor, source: .packed))
      return program.values.count - 1
    }
  }

  private func hasBias(_ node: Node) -> Bool { node.inputs.count > 2 && node.inputs[2] != Node.absent }

  /// Whether the node has no bias, or a constant one.
  func biasIsConstant(_ node: Node) -> Bool { !hasBias(node) || graph.values[node.inputs[2]].constant != nil }

  func bias(_ node: Node) -> UnsafePointer<Float>? {
    hasBias(node) ? graph.values[node.inputs[2]].constant?.floats.baseAddress : nil
  }

  /// The weights of a node, packed in a form for kernels; once for all nodes that read them with the same bias.
  private mutating func pack(
    _ node: Node, _ form: PackedWeights.Form, _ floats: Int, _ fill: (UnsafeMutablePointer<Float>) -> Void
  ) throws(DLError) -> Storage {
    let weights = node.inputs[1]
    let bias = hasBias(node) ? node.inputs[2] : Node.absent
    if let known = packed[weights].first(where: { $0.form == form && $0.bias == bias }) { return known.storage }
    let storage = try pack(floats, fill)
    if usesLeft[weights] > 1 { packed[weights].append(PackedWeights(form: form, bias: bias, storage: storage)) }
    return storage
  }

  mutating func pack(_ floats: Int, _ fill: (UnsafeMutablePointer<Float>) -> Void) throws(DLError) -> Storage {
    let (bytes, overflow) = floats.multipliedReportingOverflow(by: 4)
    if overflow { throw DLError(.outOfMemory, "packed weights of more bytes than there are addresses") }
    if memoryLimit > 0, bytes > memoryLimit - program.packedBytes {
      throw DLError(
        .memoryLimit, "packed weights take \(program.packedBytes) and \(bytes) more bytes, the limit is \(memoryLimit)")
    }
    let storage = try Storage.allocate(bytes) { memory in
      dlp_prepare_pages(memory.baseAddress, bytes, true)
      fill(memory.baseAddress!.assumingMemoryBound(to: Float.self))
    }
    program.packedBytes += storage.byteCount
    return storage
  }

  private mutating func batchNorm(_ node: Node, _ epsilon: Float) throws(DLError) {
    guard let affine = Affine(graph, node.inputs, epsilon: epsilon) else { return reference(node) }
    let values = affine.scale + affine.shift
    let packed = try pack(values.count) { memory in for i in values.indices { memory[i] = values[i] } }
    let layout: Layout = graph.values[node.inputs[0]].type.rank == 2 ? .rowMajor : .channelsLast
    let inputs = [value(node.inputs[0], in: layout)] + packedParameters(node)
    emit(node, .affine(packed, channels: affine.scale.count), inputs, layout)
  }

  /// The fields that kernel and window give; one spatial axis is an image of height 1.
  func geometry(_ kernel: [Int], _ window: Window) -> WindowGeometry {
    var g = WindowGeometry()
    let last = kernel.count - 1
    g.kernelWidth = kernel[last]
    g.strideWidth = window.strides[last]
    g.dilationWidth = window.dilations[last]
    g.padLeft = window.padBegin[last]
    g.padRight = window.padEnd[last]
    if last > 0 {
      g.kernelHeight = kernel[last - 1]
      g.strideHeight = window.strides[last - 1]
      g.dilationHeight = window.dilations[last - 1]
      g.padTop = window.padBegin[last - 1]
      g.padBottom = window.padEnd[last - 1]
    }
    if last > 1 {
      g.kernelDepth = kernel[0]
      g.strideDepth = window.strides[0]
      g.dilationDepth = window.dilations[0]
      g.padFront = window.padBegin[0]
      g.padBack = window.padEnd[0]
    }
    return g
  }
}

/// Weights in a form for kernels, with the bias that is packed with them.
private struct PackedWeights {
  enum Form: Equatable {
    case conv(ConvLayer)
    case matrix(WeightMatrix)
  }
  var form: Form
  /// A graph value.
  var bias: Int
  var storage: Storage
}
