import CPlatform
import KernelTypes

// Depthwise convolution: as many groups as channels, one filter each. There is no sum over channels to make a matrix
// product of; a vector of channels is multiplied by the weights of the same channels, cell by cell.
//
// Packed: a vector of zeros, which stands for what is outside the image; then for each vector of channels its biases and,
// cell by cell, its weights. The last vector begins early rather than reach past the last channel, and its first outputs are
// computed twice; only a convolution of fewer channels than a vector has a vector with a rest of zeros.

extension WindowGeometry {
  /// Floats of the packed weights of one vector of channels.
  var filterPitch: Int { (kernelHeight * kernelWidth + 1) * lanes }
  /// The first channel of vector `i` of channels.
  func firstChannel(_ i: Int) -> Int { max(0, min(i * lanes, channels - lanes)) }
  var channelVectors: Int { ceilDivide(channels, lanes) }
}

func packedDepthwiseSize(_ g: WindowGeometry) -> Int { lanes + g.channelVectors * g.filterPitch }

@_optimize(size)
func packDepthwise(
  _ g: WindowGeometry, _ w: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ packed: UnsafeMutablePointer<Float>
) {
  let cells = g.kernelHeight * g.kernelWidth
  fill(packed, lanes)
  var to = packed + lanes
  for i in 0..<g.channelVectors {
    for lane in 0..<dlp_opaque(lanes) {
      let c = g.firstChannel(i) + lane
      let exists = c < g.channels
      to[lane] = exists ? bias?[c] ?? 0 : 0
      for cell in 0..<cells { to[(1 + cell) * lanes + lane] = exists ? w[c * cells + cell] : 0 }
    }
    to += g.filterPitch
  }
}

extension ConvPlan {
  /// Units: blocks of output rows of all images, one after the other; of several rows, which are computed together. Images
  /// of few rows are cut by channels too, if no vector of them begins early.
  mutating func cutDepthwise() {
    let g = geometry
    let rows = g.batch * g.outHeight
    // A channel's multiply-add here costs about what two vectors of a tile do.
    let work = saturatingProduct(rows * g.outWidth, g.channels * g.kernelHeight * g.kernelWidth * 2)
    let most = max(1, min(mostUnits, work / unitWork))
    bands = max(1, min(2 * rows / (3 * slideRows(kernel: g.kernelWidth)), most))
    // An even number: what two threads read is then what each wrote in the layer before.
    if bands > 1 { bands &= ~1 }
    panels = g.channelVectors
    panelUnits = g.channels % lanes == 0 && bands < 8 ? max(1, min(panels / 4, most / bands)) : 1
    units = bands * panelUnits
  }
}

@_optimize(size)
func depthwise(_ call: ConvCall, _ units: Range<Int>) {
  let g = call.plan.geometry
  for unit in units {
    let rows = share(g.batch * g.outHeight, unit / call.plan.panelUnits, call.plan.bands)
    let vectors = share(call.plan.panels, unit % call.plan.panelUnits, call.plan.panelUnits)
    var row = rows.lowerBound
    while row < rows.upperBound {
      let image = row / g.outHeight
      let end = min(rows.upperBound, (image + 1) * g.outHeight)
      depthwiseRows(call, image, row - image * g.outHeight..<end - image * g.outHeight, vectors)
      row = end
    }
  }
}

/// Some output rows of an image, and some vectors of channels.
@inline(never) @_optimize(size)
private func depthwiseRows(_ call: ConvCall, _ image: Int, _ rows: Range<Int>, _ vectors: Range<Int>) {
  let g = call.plan.geometry
  if slideDepthwise(call, image: image, rows: rows, vectors) { return }
  for row in image * g.outHeight + rows.lowerBound..<image * g.outHeight + rows.upperBound {
    depthwiseRow(call, row, vectors)
    finishDepthwise(call, row: row, rows: 1, vectors)
  }
}

/// What is left of the epilogue of output rows (of all images, one after the other) that were just computed.
func finishDepthwise(_ call: ConvCall, row: Int, rows: Int, _ vectors: Range<Int>) {
  if depthwiseLimits(call) != nil { return }
  let g = call.plan.geometry
  let pixels = rows * g.outWidth
  let channel = vectors.lowerBound * lanes
  let channels = min(vectors.count * lanes, g.channels)
  let y = call.y + row * g.outWidth * g.outPixelStride + channel
  if let residual = call.residual {
    let stride = call.plan.residualStride
    addRows(pixels, channels, residual + row * g.outWidth * stride + channel, stride, y, g.outPixelStride)
  }
  activateRows(call.activation, pixels, channels, y, g.outPixelStride)
}

