// Packed weights. A panel holds `tileColumns` columns: their biases, then for each k in order the columns' weights. The
// last panel has one vector of columns instead of two if that is enough. Columns past the matrix are zeros.

/// Vectors of columns in the panel that begins at `column`: 2, or 1 if the rest fits one.
@inline(__always) func panelVectors(_ columns: Int, at column: Int) -> Int { columns - column > lanes ? 2 : 1 }

/// Floats from a full panel to the next.
@inline(__always) func panelPitch(depth: Int) -> Int { (depth + 1) * tileColumns }

func packedPanelsSize(depth: Int, columns: Int) -> Int { (depth + 1) * roundUp(columns, to: lanes) }

/// Packs what `bias` and `weight` find.
@inline(__always)
func packPanels(
  depth: Int, columns: Int, into panels: UnsafeMutablePointer<Float>, bias: (_ n: Int) -> Float,
  weight: (_ k: Int, _ n: Int) -> Float
) {
  var p = panels
  var first = 0
  while first < columns {
    let width = panelVectors(columns, at: first) * lanes
    let filled = min(width, columns - first)
    for n in 0..<width { p[n] = n < filled ? bias(first + n) : 0 }
    p += width
    for k in 0..<depth {
      for n in 0..<filled { p[n] = weight(k, first + n) }
      for n in filled..<width { p[n] = 0 }
      p += width
    }
    first += width
  }
}

@inline(never) @_optimize(size)
func packMatrix(
  _ depth: Int, _ columns: Int, _ w: UnsafePointer<Float>, _ kStride: Int, _ nStride: Int, _ bias: UnsafePointer<Float>?,
  _ panels: UnsafeMutablePointer<Float>
) {
  packPanels(depth: depth, columns: columns, into: panels) {
    bias?[$0] ?? 0
  } weight: { k, n in
    w[k * kStride + n * nStride]
  }
}
