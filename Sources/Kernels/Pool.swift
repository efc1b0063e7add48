import CPlatform
import KernelTypes

// Pooling over NHWC: a vector of channels at a time, windows cut to the cells inside the image.

/// Where windows along one axis begin, and which of their cells lie inside the image.
struct WindowAxis {
  var stride: Int, dilation: Int, kernel: Int, pad: Int, size: Int
  /// The image's size and the padding after it.
  var paddedSize: Int

  /// The first cell of window `out`; negative in the padding.
  @inline(__always) func first(_ out: Int) -> Int { out * stride - pad }

  /// Whether the whole window lies inside the image.
  @inline(__always) func isInside(_ out: Int) -> Bool {
    let first = first(out)
    return first >= 0 && first + (kernel - 1) * dilation < size
  }

  /// The cells of the window inside the image.
  @inline(__always) func cells(_ out: Int) -> Range<Int> {
    let first = first(out)
    // Nearly all windows lie inside; only the others pay for a division.
    if isInside(out) { return 0..<kernel }
    let low = first < 0 ? min(kernel, ceilDivide(-first, dilation)) : 0
    return low..<max(low, cells(before: size, from: first))
  }

  /// How many cells of the window lie inside image and padding.
  @inline(__always) func paddedCount(_ out: Int) -> Int {
    let first = first(out)
    return first + (kernel - 1) * dilation < paddedSize ? kernel : cells(before: paddedSize, from: first)
  }

  @inline(__always) private func cells(before end: Int, from first: Int) -> Int {
    first >= end ? 0 : min(kernel, (end - 1 - first) / dilation + 1)
  }
}

extension WindowGeometry {
  var rows: WindowAxis {
    WindowAxis(
      stride: strideHeight, dilation: dilationHeight, kernel: kernelHeight, pad: padTop, size: inHeight,
      paddedSize: inHeight + padBottom)
  }
  var columns: WindowAxis {
    WindowAxis(
      stride: strideWidth, dilation: dilationWidth, kernel: kernelWidth, pad: padLeft, size: inWidth,
      paddedSize: inWidth + padRight)
  }
}

/// Pools output rows (of all images, one after the other), or parts of rows.
func pool(_ call: PoolCall, _ units: Range<Int>) {
  switch call.kind {
  case .max: for unit in units { slide(call, unit, LargestCell()) }
  case .average(let countPadding): for unit in units { slide(call, unit, AverageCell(countPadding: countPadding)) }
  }
}

/// What pooling does with the cells of a window. A protocol and not closures: a vector that is passed to a function is
/// passed in pieces, so all of this must be inlined.
private protocol CellFold {
  /// What folding begins with, and the fold of no cells: with dilation a window can straddle a small image without touching it.
  var start: Vector { get }
  func step(_ folded: Vector, _ cell: Vector) -> Vector
  /// Told how many cells of the window lie inside the image, and how many inside image and padding.
  func finish(_ folded: Vector, inside: Int, padded: Int) -> Vector
}

private struct LargestCell: CellFold {
  @inline(__always) var start: Vector { splat(-.infinity) }
  /// The larger; a NaN wins and stays.
  @_transparent func step(_ best: Vector, _ v: Vector) -> Vector { dlp_larger(best, v) }
  @inline(__always) func finish(_ best: Vector, inside: Int, padded: Int) -> Vector { best }
}

private struct AverageCell: CellFold {
  var countPadding: Bool
  @inline(__always) var start: Vector { splat(0) }
  @inline(__always) func step(_ sum: Vector, _ v: Vector) -> Vector { sum + v }
  @inline(__always) func finish(_ sum: Vector, inside: Int, padded: Int) -> Vector {
    sum * splat(1 / Float(countPadding ? padded : inside))
  }
}

/// The windows of one output row.
private struct WindowRow {
  var horizontal: WindowAxis
  /// The first cell inside the image of the window at input column 0, and of the output.
  var x: UnsafePointer<Float>
  var y: UnsafeMutablePointer<Float>
  /// Kernel rows inside the image, and inside image and padding.
  var rows: Int, paddedRows: Int
  var rowPitch: Int, cellPitch: Int
  var inPixelStride: Int, outPixelStride: Int, outWidth: Int
}

/// Folds the windows of an output row, or of a part of it.
@inline(never) @_optimize(size)
private func slide<Fold: CellFold>(_ call: PoolCall, _ unit: Int, _ fold: Fold) {
  let g = call.geometry
  let outRow = unit / call.partsPerRow
  let columns = share(g.outWidth, unit % call.partsPerRow, call.partsPerRow)
  let vertical = g.rows
  let line = g.inWidth * g.inPixelStride
  let image = outRow / g.outHeight
  let row = outRow - image * g.outHeight
  let cells = vertical.cells(row)
  var windows = WindowRow(
    horizontal: g.columns,
    x: call.x + (image * g.inHeight + vertical.first(row) + cells.lowerBound * g.dilationHeight) * line,
    y: call.y + (outRow * g.outWidth + columns.lowerBound) * g.outPixelStride, rows: cells.count,
    paddedRows: vertical.paddedCount(row),
    rowPitch: g.dilationHeight * line, cellPitch: g.dilationWidth * g.inPixelStride, inPixelStride: g.inPixelStride,
    outPixelStride: g.outPixelStride, outWidth: columns.count)
  windows.horizontal.pad -= columns.lowerBound * g.strideWidth
  let rest = g.channels % lanes
  if rest < g.channels { foldWhole(windows, fold, channels: g.channels - rest) }
  windows.x += g.channels - rest
  windows.y += g.channels - rest
  if rest > 0 { foldRest(windows, fold, VectorHead(count: rest)) }
}

