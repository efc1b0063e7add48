import CPlatform

// Matrices turned over in registers: a square of as many vectors as a vector has lanes, or a strip of few floats.

/// y[c][r] = x[r][c].
@inline(never) @_optimize(size)
func transpose(
  _ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
) {
  if rows == 1 && yStride == 1 || columns == 1 && xStride == 1 { return copy(rows * columns, x, y) }
  if rows <= 4 && rows == yStride { return interleave(rows, columns, x, xStride, y) }
  if columns <= 4 && columns == xStride { return separate(columns, rows, x, y, yStride) }
  // Blocks of whole cache lines, along the shorter dimension first: the lines of the longer one are then neighbours in memory.
  let side = 16
  let rowBlocks = ceilDivide(rows, side), columnBlocks = ceilDivide(columns, side)
  let rowsFirst = rows < columns
  for outer in 0..<(rowsFirst ? columnBlocks : rowBlocks) {
    for inner in 0..<(rowsFirst ? rowBlocks : columnBlocks) {
      let r = side * (rowsFirst ? inner : outer), c = side * (rowsFirst ? outer : inner)
      transposeBlock(min(side, rows - r), min(side, columns - c), x + r * xStride + c, xStride, y + c * yStride + r, yStride)
    }
  }
}

@inline(__always)
private func transposeBlock(
  _ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
) {
  var r = 0
  while r < rows {
    var c = 0
    while c < columns {
      transposeSquare(min(lanes, rows - r), min(lanes, columns - c), x + r * xStride + c, xStride, y + c * yStride + r, yStride)
      c += lanes
    }
    r += lanes
  }
}

/// Up to `lanes` rows and columns.
@inline(never)
private func transposeSquare(
  _ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
) {
  var square = Square(repeating: .zero)
  if rows == lanes && columns == lanes {
    for i in 0..<lanes { square[unchecked: i] = load(x + i * xStride) }
  } else {
    for i in 0..<lanes where i < rows { square[unchecked: i] = load(x + i * xStride, count: columns) }
  }
  square = transposed(square)
  if rows == lanes && columns == lanes {
    for i in 0..<lanes { store(square[unchecked: i], y + i * yStride) }
  } else {
    for i in 0..<lanes where i < columns { store(square[unchecked: i], y + i * yStride, count: rows) }
  }
}

#if DLRT_AVX512
  typealias Square = InlineArray<16, Vector>
#elseif DLRT_AVX2
  typealias Square = InlineArray<8, Vector>
#else
  typealias Square = InlineArray<4, Vector>
#endif

/// Taking row i with row i + lanes/2, element by element, log₂ lanes times over turns rows into columns.
@inline(__always)
func transposed(_ rows: Square) -> Square {
  var square = rows
  var stages = lanes
  while stages > 1 {
    var next = square
    for i in 0..<lanes / 2 {
      next[unchecked: 2 * i] = dlp_zip_low(square[unchecked: i], square[unchecked: i + lanes / 2])
      next[unchecked: 2 * i + 1] = dlp_zip_high(square[unchecked: i], square[unchecked: i + lanes / 2])
    }
    square = next
    stages /= 2
  }
  return square
}

private typealias Four = SIMD4<Float>

/// `planes` ≤ 4 rows of x become the neighbouring floats of y's pixels. Four pixels at a time; a pixel is stored as four
/// floats, of which those too many are written over by the next pixel.
@inline(never) @_optimize(size)
private func interleave(
  _ planes: Int, _ pixels: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>
) {
  let second = min(1, planes - 1) * xStride, third = min(2, planes - 1) * xStride, fourth = min(3, planes - 1) * xStride
  var p = 0
  while p + 8 <= pixels {
    let (a, b, c, d) = transposed(loadFour(x + p), loadFour(x + p + second), loadFour(x + p + third), loadFour(x + p + fourth))
    let to = y + p * planes
    storeFour(a, to)
    storeFour(b, to + planes)
    storeFour(c, to + 2 * planes)
    storeFour(d, to + 3 * planes)
    p += 4
  }
  while p < pixels {
    for i in 0..<planes { y[p * planes + i] = x[i * xStride + p] }
    p += 1
  }
}

/// The reverse: the neighbouring floats of x's pixels become `planes` ≤ 4 rows of y.
@inline(never) @_optimize(size)
private func separate(
  _ planes: Int, _ pixels: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
) {
  var p = 0
  while p + 8 <= pixels {
    let from = x + p * planes
    let (a, b, c, d) = transposed(
      loadFour(from), loadFour(from + planes), loadFour(from + 2 * planes), loadFour(from + 3 * planes))
    storeFour(a, y + p)
    if planes > 1 { storeFour(b, y + yStride + p) }
    if planes > 2 { storeFour(c, y + 2 * yStride + p) }
    if planes > 3 { storeFour(d, y + 3 * yStride + p) }
    p += 4
  }
  while p < pixels {
    for i in 0..<planes { y[i * yStride + p] = x[p * planes + i] }
    p += 1
  }
}

@inline(__always) private func loadFour(_ p: UnsafePointer<Float>) -> Four { UnsafeRawPointer(p).loadUnaligned(as: Four.self) }
@inline(__always) private func storeFour(_ v: Four, _ p: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(p).storeBytes(of: v, as: Four.self)
}

@inline(__always) private func transposed(_ a: Four, _ b: Four, _ c: Four, _ d: Four) -> (Four, Four, Four, Four) {
  let ac = dlp_zip4_low(a, c), ac2 = dlp_zip4_high(a, c), bd = dlp_zip4_low(b, d), bd2 = dlp_zip4_high(b, d)
  return (dlp_zip4_low(ac, bd), dlp_zip4_high(ac, bd), dlp_zip4_low(ac2, bd2), dlp_zip4_high(ac2, bd2))
}

private func copy(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  var i = 0
  while i + lanes <= count {
    store(load(x + i), y + i)
    i += lanes
  }
  if i < count { store(load(x + i, count: count - i), y + i, count: count - i) }
}
