import KernelTypes

// Packed weights of a convolution: the panels of each group, k counting kernel rows, then kernel columns, then channels;
// and if the convolution has few output channels, a second form widened over neighbouring pixels.
//
// Pixel widening: with 6 output channels a vector of 16 is mostly empty. Taking r neighbouring output pixels as one pixel
// of 6 · r channels fills it: in NHWC their outputs are neighbours, and their windows lie in one window of kernel width
// kernelWidth + (r − 1) · strideWidth at stride r · strideWidth, with zeros for the weights a pixel does not have. It is an
// ordinary convolution of another geometry. An infinite or NaN input meets those zeros and so makes up to r − 1 more output
// pixels NaN than the definition does.

extension WindowGeometry {
  /// Floats of a window, all groups together.
  var windowSize: Int { kernelHeight * kernelWidth * channels }

  /// The geometry in which `factor` neighbouring output pixels are one. outWidth is a multiple of factor.
  mutating func widen(_ factor: Int) {
    kernelWidth += (factor - 1) * strideWidth
    strideWidth *= factor
    outWidth /= factor
    outPixelStride *= factor
  }
}

/// How many neighbouring pixels the second form joins, or 1 if there is none. Size-independent fields only.
func pixelWidening(_ g: WindowGeometry, _ groups: Int, _ outChannels: Int) -> Int {
  if groups != 1 || g.dilationWidth != 1 || outChannels * 2 > lanes { return 1 }
  func width(_ factor: Int) -> Int { g.kernelWidth + (factor - 1) * g.strideWidth }
  var best = 1
  // Powers of 2 divide more image widths.
  var factor = 2
  while factor * outChannels <= lanes {
    // The share of useful multiply-adds in a vector, factor · kernelWidth / width, must grow by a fifth. In whole numbers:
    // packing, planning and running ask anew and must agree.
    if 5 * factor * width(best) > 6 * best * width(factor) { best = factor }
    factor *= 2
  }
  return best
}

func packedConvSize(_ g: WindowGeometry, _ groups: Int, _ outChannels: Int) -> Int {
  if isDepthwise(g, groups, outChannels) { return packedDepthwiseSize(g) }
  let plain = groups * packedPanelsSize(depth: g.windowSize / groups, columns: outChannels / groups)
  let factor = pixelWidening(g, groups, outChannels)
  if factor == 1 { return plain }
  var wide = g
  wide.widen(factor)
  return plain + packedPanelsSize(depth: wide.windowSize, columns: factor * outChannels)
}

/// w is [outChannels][channels/groups][kernelHeight][kernelWidth].
@_optimize(size)
func packConv(
  _ g: WindowGeometry, _ groups: Int, _ outChannels: Int, _ w: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?,
  _ panels: UnsafeMutablePointer<Float>
) {
  if isDepthwise(g, groups, outChannels) { return packDepthwise(g, w, bias, panels) }
  let channels = g.channels / groups
  let columns = outChannels / groups
  let cells = g.kernelHeight * g.kernelWidth
  var panels = panels
  for group in 0..<groups {
    let first = group * columns
    packPanels(depth: cells * channels, columns: columns, into: panels) {
      bias?[first + $0] ?? 0
    } weight: { k, n in
      w[((first + n) * channels + k % channels) * cells + k / channels]
    }
    panels += packedPanelsSize(depth: cells * channels, columns: columns)
  }
  let factor = pixelWidening(g, groups, outChannels)
  if factor == 1 { return }
  var wide = g
  wide.widen(factor)
  packPanels(depth: wide.windowSize, columns: factor * outChannels, into: panels) {
    bias?[$0 % outChannels] ?? 0
  } weight: { k, n in
    let cell = k / channels
    let row = cell / wide.kernelWidth
    let column = cell % wide.kernelWidth - n / outChannels * g.strideWidth
    if column < 0 || column >= g.kernelWidth { return 0 }
    return w[((n % outChannels) * channels + k % channels) * cells + row * g.kernelWidth + column]
  }
}
