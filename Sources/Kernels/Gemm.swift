import CPlatform
import KernelTypes

// y = activation(x · w + bias + residual), and what it shares with convolution: a block of rows times a range of panels.

/// Hands out the pointers of a block's rows, one after the other: rows of a matrix, or the windows of output pixels in the images
/// themselves or in a padded copy.
struct RowWalker {
  private var row: UnsafePointer<Float>
  private var outWidth: Int, outHeight: Int
  /// Floats from a window to the next along a row; from the last window of a row to the first of the next row; and what
  /// is more from the last of an image to the first of the next.
  private var columnStep = 0, rowStep = 0, imageStep = 0
  private var columnsLeft: Int, rowsLeft: Int

  /// Windows. Pitches: floats between those of neighbouring output columns, output rows, images.
  init(
    _ x: UnsafePointer<Float>, outWidth: Int, outHeight: Int, columnPitch: Int, rowPitch: Int, imagePitch: Int
  ) {
    row = x
    // Rows of one column are a column of many rows: what lies in a row is taken at once.
    let turned = outWidth == 1
    self.outWidth = turned ? outHeight : outWidth
    self.outHeight = turned ? 1 : outHeight
    columnStep = turned ? rowPitch : columnPitch
    rowStep = turned ? 0 : rowPitch - outWidth * columnPitch
    imageStep = imagePitch - outHeight * rowPitch
    columnsLeft = self.outWidth
    rowsLeft = self.outHeight
  }

  /// The rows of a matrix, which are windows side by side.
  init(_ x: UnsafePointer<Float>, rows: Int, stride: Int) {
    self.init(x, outWidth: rows, outHeight: 1, columnPitch: stride, rowPitch: 0, imagePitch: 0)
  }

  /// Writes the pointers of the next `count` rows.
  @inline(__always) mutating func take(_ count: Int, _ rows: UnsafeMutablePointer<UnsafePointer<Float>>) {
    var rows = rows
    var left = count
    while left > 0 {
      let some = min(left, columnsLeft)
      // A dozen additions; made opaque because the optimiser would have them as vectors of slow 64-bit multiplications.
      var offset = 0
      for i in 0..<some {
        rows[i] = row + offset
        offset = dlp_opaque(offset + columnStep)
      }
      rows += some
      left -= some
      row += offset
      columnsLeft -= some
      if columnsLeft == 0 { startRow() }
    }
  }

  @inline(__always) private mutating func startRow() {
    columnsLeft = outWidth
    row += rowStep
    rowsLeft -= 1
    if rowsLeft == 0 {
      rowsLeft = outHeight
      row += imageStep
    }
  }
}

/// A block of outputs: some rows of a times some panels. The rows may be several segments of `rows`, which lie apart in y.
struct Block {
  var rows: Int
  var segments = 1
  /// Floats from a segment to the next, in y and in the residual.
  var segmentPitch = 0, residualSegmentPitch = 0
  var panels: Range<Int>
  var runs: Runs
  var depth: Int
  /// Columns of the whole matrix, and its packed panels.
  var columns: Int
  var packed: UnsafePointer<Float>
  /// Floats from the last panel to the one that is read next; nil: that is not asked for.
  var ahead: Int? = nil
  /// Whether panels are in the second-level cache; else each asks for the next.
  var panelsStay = false
  /// What else to ask for, in floats from `packed`: a later layer's weights, or where the next block's rows and outputs lie.
  var later = 0..<0
  var thenLater = 0..<0
  /// Row i of the block begins at y + i · yStride, columns counted from those of panel 0.
  var y: UnsafeMutablePointer<Float>
  var yStride: Int
  /// Added before the activation, addressed like y; nil: nothing.
  var residual: UnsafePointer<Float>?
  var residualStride: Int
  var activation: Activation
}

/// Panels taken by one tile of `rows` rows when `panels` full ones are left: few rows take several side by side.
@inline(__always) private func panelsAtOnce(rows: Int, panels: Int) -> Int {
  var count = 4
  while count > 1 && (count > panels || mostRows(vectors: 2 * count) < rows) { count /= 2 }
  return count
}

