import KernelTypes

/// The cells of a window along one axis that lie inside the image.
@inline(__always)
func windowCells(_ out: Int, stride: Int, pad: Int, dilation: Int, kernel: Int, size: Int) -> (first: Int, cells: Range<Int>) {
  let first = out * stride - pad
  let low = first < 0 ? min(kernel, ceilDivide(-first, dilation)) : 0
  let high = first >= size ? 0 : min(kernel, (size - 1 - first) / dilation + 1)
  return (first, low..<max(low, high))
}

/// Pools output rows (of all images, one after the other).
func pool(_ call: PoolCall, _ rows: Range<Int>) {
  switch call.kind {
  case .max: poolMax(call, rows)
  case .average(let countPadding): poolAverage(call, rows, countPadding: countPadding)
  }
}

private func poolMax(_ call: PoolCall, _ rows: Range<Int>) {
  slide(call, rows, initial: splat(-.infinity)) { best, v in
    // The larger; a NaN wins and stays.
    v.replacing(with: best, where: (best .>= v) .| (best .!= best))
  } finish: { best, _ in
    best
  }
}

private func poolAverage(_ call: PoolCall, _ rows: Range<Int>, countPadding: Bool) {
  if countPadding {
    slide(call, rows, initial: splat(0)) {
      $0 + $1
    } finish: { sum, cells in
      sum / splat(Float(cells.padded))
    }
  } else {
    slide(call, rows, initial: splat(0)) {
      $0 + $1
    } finish: { sum, cells in
      sum / splat(Float(cells.inside))
    }
  }
}

/// Cells of a window: those inside the image, and those inside image and padding.
private struct Cells { var inside: Int, padded: Int }

/// Folds every window, a vector of channels at a time.
@inline(__always)
private func slide(
  _ call: PoolCall, _ rows: Range<Int>, initial: Vector, _ step: (Vector, Vector) -> Vector,
  finish: (Vector, Cells) -> Vector
) {
  let g = call.geometry
  let line = g.inWidth * g.inPixelStride
  for outRow in rows {
    let image = outRow / g.outHeight
    let (top, ys) = windowCells(
      outRow % g.outHeight, stride: g.strideHeight, pad: g.padTop, dilation: g.dilationHeight, kernel: g.kernelHeight,
      size: g.inHeight)
    let paddedYs = paddedCells(top, g.dilationHeight, g.kernelHeight, g.inHeight + g.padBottom)
    let x = call.x + image * g.inHeight * line
    for outColumn in 0..<g.outWidth {
      let (left, xs) = windowCells(
        outColumn, stride: g.strideWidth, pad: g.padLeft, dilation: g.dilationWidth, kernel: g.kernelWidth, size: g.inWidth)
      let paddedXs = paddedCells(left, g.dilationWidth, g.kernelWidth, g.inWidth + g.padRight)
      let cells = Cells(inside: ys.count * xs.count, padded: paddedYs * paddedXs)
      let y = call.y + (outRow * g.outWidth + outColumn) * g.outPixelStride
      var c = 0
      while c < g.channels {
        let count = min(lanes, g.channels - c)
        var folded = initial
        for i in ys {
          let row = x + (top + i * g.dilationHeight) * line + c
          for j in xs { folded = step(folded, load(row + (left + j * g.dilationWidth) * g.inPixelStride, count: count)) }
        }
        store(finish(folded, cells), y + c, count: count)
        c += lanes
      }
    }
  }
}

/// Window cells that lie before the end of the image and its padding.
@inline(__always) private func paddedCells(_ first: Int, _ dilation: Int, _ kernel: Int, _ end: Int) -> Int {
  first >= end ? 0 : min(kernel, (end - 1 - first) / dilation + 1)
}
