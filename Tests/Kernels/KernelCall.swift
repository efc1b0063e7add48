import DLGraph
import DLRuntime
import KernelTypes
import TestSupport

/// The kernel sets this processor can run.
let kernelSets = availableKernels()

/// Floats between two guard bands that must come back untouched.
final class Guarded {
  static let band = 64
  /// A NaN with a payload no kernel makes.
  static let mark = Float(bitPattern: 0x7FD1_5EA5)
  let memory: UnsafeMutablePointer<Float>
  let count: Int

  /// All marks, so that floats never written are seen too.
  init(count: Int) {
    self.count = count
    memory = .allocate(capacity: count + 2 * Self.band)
    memory.initialize(repeating: Self.mark, count: count + 2 * Self.band)
  }
  convenience init(_ values: [Float]) {
    self.init(count: values.count)
    for (i, v) in values.enumerated() { base[i] = v }
  }
  deinit { memory.deallocate() }

  var base: UnsafeMutablePointer<Float> { memory + Self.band }
  var values: [Float] { (0..<count).map { base[$0] } }

  private func isMarked(_ i: Int) -> Bool { memory[i].bitPattern == Self.mark.bitPattern }
  var bandsIntact: Bool {
    (0..<Self.band).allSatisfy { isMarked($0) && isMarked(Self.band + count + $0) }
  }
  /// Whether float i was never written.
  func untouched(_ i: Int) -> Bool { isMarked(Self.band + i) }
}

/// How a case is run: in which slices of units, and how far pixels lie apart.
struct Manner {
  /// Units handed over at a time; nil: all.
  var slice: Int?
  /// Floats added between pixels of x and y, as when they are channel slices of a wider tensor.
  var inGap = 0, outGap = 0
  /// Floats added between pixels of a residual; nil: there is none.
  var residualGap: Int?
  /// The algorithm of a convolution, where it fits; nil: the exact one.
  var algorithm: ConvAlgorithm?
  var activation = Activation.identity
  /// Whether of the outputs of a convolution, by Winograd's algorithm, the largest of each 2×2 are stored.
  var pools = false
  /// That a convolution is planned for.
  var threads = 1

  /// The ranges a count of units is cut into, the last first so that order is tested too.
  func ranges(_ units: Int) -> [Range<Int>] {
    guard let slice else { return [0..<units] }
    return stride(from: 0, to: units, by: slice).map { $0..<min(units, $0 + slice) }.reversed()
  }
}

/// NCHW values as NHWC with `gap` floats after each pixel, which a kernel must neither read nor write.
func channelsLast(_ values: [Float], _ sizes: [Int], gap: Int) -> Guarded {
  let (n, c, pixels) = (sizes[0], sizes[1], sizes[2...].reduce(1, *))
  let result = Guarded(count: n * pixels * (c + gap))
  for i in 0..<n {
    for k in 0..<c {
      for p in 0..<pixels { result.base[(i * pixels + p) * (c + gap) + k] = values[(i * c + k) * pixels + p] }
    }
  }
  return result
}

/// Back to NCHW; nil if a gap or a band was written.
func channelsFirst(_ y: Guarded, _ sizes: [Int], gap: Int) -> [Float]? {
  let (n, c, pixels) = (sizes[0], sizes[1], sizes[2...].reduce(1, *))
  guard y.bandsIntact else { return nil }
  var result = [Float](repeating: 0, count: n * c * pixels)
  for i in 0..<n {
    for p in 0..<pixels {
      for k in 0..<c { result[(i * c + k) * pixels + p] = y.base[(i * pixels + p) * (c + gap) + k] }
      for k in c..<c + gap where !y.untouched((i * pixels + p) * (c + gap) + k) { return nil }
    }
  }
  return result
}

/// The geometry of a window over x, of one to three spatial axes; nil for more.
func geometry(_ kernel: [Int], _ window: Window, _ x: [Int], _ y: [Int], inGap: Int, outGap: Int) -> WindowGeometry? {
  let window = window.resolved(kernel: kernel, sizes: Array(x[2...]))
  guard 3...5 ~= x.count else { return nil }
  func axes<List: Sequence<Int>>(_ list: List, missing: Int = 1) -> (Int, Int, Int) {
    let list = [missing, missing] + list
    return (list[list.count - 3], list[list.count - 2], list[list.count - 1])
  }
  var g = WindowGeometry()
  g.batch = x[0]
  (g.inDepth, g.inHeight, g.inWidth) = axes(x[2...])
  (g.outDepth, g.outHeight, g.outWidth) = axes(y[2...])
  (g.kernelDepth, g.kernelHeight, g.kernelWidth) = axes(kernel)
  (g.strideDepth, g.strideHeight, g.strideWidth) = axes(window.strides)
  (g.dilationDepth, g.dilationHeight, g.dilationWidth) = axes(window.dilations)
  (g.padFront, g.padTop, g.padLeft) = axes(window.padBegin, missing: 0)
  (g.padBack, g.padBottom, g.padRight) = axes(window.padEnd, missing: 0)
  g.channels = x[1]
  g.inPixelStride = x[1] + inGap
  g.outPixelStride = y[1] + outGap
  return g
}