/// Computes a block. Panels are the outer loop: a panel stays in cache for all rows of the block.
@inline(never) @_optimize(size)
func multiply(_ rows: RowWalker, _ block: Block) {
  let pitch = panelPitch(depth: block.depth)
  let limits = limits(block.activation)
  var pointers = InlineArray<16, UnsafePointer<Float>> { _ in block.packed }
  var panel = block.panels.lowerBound
  var asks = Asks(block)
  while panel < block.panels.upperBound {
    let column = panel * tileColumns
    let narrow = panelVectors(block.columns, at: column) == 1
    // Only the last panel of the matrix is narrow.
    let fullLeft = min(block.panels.upperBound, (block.columns - column + tileColumns - lanes - 1) / tileColumns + panel) - panel
    let taken = narrow ? 1 : panelsAtOnce(rows: block.rows, panels: fullLeft)
    let vectors = narrow ? 1 : 2 * taken
    let columns = min(vectors * lanes, block.columns - column)
    // Tiles of even height instead of full ones and a small rest.
    let tiles = ceilDivide(block.rows, mostRows(vectors: vectors))
    let height = block.rows / max(1, tiles)
    let taller = block.rows - height * tiles
    asks.begin(
      panel + 1 == block.panels.upperBound ? block.ahead : pitch, from: panel * pitch, tiles: tiles * block.segments)
    var walker = rows
    for segment in 0..<block.segments {
      let y = block.y + segment * block.segmentPitch + column
      let residual = block.residual.map { $0 + segment * block.residualSegmentPitch + column }
      var row = 0
      for t in 0..<tiles {
        let count = t < taller ? height + 1 : height
        let (asked, askedStep) = asks.take()
        withUnsafeMutablePointer(to: &pointers) { memory in
          let rows = UnsafeMutableRawPointer(memory).assumingMemoryBound(to: UnsafePointer<Float>.self)
          walker.take(count, rows)
          runTile(
            rows: count, vectors: vectors,
            TileCall(
              rows: rows, runs: block.runs, panel: block.packed + panel * pitch, panelPitch: pitch,
              asked: block.packed + asked, askedStep: askedStep,
              y: y + row * block.yStride, yStride: block.yStride, columns: columns,
              residual: residual.map { $0 + row * block.residualStride }, residualStride: block.residualStride,
              limits: limits ?? Limits()))
        }
        if limits == nil {
          activateRows(block.activation, count, columns, y + row * block.yStride, block.yStride)
        }
        row += count
      }
    }
    panel += taken
  }
}

/// What tiles ask for meanwhile, a line for some rows of their panel, so that it is in the second-level cache when it is read.
private struct Asks {
  /// In floats from `Block.packed`, in this order: the next panel, and what the block asks for besides.
  private var ranges: InlineArray<3, Range<Int>>
  private let depth: Int, later: Int, asksForPanels: Bool
  private var panel = 0, step = 0

  @inline(never)
  init(_ block: Block) {
    ranges = [0..<0, block.later, block.thenLater]
    depth = block.depth
    later = (block.later.count + block.thenLater.count) / max(1, block.panels.count)
    asksForPanels = !block.panelsStay
  }

  /// ahead: floats to the panel that is read after this one.
  @inline(never)
  mutating func begin(_ ahead: Int?, from panel: Int, tiles: Int) {
    self.panel = panel
    ranges[0] = 0..<0
    if asksForPanels, let ahead { ranges[0] = panel + ahead..<panel + ahead + depth * tileColumns }
    // Evenly: a line for each row, until all are asked for, is more than the memory delivers.
    let even = ceilDivide(ranges[0].count + later, max(1, tiles * depth))
    // A tile alone asks for lines all over the panel: the processor fetches their neighbours itself.
    step = tiles == 1 ? tileColumns : max(8, min(even, 16))
  }

  /// The first line, in floats from `Block.packed`, and the floats from a row's to the next row's.
  @inline(never)
  mutating func take() -> (first: Int, step: Int) {
    for i in 0..<3 where !ranges[i].isEmpty {
      let first = ranges[i].lowerBound
      ranges[i] = min(first + depth * step, ranges[i].upperBound)..<ranges[i].upperBound
      return (first, step)
    }
    return (panel, 0)
  }
}

