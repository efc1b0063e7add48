/// A copy of a box of elements between two strided layouts: y[to + Σ i · toStride] = x[from + Σ i · fromStride] for each index i of
/// the box. Strides are in elements, may be negative, and on the side of x 0. What is contiguous in both is copied as one run.
public struct StridedCopy: Sendable {
  public struct Axis: Sendable {
    public var size: Int
    public var from: Int
    public var to: Int
  }

  /// From the largest step in y to the smallest; axes of size 1 dropped, those that are one in both layouts merged. At least one.
  public private(set) var axes: [Axis]
  /// Offsets of the first element.
  public let from: Int
  public let to: Int

  public init(_ sizes: [Int], from: [Int], start: Int = 0, to: [Int], place: Int = 0) {
    self.from = start
    self.to = place
    var sorted: [Axis] = []
    for i in sizes.indices where sizes[i] != 1 {
      sorted.append(Axis(size: sizes[i], from: from[i], to: to[i]))
      var position = sorted.count - 1
      while position > 0 && sorted[position - 1].to.magnitude < sorted[position].to.magnitude {
        sorted.swapAt(position - 1, position)
        position -= 1
      }
    }
    axes = []
    for axis in sorted {
      if let outer = axes.last, outer.from == axis.from * axis.size, outer.to == axis.to * axis.size {
        axes[axes.count - 1] = Axis(size: outer.size * axis.size, from: axis.from, to: axis.to)
      } else {
        axes.append(axis)
      }
    }
    if sizes.contains(0) { axes = [Axis(size: 0, from: 1, to: 1)] }
    if axes.isEmpty { axes = [Axis(size: 1, from: 1, to: 1)] }
  }

  public var count: Int { axes.reduce(1) { $0 * $1.size } }
  /// Rows along the innermost axis: what a copy may be cut into.
  public var rows: Int { axes.dropLast().reduce(1) { $0 * $1.size } }

  /// Copies some rows of elements of 1, 2, 4 or 8 bytes.
  public func copy(_ rows: Range<Int>, elementSize: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) {
    if axes[axes.count - 1].size == 0 { return }
    eachRow(rows, below: axes.count - 1) { p, q in
      copyRow(axes[axes.count - 1], elementSize, x + p * elementSize, y + q * elementSize)
    }
  }

  /// Calls body with the offsets of each place of the outermost `depth` axes, in order.
  public func eachRow(_ rows: Range<Int>, below depth: Int, _ body: (_ from: Int, _ to: Int) -> Void) {
    if !rows.isEmpty { walk(0, depth, rows, from, to, body) }
  }

  private func walk(_ axis: Int, _ depth: Int, _ rows: Range<Int>, _ p: Int, _ q: Int, _ body: (Int, Int) -> Void) {
    if axis == depth { return body(p, q) }
    let (from, to) = (axes[axis].from, axes[axis].to)
    if axis == depth - 1 {
      for i in rows { body(p + i * from, q + i * to) }
      return
    }
    var below = 1
    for inner in axis + 1..<depth { below *= axes[inner].size }
    var row = rows.lowerBound
    while row < rows.upperBound {
      let i = row / below
      let end = min(rows.upperBound, (i + 1) * below)
      walk(axis + 1, depth, row - i * below..<end - i * below, p + i * from, q + i * to, body)
      row = end
    }
  }
}

private func copyRow(_ row: StridedCopy.Axis, _ elementSize: Int, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) {
  if row.from == 1 && row.to == 1 { return y.copyMemory(from: x, byteCount: row.size * elementSize) }
  switch elementSize {
  case 1: copyElements(UInt8.self, row, x, y)
  case 2: copyElements(UInt16.self, row, x, y)
  case 4: copyElements(UInt32.self, row, x, y)
  default: copyElements(UInt64.self, row, x, y)
  }
}

private func copyElements<T>(_: T.Type, _ row: StridedCopy.Axis, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer) {
  let from = x.assumingMemoryBound(to: T.self)
  let to = y.assumingMemoryBound(to: T.self)
  for i in 0..<row.size { to[i * row.to] = from[i * row.from] }
}

/// Elements from one place of each axis to the next in a dense row-major tensor.
public func rowMajorStrides(_ sizes: [Int]) -> [Int] {
  var strides = sizes
  var step = 1
  for axis in sizes.indices.reversed() {
    strides[axis] = step
    step *= sizes[axis]
  }
  return strides
}
