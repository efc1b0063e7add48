/// y[c][r] = x[r][c], in squares that keep the lines of both in cache.
@inline(never) @_optimize(size)
func transpose(
  _ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
) {
  if rows == 1 && yStride == 1 || columns == 1 && xStride == 1 { return copy(rows * columns, x, y) }
  let side = 16
  var r0 = 0
  while r0 < rows {
    let r1 = min(r0 + side, rows)
    var c0 = 0
    while c0 < columns {
      let c1 = min(c0 + side, columns)
      for c in c0..<c1 {
        for r in r0..<r1 { y[c * yStride + r] = x[r * xStride + c] }
      }
      c0 = c1
    }
    r0 = r1
  }
}

private func copy(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  for i in 0..<count { y[i] = x[i] }
}