extension WindowRow {
  /// Whether four windows from `column` on lie wholly inside the image: such go together.
  @inline(__always) func takesFour(_ column: Int) -> Bool {
    column + 4 <= outWidth && horizontal.isInside(column) && horizontal.isInside(column + 3)
  }
}

/// The whole vectors of channels, all those of some windows before the next windows: memory is read in its order. Of windows
/// of the usual width the columns they share are folded once.
@inline(__always)
private func foldWhole<Fold: CellFold>(_ row: WindowRow, _ fold: Fold, channels: Int) {
  let axis = row.horizontal
  let shares = axis.kernel == 3 && axis.dilation == 1 && axis.stride <= 2
  var w = row
  var column = 0
  while column < w.outWidth {
    let four = w.takesFour(column)
    let cells = axis.cells(column)
    var channel = 0
    while channel < channels {
      w.x = row.x + channel
      w.y = row.y + channel
      if !four || !shares {
        foldSome(w, column, cells, four, fold, WholeVector())
      } else if axis.stride == 1 {
        foldShared(w, column, fold, 1, InlineArray<6, Vector>(repeating: .zero))
      } else {
        foldShared(w, column, fold, 2, InlineArray<9, Vector>(repeating: .zero))
      }
      channel += lanes
    }
    column += four ? 4 : 1
  }
}

/// What is less than a vector of channels.
@inline(__always)
private func foldRest<Fold: CellFold>(_ w: WindowRow, _ fold: Fold, _ part: VectorHead) {
  var column = 0
  while column < w.outWidth {
    let four = w.takesFour(column)
    foldSome(w, column, w.horizontal.cells(column), four, fold, part)
    column += four ? 4 : 1
  }
}

/// One vector of channels of four windows or one.
@inline(__always)
private func foldSome<Fold: CellFold, Part: VectorPart>(
  _ w: WindowRow, _ column: Int, _ cells: Range<Int>, _ four: Bool, _ fold: Fold, _ part: Part
) {
  if four {
    foldWindows(w, column, cells, fold, part, InlineArray<4, Vector>(repeating: .zero))
  } else {
    foldWindows(w, column, cells, fold, part, InlineArray<1, Vector>(repeating: .zero))
  }
}

/// Four neighbouring windows three columns wide inside the image, by way of their n columns.
@inline(__always)
private func foldShared<let n: Int, Fold: CellFold>(
  _ w: WindowRow, _ column: Int, _ fold: Fold, _ stride: Int, _ zero: InlineArray<n, Vector>
) {
  var folded = zero
  for i in 0..<n { folded[unchecked: i] = fold.start }
  var line = w.x + w.horizontal.first(column) * w.inPixelStride
  for _ in 0..<w.rows {
    for i in 0..<n { folded[unchecked: i] = fold.step(folded[unchecked: i], load(line + i * w.inPixelStride)) }
    line += w.rowPitch
  }
  let y = w.y + column * w.outPixelStride
  for i in 0..<4 {
    let two = fold.step(folded[unchecked: i * stride], folded[unchecked: i * stride + 1])
    let three = fold.step(two, folded[unchecked: i * stride + 2])
    store(fold.finish(three, inside: w.rows * 3, padded: w.paddedRows * 3), y + i * w.outPixelStride)
  }
}

/// n neighbouring windows with the same cells inside the image.
@inline(__always)
private func foldWindows<let n: Int, Fold: CellFold, Part: VectorPart>(
  _ w: WindowRow, _ column: Int, _ cells: Range<Int>, _ fold: Fold, _ part: Part, _ zero: InlineArray<n, Vector>
) {
  let step = w.horizontal.stride * w.inPixelStride
  var line = w.x + w.horizontal.first(column) * w.inPixelStride + cells.lowerBound * w.cellPitch
  var folded = zero
  for i in 0..<n { folded[unchecked: i] = fold.start }
  for _ in 0..<w.rows {
    var cell = line
    for _ in 0..<cells.count {
      for i in 0..<n { folded[unchecked: i] = fold.step(folded[unchecked: i], part.load(cell + i * step)) }
      cell += w.cellPitch
    }
    line += w.rowPitch
  }
  let padded = w.paddedRows * w.horizontal.paddedCount(column)
  let y = w.y + column * w.outPixelStride
  for i in 0..<n {
    part.store(fold.finish(folded[unchecked: i], inside: w.rows * cells.count, padded: padded), y + i * w.outPixelStride)
  }
}
