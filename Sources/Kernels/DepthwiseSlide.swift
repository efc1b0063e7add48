import CPlatform
import KernelTypes

// Depthwise convolution with the usual windows, 3×3 and 5×5 at stride 1 and 2: one vector of channels, a few output rows at
// a time. The window slides over the input column by column. A column is loaded once and adds to every output whose
// window holds it: some outputs of each row are in the making, in registers, and one is finished at each step. An output is
// bias + Σ over kernel columns, within them kernel rows, in that order whatever rows are computed with it.

/// Output rows of the larger tile, with which accumulators, an input column and a weight fit the registers. The
/// smaller, of 3 × 3 only, has one row less.
@inline(__always) func slideRows(kernel: Int) -> Int {
  #if DLRT_AVX512 || arch(arm64)
    4
  #else
    kernel == 3 ? 3 : 2
  #endif
}

#if DLRT_AVX512 || DLRT_AVX2 || arch(arm64)
  /// The windows it computes.
  private func slides(_ g: WindowGeometry) -> Bool {
    g.channels >= lanes && g.kernelHeight == g.kernelWidth && (g.kernelWidth == 3 || g.kernelWidth == 5)
      && g.strideHeight == g.strideWidth && (g.strideWidth == 1 || g.strideWidth == 2) && g.dilationHeight == 1
      && g.dilationWidth == 1
  }

  /// A tile of output rows of one image.
  private struct SlideTile {
    var geometry: WindowGeometry
    /// The image.
    var x: UnsafePointer<Float>
    /// Row `row` of the output.
    var y: UnsafeMutablePointer<Float>
    var row: Int
    /// Rows to store; what the tile computes beyond them is dropped.
    var rows: Int
    var packed: UnsafePointer<Float>
    var vectors: Range<Int>
    var limits: Limits
  }

  /// Computes some output rows and vectors of channels of an image; false if their windows are not of its kinds.
  @inline(never) @_optimize(size)
  func slideDepthwise(_ call: ConvCall, image: Int, rows: Range<Int>, _ vectors: Range<Int>) -> Bool {
    let g = call.plan.geometry
    if !slides(g) { return false }
    let most = slideRows(kernel: g.kernelWidth)
    let tiles = ceilDivide(rows.count, most)
    for tile in 0..<tiles {
      let part = share(rows.count, tile, tiles)
      let row = rows.lowerBound + part.lowerBound
      runTile(
        SlideTile(
          geometry: g, x: call.x + image * g.inHeight * g.inWidth * g.inPixelStride,
          y: call.y + (image * g.outHeight + row) * g.outWidth * g.outPixelStride, row: row, rows: part.count,
          packed: call.panels, vectors: vectors, limits: depthwiseLimits(call) ?? Limits()),
        full: part.count == most)
      finishDepthwise(call, row: image * g.outHeight + row, rows: part.count, vectors)
    }
    return true
  }

  /// Accumulators: for each output row one for each output in the making.
  private typealias Making<let rows: Int, let outputs: Int> = InlineArray<rows, InlineArray<outputs, Vector>>
  /// The vectors of an input column.
  private typealias Column<let lines: Int> = InlineArray<lines, Vector>

  private func runTile(_ t: SlideTile, full: Bool) {
    switch (t.geometry.kernelWidth, t.geometry.strideWidth, full) {
    case (3, 1, true): slide3(t)
    case (3, 1, false): slide3Short(t)
    case (3, _, true): slide3By2(t)
    case (3, _, false): slide3By2Short(t)
    case (_, 1, _): slide5(t)
    default: slide5By2(t)
    }
  }

  // Rows r of a k × k window at stride s: ⌈k / s⌉ outputs in the making, s (r − 1) + k lines of input.
  #if DLRT_AVX512 || arch(arm64)
    @inline(never) private func slide3(_ t: SlideTile) { slide(t, 3, 1, Making<4, 3>.self, Column<6>.self) }
    @inline(never) private func slide3Short(_ t: SlideTile) { slide(t, 3, 1, Making<3, 3>.self, Column<5>.self) }
    @inline(never) private func slide3By2(_ t: SlideTile) { slide(t, 3, 2, Making<4, 2>.self, Column<9>.self) }
    @inline(never) private func slide3By2Short(_ t: SlideTile) { slide(t, 3, 2, Making<3, 2>.self, Column<7>.self) }
    @inline(never) private func slide5(_ t: SlideTile) { slide(t, 5, 1, Making<4, 5>.self, Column<8>.self) }
    @inline(never) private func slide5By2(_ t: SlideTile) { slide(t, 5, 2, Making<4, 3>.self, Column<11>.self) }
  #else
    @inline(never) private func slide3(_ t: SlideTile) { slide(t, 3, 1, Making<3, 3>.self, Column<5>.self) }
    @inline(never) private func slide3Short(_ t: SlideTile) { slide(t, 3, 1, Making<2, 3>.self, Column<4>.self) }
    @inline(never) private func slide3By2(_ t: SlideTile) { slide(t, 3, 2, Making<3, 2>.self, Column<7>.self) }
    @inline(never) private func slide3By2Short(_ t: SlideTile) { slide(t, 3, 2, Making<2, 2>.self, Column<5>.self) }
    @inline(never) private func slide5(_ t: SlideTile) { slide(t, 5, 1, Making<2, 5>.self, Column<6>.self) }
    @inline(never) private func slide5By2(_ t: SlideTile) { slide(t, 5, 2, Making<2, 3>.self, Column<7>.self) }
  #endif

  /// All channels of a tile. The last vector of channels begins early rather than reach past the last channel.
  @inline(__always)
  private func slide<let rows: Int, let outputs: Int, let lines: Int>(
    _ t: SlideTile, _ kernel: Int, _ stride: Int, _: Making<rows, outputs>.Type, _: Column<lines>.Type
  ) {
    let g = t.geometry
    let zeros = t.packed
    let low = splat(t.limits.low), high = splat(t.limits.high)
    // Lines outside the image read the same zeros at each column: their pointers move by nothing.
    let first = t.row * stride - g.padTop
    func isInside(_ i: Int) -> Bool { first + i >= 0 && first + i < g.inHeight }
    let heads = InlineArray<lines, UnsafePointer<Float>> {
      isInside($0) ? t.x + (first + $0) * g.inWidth * g.inPixelStride : zeros
    }
    let masks = InlineArray<lines, Int> { isInside($0) ? -1 : 0 }
    let rowPitch = g.outWidth * g.outPixelStride
    // Images larger than the second-level cache: while this tile is computed, the lines of the next are asked for in the order
    // of memory.
    let isLarge = (g.inHeight * g.inWidth * g.inPixelStride + g.outHeight * g.outWidth * g.outPixelStride) > 1 << 19
    var nextX = t.x + (first + lines) * g.inWidth * g.inPixelStride
    var nextY = UnsafePointer(t.y + rows * rowPitch)
    for i in t.vectors {
      let channel = g.firstChannel(i)
      let filter = t.packed + lanes + i * g.filterPitch
      var line = InlineArray<lines, UnsafePointer<Float>> { heads[unchecked: $0] + (channel & masks[unchecked: $0]) }
      let bias = load(filter)
      var sums = Making<rows, outputs> { _ in InlineArray<outputs, Vector> { _ in bias } }
      var y = t.y + channel
      var inColumn = -g.padLeft
      for step in 0..<(g.outWidth + outputs - 1) {
        if isLarge {
          for i in 0..<rows * stride { dlp_prefetch(nextX + i * lanes) }
          for i in 0..<rows { dlp_prefetch(nextY + i * lanes) }
          nextX += rows * stride * lanes
          nextY += rows * lanes
        }
        for phase in 0..<stride {
          if inColumn >= 0 && inColumn < g.inWidth {
            let x = Column<lines> { load(line[unchecked: $0]) }
            for i in 0..<lines { line[unchecked: i] += g.inPixelStride & masks[unchecked: i] }
            for m in 0..<outputs where m * stride + phase < kernel {
              for k in 0..<kernel {
                let w = load(filter + (1 + k * kernel + m * stride + phase) * lanes)
                for r in 0..<rows {
                  sums[unchecked: r][unchecked: m] = multiplyAdd(
                    x[unchecked: r * stride + k], w, sums[unchecked: r][unchecked: m])
                }
              }
            }
          }
          inColumn += 1
        }
        if step >= outputs - 1 {
          for r in 0..<rows where r < t.rows {
            let sum = sums[unchecked: r][unchecked: outputs - 1]
            store(dlp_clip(sum, low, high), y + r * rowPitch)
          }
          y += g.outPixelStride
        }
        for r in 0..<rows {
          for m in (1..<outputs).reversed() { sums[unchecked: r][unchecked: m] = sums[unchecked: r][unchecked: m - 1] }
          sums[unchecked: r][unchecked: 0] = bias
        }
      }
    }
  }
#else
  /// Too few registers: the windows are computed one by one.
  func slideDepthwise(_ call: ConvCall, image: Int, rows: Range<Int>, _ vectors: Range<Int>) -> Bool { false }
#endif
