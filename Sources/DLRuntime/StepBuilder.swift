import DLGraph
import KernelTypes

extension UnsafeMutableRawPointer {
  var floats: UnsafeMutablePointer<Float> { assumingMemoryBound(to: Float.self) }
}

extension Storage {
  var floats: UnsafePointer<Float> { base.assumingMemoryBound(to: Float.self) }
}

/// Makes the steps of a program's nodes for the sizes of one plan.
struct StepBuilder {
  let kernels: KernelSet
  let threads: Int
  /// Type and layout of each program value.
  let types: [SizedType]
  let layouts: [Layout]
  let sizes: [[Int]]
  /// Elements from row to row of values that are parts of others; 0: dense. See `Views`.
  var pitches: [Int] = []
  /// The value that each lies in as a part of it.
  var wholes: [Int?] = []
  /// The elements of values that are known small integers.
  var integers: [[Int]?] = []

  /// Told the sizes of `open`, values whose elements decide them.
  let trueSizes: TrueSizes
  let open: [Int]

  init(kernels: KernelSet, threads: Int, types: [SizedType], layouts: [Layout], trueSizes: TrueSizes, open: [Int]) {
    self.kernels = kernels
    self.threads = max(threads, 1)
    self.types = types
    self.layouts = layouts
    self.trueSizes = trueSizes
    self.open = open
    sizes = types.map { $0.sizes }
  }

  /// Weights that a later step has to wait for, having few rows to compute meanwhile: convolutions before it ask for them. What
  /// is left of those.
  var awaited: (base: UnsafePointer<Float>, floats: Int) = (UnsafePointer(null), 0)