/// How a matrix is cut into units: `rowUnits` × `panelUnits`, panels varying fastest.
struct Split {
  var rowUnits: Int, panelUnits: Int
  var rows: Int, panels: Int

  /// rowUnits: as many as cache blocking asks for. If they are few, panels are split too, as long as a unit takes as long as
  /// `unitWork` multiply-adds.
  init(rows: Int, rowUnits: Int, depth: Int, columns: Int) {
    self.rows = rows
    self.rowUnits = rowUnits
    panels = ceilDivide(columns, tileColumns)
    // Few rows wait for their weights.
    let rowWork = max(4, ceilDivide(rows, rowUnits)) * depth * tileColumns
    let panelsPerUnit = max(1, max(ceilDivide(unitWork, max(1, rowWork)), ceilDivide(panels * rowUnits, mostUnits)))
    panelUnits = max(1, panels / panelsPerUnit)
  }

  var count: Int { rowUnits * panelUnits }
  /// The rows of a unit.
  @inline(__always) func rowRange(_ unit: Int) -> Range<Int> { share(rows, unit / panelUnits, rowUnits) }
}

/// Units of the same rows follow each other, `panelUnits` of them: the panels of all those of a range that have the rows of its
/// first, and the unit after them.
@inline(__always)
func neighbours(_ units: Range<Int>, panels: Int, panelUnits: Int) -> (panels: Range<Int>, next: Int) {
  let first = units.lowerBound % panelUnits
  let count = min(units.count, panelUnits - first)
  let last = share(panels, first + count - 1, panelUnits)
  return (share(panels, first, panelUnits).lowerBound..<last.upperBound, units.lowerBound + count)
}

/// Multiply-adds worth handing to another thread: about a microsecond's.
@inline(__always) var unitWork: Int { 65_536 }
/// More units than this, or four times as many where a thread takes some at once, bring no better balance.
@inline(__always) var mostUnits: Int { 64 }

/// Part i of n of 0 ..< count, sizes differing by one at most.
@inline(__always) func share(_ count: Int, _ i: Int, _ n: Int) -> Range<Int> { count * i / n..<count * (i + 1) / n }

/// Row blocks of about 256 KB of a, so that they stay in the second-level cache while the panels pass, and no more
/// than give a unit its work.
private func split(_ call: GemmCall) -> Split {
  let tiles = ceilDivide(call.rows, tileRows)
  let tilesInCache = max(1, 65_536 / max(1, tileRows * call.depth))
  let tileWork = tileRows * call.depth * call.columns
  let tilesForWork = max(1, max(ceilDivide(unitWork, max(1, tileWork)), ceilDivide(tiles, mostUnits)))
  let rowUnits = max(1, ceilDivide(tiles, min(tilesInCache, max(tilesForWork, 1))))
  return Split(rows: call.rows, rowUnits: rowUnits, depth: call.depth, columns: call.columns)
}

func gemmUnits(_ call: GemmCall) -> Int { split(call).count }

@_optimize(size)
func gemm(_ call: GemmCall, _ units: Range<Int>) {
  let split = split(call)
  var unit = units.lowerBound
  while unit < units.upperBound {
    let rows = split.rowRange(unit)
    let (panels, next) = neighbours(unit..<units.upperBound, panels: split.panels, panelUnits: split.panelUnits)
    multiply(
      RowWalker(call.x + rows.lowerBound * call.xStride, rows: rows.count, stride: call.xStride),
      Block(
        rows: rows.count, panels: panels, runs: Runs(count: call.depth), depth: call.depth,
        columns: call.columns, packed: call.panels,
        ahead: panels.upperBound < split.panels ? panelPitch(depth: call.depth) : nil, y: call.y + rows.lowerBound * call.yStride,
        yStride: call.yStride,
        residual: call.residual.map { $0 + rows.lowerBound * call.residualStride }, residualStride: call.residualStride,
        activation: call.activation))
    unit = next
  }
}
