import CPlatform
import KernelTypes

// Packed weights. A panel holds `tileColumns` columns: their biases, then for each k in order the columns' weights. The
// last panel has one vector of columns instead of two if that is enough. Columns past the matrix are zeros.

/// Vectors of columns in the panel that begins at `column`: 2, or 1 if the rest fits one.
@inline(__always) func panelVectors(_ columns: Int, at column: Int) -> Int { columns - column > lanes ? 2 : 1 }

/// Floats from a full panel to the next.
@inline(__always) func panelPitch(depth: Int) -> Int { (depth + 1) * tileColumns }

func packedPanelsSize(depth: Int, columns: Int) -> Int { (depth + 1) * roundUp(columns, to: lanes) }

/// Packs a matrix and its biases (nil: zeros).
@inline(never) @_optimize(size)
func packPanels(_ m: WeightMatrix, _ bias: UnsafePointer<Float>?, into panels: UnsafeMutablePointer<Float>) {
  for n in 0..<roundUp(m.columns, to: lanes) {
    // n is in a full panel, or in the last one, whose width does not matter for its first row.
    panels[n / tileColumns * panelPitch(depth: m.depth) + n % tileColumns] = n < m.columns ? bias?[n] ?? 0 : 0
  }
  if m.columnStride == 1 { return packDenseRows(m, into: panels) }
  var n = 0
  while n < m.columns {
    let first = n / tileColumns * tileColumns
    let part = PanelPart(
      matrix: m, column: n, to: panels + first / tileColumns * panelPitch(depth: m.depth) + (n - first),
      width: panelVectors(m.columns, at: first) * lanes)
    if m.columnsAreDense { part.packDenseColumns() } else { part.packScattered() }
    n += lanes
  }
}

/// Rows whose columns are neighbours are copied, some rows through all panels before the next: each then reads on where it
/// stopped, and panels are written some rows at a time.
@inline(never)
private func packDenseRows(_ m: WeightMatrix, into panels: UnsafeMutablePointer<Float>) {
  let block = 16
  var k = 0
  while k < m.depth {
    let last = min(k + block, m.depth)
    var first = 0
    while first < m.columns {
      let width = panelVectors(m.columns, at: first) * lanes
      var to = panels + first / tileColumns * panelPitch(depth: m.depth) + (k + 1) * width
      for k in k..<last {
        let from = m.w + (k / m.inner * m.outerStride + k % m.inner * m.innerStride + first)
        store(load(from, count: min(lanes, m.columns - first)), to)
        if width > lanes { store(load(from + lanes, count: min(lanes, m.columns - first - lanes)), to + lanes) }
        to += width
      }
      first += tileColumns
    }
    k = last
  }
}

/// A vector of columns of a panel.
private struct PanelPart {
  var matrix: WeightMatrix
  /// The first column.
  var column: Int
  /// Where its bias is, and how wide the panel is.
  var to: UnsafeMutablePointer<Float>
  var width: Int

  /// Packs a matrix with dense columns.
  @inline(never)
  func packDenseColumns() {
    let filled = min(lanes, matrix.columns - column)
    let w = matrix.w + column * matrix.columnStride
    var (o, i) = (0, 0)
    var j = 0
    while j < matrix.depth {
      let count = min(lanes, matrix.depth - j)
      let tile: Square
      if filled == lanes && count == lanes {
        tile = transposed(
          Square { n in
            let from = w + (n * matrix.columnStride + j)
            // So many columns side by side are more than the processor reads ahead by itself.
            dlp_prefetch(from + 8 * lanes)
            return load(from)
          })
      } else {
        tile = transposed(Square { n in n < filled ? load(w + (n * matrix.columnStride + j), count: count) : splat(0) })
      }
      for r in 0..<count {
        store(tile[unchecked: r], to + (1 + o * matrix.inner + i) * width)
        o += 1
        if o == matrix.outer { (o, i) = (0, i + 1) }
      }
      j += count
    }
  }

  /// Whatever the strides.
  @inline(never) @_optimize(size)
  func packScattered() {
    for k in 0..<matrix.depth {
      let from = matrix.w + (k / matrix.inner * matrix.outerStride + k % matrix.inner * matrix.innerStride)
      for n in 0..<lanes {
        to[(1 + k) * width + n] = column + n < matrix.columns ? from[(column + n) * matrix.columnStride] : 0
      }
    }
  }
}