  /// Of one node after the other from the last on. No steps when the output is only another view of the first input.
  mutating func steps(_ node: ProgramNode) throws(DLError) -> [Step] {
    let x = node.inputs[0]
    switch node.operation {
    case .view: return []
    case .conv(let panels, let layer):
      return [conv(node, panels, layer, placed(layer.window, x, node.output))]
    case .convTranspose(let phases, let joined):
      return convTranspose(node, phases, joined)
    case .gemm(let panels, let depth, let columns):
      return [gemm(node, panels, depth, columns)]
    case .contraction:
      return contraction(node)
    case .pool(let kind, let geometry):
      return [pool(node, kind, flattened(placed(geometry, x, node.output)))]
    case .reduce(let reduction, let axes):
      return [reduce(node, reduction, axes)]
    case .argExtreme(let axis, let isMaximum):
      return [try argExtreme(node, axis, isMaximum: isMaximum)]
    case .compare(let function):
      return [compare(node, function)]
    case .select:
      return select(node)
    case .widenBytes:
      return [widenBytes(node)]
    case .channelNorm(let groups, let epsilon):
      return [channelNorm(node, groups ?? sizes[x][1], epsilon)]
    case .resize(let resize, let scales):
      return [self.resize(node, resize, scales)]
    case .gridSample(let sample):
      return [gridSample(node, sample)]
    case .roiMaxPool(let scale):
      return [roiMaxPool(node, scale)]
    case .roiAlign(let align):
      return [roiAlign(node, align)]
    case .globalPool(let kind):
      var geometry = WindowGeometry()
      geometry.kernelWidth = sizes[x][2...].reduce(1, *)
      geometry.inWidth = geometry.kernelWidth
      geometry.batch = sizes[x][0]
      setChannels(&geometry, x, node.output)
      return [pool(node, kind, geometry)]
    case .activate(let activation):
      return [activate(node, activation)]
    case .unary(let function):
      return [unary(node, function)]
    case .softmax:
      return [softmax(node)]
    case .normalise(let kind): return [normalise(node, kind)]
    case .localResponseNorm(let size, let alpha, let beta, let bias):
      return [localResponseNorm(node, size, alpha, beta, bias)]
    case .affine(let parameters, let channels):
      return affine(node, parameters, channels)
    case .binary(let function):
      return [binary(node, function)]
    case .concat(let axis):
      return concat(node, axis)
    case .split(let axis):
      return split(node, axis)
    case .move:
      return try move(node)
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

  // MARK: rows

  /// Whether a step of the node can read a value whose rows lie apart.
  func readsRows(_ node: ProgramNode, _ value: Int) -> Bool {
    switch node.operation {
    case .conv, .convTranspose, .gemm:
      return value == node.inputs[0] || node.epilogue.residual.map { sizes[$0] == sizes[node.output] } ?? false
    case .pool, .globalPool, .activate, .unary, .softmax, .localResponseNorm, .affine, .binary: return true
    case .normalise, .move, .resize, .gridSample, .roiMaxPool, .roiAlign: return value == node.inputs[0]
    case .concat(let axis), .split(let axis): return memoryOrder(node.output).last == axis
    case .changeLayout(let from, _): return from == .channelsLast && !isView(node)
    case .view, .contraction, .reduce, .argExtreme, .compare, .select, .widenBytes, .channelNorm, .reference: return false
    }
  }

  /// Whether its steps can write an output whose rows lie apart.
  func writesRows(_ node: ProgramNode) -> Bool {
    switch node.operation {
    case .conv, .convTranspose, .gemm, .pool, .globalPool, .activate, .unary, .softmax, .normalise, .localResponseNorm, .affine,
      .binary, .move, .resize, .gridSample, .roiMaxPool, .roiAlign:
      return true
    case .concat(let axis), .split(let axis): return memoryOrder(node.output).last == axis
    case .changeLayout(_, let to): return to == .channelsLast && !isView(node)
    case .view, .contraction, .reduce, .argExtreme, .compare, .select, .widenBytes, .channelNorm, .reference: return false
    }
  }

  /// The dimensions of a value from outermost to innermost in memory.
  func memoryOrder(_ value: Int) -> [Int] {
    layouts[value].order(rank: sizes[value].count)
  }

  /// The size of the innermost dimension in memory.
  func rowWidth(_ value: Int) -> Int { layouts[value] == .channelsLast ? sizes[value][1] : sizes[value].last ?? 1 }

  func rowCount(_ value: Int) -> Int { count(value) / max(rowWidth(value), 1) }

  /// Elements from row to row.
  func pitch(_ value: Int) -> Int { isDense(value) ? rowWidth(value) : pitches[value] }

  func isDense(_ value: Int) -> Bool { pitches[value] == 0 }

  // MARK: sizes

  func count(_ value: Int) -> Int { sizes[value].reduce(1, *) }

  /// As `count`, for costs, which may pass the range of Int.
  func elements(_ value: Int) -> Double { sizes[value].reduce(1) { $0 * Double($1) } }

  func setChannels(_ geometry: inout WindowGeometry, _ x: Int, _ y: Int) {
    geometry.channels = sizes[x][1]
    geometry.inPixelStride = pitch(x)
    geometry.outPixelStride = pitch(y)
  }

  /// A window's geometry with the sizes of its images.
  func placed(_ geometry: WindowGeometry, _ x: Int, _ y: Int) -> WindowGeometry {
    var g = geometry
    let i = sizes[x]
    let o = sizes[y]
    g.batch = i[0]
    g.inWidth = i[i.count - 1]
    g.outWidth = o[o.count - 1]
    g.inHeight = i.count > 3 ? i[i.count - 2] : 1
    g.outHeight = o.count > 3 ? o[o.count - 2] : 1
    setChannels(&g, x, y)
    if i.count == 5 {
      (g.inDepth, g.outDepth) = (i[2], o[2])
      if g.kernelDepth == 1 && g.strideDepth == 1 && g.padFront == 0 && g.padBack == 0 {
        // Slices that have nothing to do with each other are images.
        g.batch *= g.inDepth
        (g.inDepth, g.outDepth) = (1, 1)
      }
    }
    return g
  }

  /// Pooling over depth alone: the slices are the rows of an image.
  func flattened(_ geometry: WindowGeometry) -> WindowGeometry {
    var g = geometry
    if g.inDepth == 1 && g.outDepth == 1 && g.kernelDepth == 1 { return g }
    (g.inWidth, g.outWidth) = (g.inHeight * g.inWidth, g.outHeight * g.outWidth)
    (g.inHeight, g.outHeight, g.kernelHeight) = (g.inDepth, g.outDepth, g.kernelDepth)
    (g.strideHeight, g.dilationHeight, g.padTop, g.padBottom) = (g.strideDepth, g.dilationDepth, g.padFront, g.padBack)
    return g
  }
}