/// Runs a case on the kernels of a set. Nil where the set has no kernel for it; an empty array if memory outside the
/// output was written.
func run(_ c: OpCase, _ set: KernelSet, _ manner: Manner = Manner()) throws -> [Float]? {
  guard c.isF32 else { return nil }
  let sizes = try c.outputSizes()
  let x = c.values(0)
  switch c.op {
  case .conv(let window, let groups):
    let kernel = Array(c.inputs[1][2...])
    guard let g = geometry(kernel, window, c.inputs[0], sizes, inGap: manner.inGap, outGap: manner.outGap) else { return nil }
    return try runConv(c, g, groups, sizes, set, manner)
  case .maxPool(let kernel, let window):
    return runPool(.max, kernel, window, c, sizes, set, manner)
  case .averagePool(let kernel, let window, let countPadding):
    return runPool(.average(countPadding: countPadding), kernel, window, c, sizes, set, manner)
  case .globalMaxPool:
    return runPool(.max, Array(c.inputs[0][2...]), Window(), c, sizes, set, manner)
  case .globalAveragePool:
    return runPool(.average(countPadding: false), Array(c.inputs[0][2...]), Window(), c, sizes, set, manner)
  case .gemm(let transposeA, let transposeB):
    return try runGemm(transposeA, transposeB, c, sizes, set, manner)
  case .activation(let activation):
    let y = Guarded(x)
    set.activate(activation, x.count, y.base, y.base)
    return y.bandsIntact ? y.values : []
  case .softmax(let axis):
    guard axis == sizes.count - 1 || axis == -1 else { return nil }
    let y = Guarded(count: x.count)
    let input = Guarded(x)
    set.softmax(x.count / sizes[sizes.count - 1], sizes[sizes.count - 1], input.base, y.base)
    return y.bandsIntact ? y.values : []
  case .localResponseNorm(let size, let alpha, let beta, let bias):
    let input = channelsLast(x, sizes, gap: 0)
    let y = Guarded(count: x.count)
    set.localResponseNorm(x.count / sizes[1], sizes[1], size, alpha, beta, bias, input.base, y.base)
    return channelsFirst(y, sizes, gap: 0) ?? []
  case .binary(let function): return function.hasKernel ? runBinary(function, c, sizes, set) : nil
  case .unary(let function):
    guard function.hasKernel else { return nil }
    let y = Guarded(x)
    set.unary(function, x.count, y.base, y.base)
    return y.bandsIntact ? y.values : []
  default: return nil
  }
}

private func runConv(
  _ c: OpCase, _ g: WindowGeometry, _ groups: Int, _ sizes: [Int], _ set: KernelSet, _ manner: Manner
) throws -> [Float]? {
  let x = channelsLast(c.values(0), c.inputs[0], gap: manner.inGap)
  var g = g
  var sizes = sizes
  if manner.pools {
    g.poolsOutputs = true
    for axis in sizes.count - 2..<sizes.count { sizes[axis] /= 2 }
  }
  let y = Guarded(count: sizes[0] * sizes[2...].reduce(1, *) * g.outPixelStride)
  let w = Guarded(c.values(1))
  let bias = c.inputs.count > 2 ? Guarded(c.values(2)) : nil
  let layer = set.convLayer(g, groups, sizes[1], ConvOptions(exact: manner.algorithm == nil, forced: manner.algorithm))
  let panels = Guarded(count: layer.packedSize)
  set.packConv(layer, w.base, bias.map { UnsafePointer($0.base) }, panels.base)
  guard panels.bandsIntact else { return [] }
  let workers = 2
  let residual = try residual(c, manner)
  let plan = set.planConv(layer, g, manner.residualGap.map { sizes[1] + $0 } ?? 0, manner.threads)
  let scratch = Guarded(count: workers * plan.scratch)
  var call = ConvCall(
    plan: plan, x: x.base, panels: panels.base, y: y.base, residual: residual.map { UnsafePointer($0.base) },
    activation: manner.activation, scratch: scratch.count > 0 ? scratch.base : nil)
  // Asking for whatever it is changes nothing.
  (call.later, call.laterOfUnit) = (100, 5000)
  for (i, range) in manner.ranges(plan.units).enumerated() { set.conv(call, range, i % workers) }
  guard scratch.bandsIntact else { return [] }
  return channelsFirst(y, sizes, gap: manner.outGap) ?? []
}

