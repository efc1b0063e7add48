import CPlatform
import KernelTypes

// Packed weights of a convolution: the panels of each group, k counting kernel slices, rows, columns, then channels;
// and if the convolution has few output channels, a second form widened over neighbouring pixels.
//
// Pixel widening: with 6 output channels a vector of 16 is mostly empty. Taking r neighbouring output pixels as one pixel
// of 6 · r channels fills it: in NHWC their outputs are neighbours, and their windows lie in one window of kernel width
// kernelWidth + (r − 1) · strideWidth at stride r · strideWidth, with zeros for the weights a pixel does not have. It is an
// ordinary convolution of another geometry. An infinite or NaN input meets those zeros and so makes up to r − 1 more output
// pixels NaN than the definition does.

extension WindowGeometry {
  /// Floats of a window, all groups together.
  var windowSize: Int { kernelDepth * kernelHeight * kernelWidth * channels }

  /// The geometry in which `factor` neighbouring output pixels are one. outWidth and the steps are multiples of factor.
  mutating func widen(_ factor: Int) {
    kernelWidth += (factor - 1) * strideWidth
    strideWidth *= factor
    outWidth /= factor
    outPixelStride *= factor
    outRowStep /= factor
    outImageStep /= factor
  }
}

/// How many neighbouring pixels the second form joins, or 1 if there is none.
private func pixelWidening(_ g: WindowGeometry, _ groups: Int, _ outChannels: Int) -> Int {
  if groups != 1 || g.dilationWidth != 1 || outChannels * 2 > lanes { return 1 }
  func width(_ factor: Int) -> Int { g.kernelWidth + (factor - 1) * g.strideWidth }
  var best = 1
  // Powers of 2 divide more image widths.
  var factor = 2
  while factor * outChannels <= lanes {
    // The share of useful multiply-adds in a vector, factor · kernelWidth / width, must grow by a fifth.
    if 5 * factor * width(best) > 6 * best * width(factor) { best = factor }
    factor *= 2
  }
  return best
}

@_optimize(size)
func convLayer(_ window: WindowGeometry, _ groups: Int, _ outChannels: Int, _ options: ConvOptions) -> ConvLayer {
  var layer = ConvLayer(window: window, groups: groups, outChannels: outChannels, algorithm: .direct, packedSize: 0)
  let isPlain = window.kernelDepth == 1 && window.strideDepth == 1 && window.padFront == 0
  if groups > 1 && groups == window.channels && groups == outChannels && isPlain && options.forced != .direct {
    layer.algorithm = .depthwise
    layer.packedSize = packedDepthwiseSize(window)
    return layer
  }
  let tile = winogradTile(window, groups, outChannels, options)
  if tile > 0 {
    layer.algorithm = .winograd(tile: tile)
    layer.packedSize =
      groups * packedWinogradSize(window, size: tile + 2, channels: window.channels / groups, columns: outChannels / groups)
    return layer
  }
  layer.packedSize = groups * packedPanelsSize(depth: window.windowSize / groups, columns: outChannels / groups)
  layer.widening = options.lowMemory ? 1 : pixelWidening(window, groups, outChannels)
  if layer.widening > 1 {
    var wide = window
    wide.widen(layer.widening)
    layer.widenedOffset = layer.packedSize
    layer.packedSize += packedPanelsSize(depth: wide.windowSize, columns: layer.widening * outChannels)
  }
  return layer
}

/// w is [outChannels][channels/groups][kernelDepth][kernelHeight][kernelWidth].
@_optimize(size)
func packConv(
  _ layer: ConvLayer, _ w: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ panels: UnsafeMutablePointer<Float>
) {
  switch layer.algorithm {
  case .depthwise: packDepthwise(layer.window, w, bias, panels)
  case .winograd(let tile): packWinograd(layer, size: tile + 2, w, bias, panels)
  case .direct:
    packDirect(layer, w, bias, panels)
    if layer.widening > 1 { packWidened(layer, w, bias, panels + layer.widenedOffset) }
  }
}

private func packDirect(
  _ layer: ConvLayer, _ w: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ panels: UnsafeMutablePointer<Float>
) {
  let channels = layer.window.channels / layer.groups
  let columns = layer.outChannels / layer.groups
  let cells = layer.window.kernelDepth * layer.window.kernelHeight * layer.window.kernelWidth
  var matrix = WeightMatrix(
    w: w, outer: cells, inner: channels, columns: columns, outerStride: 1, innerStride: cells, columnStride: channels * cells)
  var panels = panels
  for group in 0..<layer.groups {
    packPanels(matrix, bias.map { $0 + group * columns }, into: panels)
    matrix.w += columns * matrix.columnStride
    panels += packedPanelsSize(depth: matrix.depth, columns: columns)
  }
}

@inline(never) @_optimize(size)
private func packWidened(
  _ layer: ConvLayer, _ w: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ panels: UnsafeMutablePointer<Float>
) {
  let g = layer.window
  var wide = g
  wide.widen(layer.widening)
  let columns = layer.widening * layer.outChannels
  // At most one vector of columns, which is one panel.
  for n in 0..<dlp_opaque(lanes) { panels[n] = n < columns ? bias?[n % layer.outChannels] ?? 0 : 0 }
  for k in 0..<wide.windowSize {
    let cell = k / g.channels
    let row = cell / wide.kernelWidth
    for n in 0..<dlp_opaque(lanes) {
      let column = cell % wide.kernelWidth - n / layer.outChannels * g.strideWidth
      let filter = n % layer.outChannels * g.channels + k % g.channels
      let exists = n < columns && 0..<g.kernelWidth ~= column
      panels[(1 + k) * lanes + n] = exists ? w[(filter * g.kernelDepth * g.kernelHeight + row) * g.kernelWidth + column] : 0
    }
  }
}