/// The limits that results are cut to before they are stored; nil: the activation is a pass of its own.
func depthwiseLimits(_ call: ConvCall) -> Limits? { call.residual == nil ? limits(call.activation) : nil }

/// y += x, row by row.
@inline(never) @_optimize(size)
private func addRows(
  _ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
) {
  for i in 0..<rows {
    let x = x + i * xStride, y = y + i * yStride
    var c = 0
    while c < columns {
      let count = min(lanes, columns - c)
      store(load(y + c, count: count) + load(x + c, count: count), y + c, count: count)
      c += lanes
    }
  }
}

private func depthwiseRow(_ call: ConvCall, _ outRow: Int, _ vectors: Range<Int>) {
  let g = call.plan.geometry
  let line = g.inWidth * g.inPixelStride
  let image = outRow / g.outHeight
  let row = outRow - image * g.outHeight
  let cells = g.rows.cells(row)
  let x = call.x + (image * g.inHeight + g.rows.first(row) + cells.lowerBound * g.dilationHeight) * line
  let y = call.y + outRow * g.outWidth * g.outPixelStride
  for i in vectors {
    let channel = g.firstChannel(i)
    let filter = call.panels + lanes + i * g.filterPitch
    let windows = DepthwiseRow(
      horizontal: g.columns, x: x + channel, bias: filter, weights: filter + (1 + cells.lowerBound * g.kernelWidth) * lanes,
      y: y + channel, rows: cells.count, rowPitch: g.dilationHeight * line, cellPitch: g.dilationWidth * g.inPixelStride,
      inPixelStride: g.inPixelStride, outPixelStride: g.outPixelStride, outWidth: g.outWidth,
      limits: depthwiseLimits(call) ?? Limits())
    if g.channels >= lanes { windows.compute(WholeVector()) } else { windows.compute(VectorHead(count: g.channels)) }
  }
}

/// One vector of channels of the windows of an output row.
private struct DepthwiseRow {
  var horizontal: WindowAxis
  /// The first kernel row inside the image, at input column 0, and its weights.
  var x: UnsafePointer<Float>
  var bias: UnsafePointer<Float>
  var weights: UnsafePointer<Float>
  var y: UnsafeMutablePointer<Float>
  /// Kernel rows inside the image.
  var rows: Int
  var rowPitch: Int, cellPitch: Int
  var inPixelStride: Int, outPixelStride: Int, outWidth: Int
  var limits: Limits

  /// Windows wholly inside the image go four at a time, so that a weight is loaded once for four.
  @inline(never) @_optimize(size) func compute<Part: VectorPart>(_ part: Part) {
    var column = 0
    while column < outWidth {
      let cells = horizontal.cells(column)
      if column + 4 <= outWidth && horizontal.isInside(column) && horizontal.isInside(column + 3) {
        windows(column, cells, part, InlineArray<4, Vector>(repeating: .zero))
        column += 4
      } else {
        windows(column, cells, part, InlineArray<1, Vector>(repeating: .zero))
        column += 1
      }
    }
  }

  @inline(__always)
  private func windows<let n: Int, Part: VectorPart>(
    _ column: Int, _ cells: Range<Int>, _ part: Part, _ zero: InlineArray<n, Vector>
  ) {
    var sums = zero
    let first = load(bias)
    for i in 0..<n { sums[unchecked: i] = first }
    let step = horizontal.stride * inPixelStride
    var line = x + horizontal.first(column) * inPixelStride + cells.lowerBound * cellPitch
    var weightLine = weights + cells.lowerBound * lanes
    for _ in 0..<rows {
      var cell = line
      var weight = weightLine
      for _ in 0..<cells.count {
        let w = load(weight)
        for i in 0..<n { sums[unchecked: i] = multiplyAdd(part.load(cell + i * step), w, sums[unchecked: i]) }
        cell += cellPitch
        weight += lanes
      }
      line += rowPitch
      weightLine += horizontal.kernel * lanes
    }
    let out = y + column * outPixelStride
    for i in 0..<n { part.store(clip(sums[unchecked: i], limits.low, limits.high), out + i * outPixelStride) }
  }
}