/// What a case adds to its output when run with a residual: the sizes of the output, NCHW.
func residualValues(_ c: OpCase) throws -> [Float] {
  let count = try c.outputSizes().reduce(1, *)
  return (0..<count).map { Float($0 * 37 % 101) / 50 - 1 }
}

private func residual(_ c: OpCase, _ manner: Manner) throws -> Guarded? {
  guard let gap = manner.residualGap else { return nil }
  let sizes = try c.outputSizes()
  return channelsLast(try residualValues(c), sizes.count > 2 ? sizes : sizes + [1], gap: gap)
}

private func runPool(
  _ kind: PoolCall.Kind, _ kernel: [Int], _ window: Window, _ c: OpCase, _ sizes: [Int], _ set: KernelSet, _ manner: Manner
) -> [Float]? {
  guard kernel.count <= 2 else { return nil }
  let window = kernel.count == window.strides.count ? window : Window(axes: kernel.count)
  guard let g = geometry(kernel, window, c.inputs[0], sizes, inGap: manner.inGap, outGap: manner.outGap) else { return nil }
  let x = channelsLast(c.values(0), c.inputs[0], gap: manner.inGap)
  let y = Guarded(count: sizes[0] * sizes[2...].reduce(1, *) * g.outPixelStride)
  let call = PoolCall(kind: kind, geometry: g, x: x.base, y: y.base)
  for range in manner.ranges(call.units) { set.pool(call, range) }
  return channelsFirst(y, sizes, gap: manner.outGap) ?? []
}

private func runGemm(
  _ transposeA: Bool, _ transposeB: Bool, _ c: OpCase, _ sizes: [Int], _ set: KernelSet, _ manner: Manner
) throws -> [Float]? {
  let (m, n) = (sizes[0], sizes[1])
  let depth = c.inputs[0][transposeA ? 0 : 1]
  let a = Guarded(c.values(0)), b = Guarded(c.values(1))
  let bias = c.inputs.count > 2 ? Guarded(c.values(2)) : nil
  let xStride = depth + manner.inGap
  let x = Guarded(count: m * xStride)
  if transposeA {
    set.transpose(depth, m, a.base, m, x.base, xStride)
  } else {
    for i in 0..<m { for k in 0..<depth { x.base[i * xStride + k] = a.base[i * depth + k] } }
  }
  let panels = Guarded(count: set.packedSize(depth, n))
  set.pack(
    WeightMatrix(
      w: b.base, inner: depth, columns: n, innerStride: transposeB ? 1 : n, columnStride: transposeB ? depth : 1),
    bias.map { UnsafePointer($0.base) }, panels.base)
  let yStride = n + manner.outGap
  let y = Guarded(count: m * yStride)
  var call = GemmCall(
    rows: m, depth: depth, columns: n, x: x.base, xStride: xStride, panels: panels.base, y: y.base, yStride: yStride,
    activation: manner.activation)
  let residual = try residual(c, manner)
  call.residual = residual.map { UnsafePointer($0.base) }
  call.residualStride = n + (manner.residualGap ?? 0)
  for range in manner.ranges(set.gemmUnits(call)) { set.gemm(call, range) }
  guard panels.bandsIntact else { return [] }
  return channelsFirst(y, [m, n, 1], gap: manner.outGap) ?? []
}

/// Shapes alike, one of them a single number, b one row for all, or b one column for all.
private func runBinary(_ function: BinaryFunction, _ c: OpCase, _ sizes: [Int], _ set: KernelSet) -> [Float]? {
  let (p, q) = (c.inputs[0], c.inputs[1])
  let count = sizes.reduce(1, *)
  let a = Guarded(c.values(0)), b = Guarded(c.values(1))
  let y = Guarded(count: count)
  func call(_ rows: Int, _ columns: Int, _ aColumn: Int, _ bRow: Int, _ bColumn: Int) -> BinaryCall {
    BinaryCall(
      function, rows: rows, columns: columns, a: a.base, aRow: aColumn * columns, aColumn: aColumn, b: b.base, bRow: bRow,
      bColumn: bColumn, y: y.base)
  }
  if p == q {
    set.binary(call(1, count, 1, 0, 1))
  } else if p.count == 2 && p == sizes && q == [p[1]] {
    set.binary(call(p[0], p[1], 1, 0, 1))
  } else if p.count == 2 && p == sizes && q == [p[0], 1] {
    set.binary(call(p[0], p[1], 1, 1, 0))
  } else if a.count == 1 {
    set.binary(call(1, count, 0, 0, 1))
  } else if b.count == 1 {
    set.binary(call(1, count, 1, 0, 0))
  } else {
    return nil
  }
  return y.bandsIntact ? y.values : []
}
