import KernelTypes

/// The tile of Winograd's algorithm a convolution is computed with; 0: it is computed directly.
///
/// As measured on one core with AVX-512 and 2 MB of second-level cache, times the speed of direct convolution (3×3, stride 1):
///
///     channels      image      F(2×2)  F(4×4)        channels      image    F(2×2)  F(4×4)
///     8 → 16        128×128      0.5     0.8         512 → 512     28×28      1.8     2.1
///     16 → 32       208×208      1.0     1.6         1024 → 512    32×32      2.0     3.1
///     32 → 64       104×104      1.3     2.1         256 → 256     14×14      1.7     1.6
///     64 → 64       224×224      1.6     2.5         512 → 512     14×14      1.7     2.0
///     128 → 128     112×112      1.8     2.6         448 → 384     8×8        1.6     1.5
///     256 → 256     56×56        1.8     2.6         512 → 512     7×7        1.5     1.3
///
/// With AVX2 the ratios are a little higher and turn at the same shapes. Of other filters, F(4×4) or F(4):
///
///     5×5, 64 → 192      27×27     2.2        1×7, 192 → 192      17×17     1.24
///     5×5, 48 → 64       35×35     2.1        1×3, 384 → 384      8×8       1.9
///     2×2, 128 → 64      16×16     1.4        3, 64 → 64          1000      1.5
///     2×2, 64 → 32       32×32     1.3        3, 128 → 256        62        1.8
///
/// The transformed weights of 3×3 are 16/9 and 4 times as large as the weights: an image of few windows waits for them to
/// come from memory. Where F(4×4) is little faster, and where only few windows share more than 32 MB, it is F(2×2): sixteen
/// layers of 512 → 512 at 14×14, whose weights no cache keeps, took 1.04 times as long with F(4×4), with two threads 1.09 times.
func winogradTile(_ g: WindowGeometry, _ groups: Int, _ outChannels: Int, _ options: ConvOptions) -> Int {
  let kernel = g.kernelHeight * g.kernelWidth
  let fits =
    kernel > 1 && max(g.kernelHeight, g.kernelWidth) <= 7 && g.strideHeight == 1 && g.strideWidth == 1
    && g.dilationHeight == 1 && g.dilationWidth == 1
  if !fits || options.exact || options.lowMemory { return 0 }
  if let forced = options.forced {
    if case .winograd(let tile) = forced { return tile }
    return 0
  }
  let (channels, columns) = (g.channels / groups, outChannels / groups)
  if channels < 16 || columns < 16 { return 0 }
  func windows(_ tile: Int) -> Int {
    func across(_ out: Int, _ kernel: Int) -> Int { kernel == 1 ? out : ceilDivide(out, tile) }
    return max(1, g.outDepth) * across(g.outHeight, g.kernelHeight) * across(g.outWidth, g.kernelWidth)
  }
  // Bytes of weights for F(4×4).
  let bytes = 4 * packedWinogradSize(g, size: 6, channels: channels, columns: columns) * groups
  let sizesAreKnown = g.outHeight > 0 && g.outWidth > 0
  if kernel != 9 {
    // Multiply-adds for four outputs of an axis, which take four times its cells directly.
    func products(_ kernel: Int) -> Int { kernel == 1 ? 4 : 6 * ceilDivide(kernel, 3) }
    let saves = 2 * 16 * kernel >= 3 * products(g.kernelHeight) * products(g.kernelWidth)
    let isDeep = g.winogradFilters * channels > 8192
    return saves && !isDeep && bytes <= 1 << 27 && (!sizesAreKnown || windows(4) >= 16) ? 4 : 0
  }
  // Sizes not known yet: those of a network's inner layers, the smaller the more channels they have.
  if !sizesAreKnown { return bytes <= 1 << 27 ? 4 : 2 }
  if windows(4) >= (bytes <= 1 << 25 ? 16 : 32) { return 4 }
  return windows(2) >= 9 ? 2 : 0
}
