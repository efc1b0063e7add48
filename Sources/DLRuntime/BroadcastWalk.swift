import KernelTypes

/// A function of two inputs broadcast to one shape, as rows: axes that both inputs step through alike are
/// one, the innermost is the columns, the next the rows.
struct BroadcastWalk {
  private struct Axis {
    var size: Int
    var a: Int, b: Int, y: Int
  }

  /// From the outermost; at least two, the last of steps 0 or 1.
  private var axes: [Axis] = []
  /// Outer places, and pieces each is cut into: of rows, or of a single row.
  private let outer: Int
  private let pieces: Int
  private let rowsEach: Int, columnsEach: Int

  /// sizes of the output, `order` its axes from outermost to innermost in memory, strides of inputs and output by axis.
  init(_ sizes: [Int], order: [Int], _ a: [Int], _ b: [Int], _ y: [Int]) {
    for axis in order where sizes[axis] != 1 {
      let next = Axis(size: sizes[axis], a: a[axis], b: b[axis], y: y[axis])
      if let last = axes.last, last.a == next.a * next.size, last.b == next.b * next.size, last.y == next.y * next.size {
        axes[axes.count - 1] = Axis(size: last.size * next.size, a: next.a, b: next.b, y: next.y)
      } else {
        axes.append(next)
      }
    }
    // Of a single channel, the columns are rows too.
    if let last = axes.last, last.a > 1 || last.b > 1 || last.y > 1 { axes.append(Axis(size: 1, a: 0, b: 0, y: 1)) }
    while axes.count < 2 { axes.insert(Axis(size: 1, a: 0, b: 0, y: axes.isEmpty ? 1 : 0), at: 0) }
    let (rows, columns) = (axes[axes.count - 2].size, axes[axes.count - 1].size)
    outer = axes.dropLast(2).reduce(1) { $0 * $1.size }
    columnsEach = rows == 1 ? min(columns, 4096) : columns
    rowsEach = max(1, 4096 / max(columns, 1))
    pieces = rows == 1 ? (columns + 4095) / 4096 : (rows + rowsEach - 1) / rowsEach
  }

  var units: Int { outer * pieces }

  /// Rows of outputs that lie one behind the other, and of the inputs they are made of. Offsets and steps in elements.
  struct Piece {
    var rows: Int, columns: Int
    var a: Int, aRow: Int, aColumn: Int
    var b: Int, bRow: Int, bColumn: Int
    var y: Int

    /// Calls body with the offsets of a, b and y.
    @inline(__always) func eachElement(_ body: (_ a: Int, _ b: Int, _ y: Int) -> Void) {
      for row in 0..<rows {
        let (a, b, y) = (a &+ row &* aRow, b &+ row &* bRow, y &+ row &* columns)
        for i in 0..<columns { body(a &+ i &* aColumn, b &+ i &* bColumn, y &+ i) }
      }
    }
  }

  func eachPiece(_ units: Range<Int>, _ body: (Piece) -> Void) {
    let (r, c) = (axes[axes.count - 2], axes[axes.count - 1])
    for unit in units {
      let piece = unit % pieces
      let row = r.size == 1 ? 0 : piece * rowsEach
      let column = r.size == 1 ? piece * columnsEach : 0
      var (aStart, bStart, yStart) = (row * r.a + column * c.a, row * r.b + column * c.b, row * r.y + column * c.y)
      var place = unit / pieces
      for axis in axes.dropLast(2).reversed() {
        let i = place % axis.size
        aStart += i * axis.a
        bStart += i * axis.b
        yStart += i * axis.y
        place /= axis.size
      }
      let rows = r.size == 1 ? 1 : min(rowsEach, r.size - row)
      let atOnce = r.y == c.size ? rows : 1
      for i in stride(from: 0, to: rows, by: atOnce) {
        body(
          Piece(
            rows: atOnce, columns: min(columnsEach, c.size - column), a: aStart + i * r.a, aRow: r.a, aColumn: c.a,
            b: bStart + i * r.b, bRow: r.b, bColumn: c.b, y: yStart + i * r.y))
      }
    }
  }
}
