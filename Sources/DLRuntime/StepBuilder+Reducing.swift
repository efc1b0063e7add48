import DLGraph
import KernelTypes

// Steps that make one number of many, or bring many to one scale.

extension StepBuilder {
  func reduce(_ node: ProgramNode, _ reduction: Reduction, _ axes: [Int]) -> Step {
    let kernels = kernels
    return folding(node, reduction.name, axes, scratchFloats: Fold.scratchFloats) { part, y, scratch in
      let fold = Fold(reduction, depth: part.depth, kernels)
      let y = y.floats + part.place
      if part.stride > 1 { return fold.columns(part.count, part.x, stride: part.stride, y, scratch) }
      for row in 0..<part.count { fold.row(part.x + row * part.depth, y + row, scratch) }
    }
  }

  func argExtreme(_ node: ProgramNode, _ axis: Int, isMaximum: Bool) throws(DLError) -> Step {
    let size = sizes[node.inputs[0]][axis]
    guard size <= Int32.max else { throw DLError(.unsupported, "axis \(axis): expected at most \(Int32.max), found \(size)") }
    let fold = ArgFold(sign: isMaximum ? 1 : -1, kernels: kernels)
    return folding(node, isMaximum ? "arg_max" : "arg_min", [axis], scratchFloats: ArgFold.scratchFloats) { part, y, scratch in
      fold.fold(part, y.assumingMemoryBound(to: Int64.self) + part.place, scratch)
    }
  }

  /// Folds x, outer × depth × inner elements by axes that are neighbours in memory, to y, outer × inner. Units are blocks of
  /// columns, or of rows where inner is 1.
  private func folding(
    _ node: ProgramNode, _ kernel: StaticString, _ axes: [Int], scratchFloats: Int,
    _ body: @escaping (FoldedPart, _ y: UnsafeMutableRawPointer, _ scratch: UnsafeMutablePointer<Float>) -> Void
  ) -> Step {
    let (x, y) = (node.inputs[0], node.output)
    let order = memoryOrder(x)
    let places = order.indices.filter { axes.contains(order[$0]) }
    func product(_ part: ArraySlice<Int>) -> Int { part.reduce(1) { $0 * sizes[x][$1] } }
    let first = places.first ?? 0
    let (outer, depth) = (product(order[..<first]), product(order[first..<first + places.count]))
    let inner = product(order[(first + places.count)...])
    // All rows are as one row of outputs.
    let width = inner == 1 ? outer : inner
    let most = inner == 1 ? FoldedPart.rowFloats / max(depth, 1) : width
    let each = max(1, min(width, most, FoldedPart.mostColumns))
    let pieces = (width + each - 1) / each
    return Step(
      name: node.name, kernel: kernel, reads: [x], write: y, units: count(y) / max(width, 1) * pieces, cost: 4 * elements(x),
      scratchFloats: scratchFloats
    ) { slots, scratch, units, worker in
      for unit in units {
        let (row, column) = (unit / pieces, unit % pieces * each)
        let from = inner == 1 ? column * depth : row * depth * inner + column
        let part = FoldedPart(
          x: slots[x].floats + from, depth: depth, stride: inner, place: row * width + column, count: min(each, width - column))
        body(part, slots[y], scratch + worker * scratchFloats)
      }
    }
  }

  /// Units are groups of channels of an image.
  func channelNorm(_ node: ProgramNode, _ groups: Int, _ epsilon: Float) -> Step {
    let (x, scale, shift, y) = (node.inputs[0], node.inputs[1], node.inputs[2], node.output)
    let channels = sizes[x][1] / max(groups, 1)
    let pixels = sizes[x][2...].reduce(1, *)
    let kernels = kernels
    return Step(
      name: node.name, kernel: "channel_norm", reads: [x, scale, shift], write: y, inPlace: 0, units: sizes[x][0] * groups,
      cost: elements(y) * 6
    ) { slots, _, units, _ in
      for unit in units {
        let place = unit * channels * pixels
        let to = slots[y].floats + place
        kernels.normalise(
          NormaliseCall(.layer(epsilon: epsilon), rows: 1, columns: channels * pixels, x: slots[x].floats + place, y: to))
        var call = BinaryCall(
          .multiply, rows: channels, columns: pixels, a: to, aRow: pixels, aColumn: 1,
          b: slots[scale].floats + unit % groups * channels, bRow: 1, bColumn: 0, y: to)
        kernels.binary(call)
        (call.function, call.b) = (.add, UnsafePointer(slots[shift].floats + unit % groups * channels))
        kernels.binary(call)
      }
    }
  }
}

/// Columns of numbers, each to be folded into one, or rows where the stride is 1.
private struct FoldedPart {
  static var mostColumns: Int { 1024 }
  /// The most numbers of rows together, but a single row may have more.
  static var rowFloats: Int { 16_384 }

  var x: UnsafePointer<Float>
  var depth: Int
  /// Floats from a number of a column to the next.
  var stride: Int
  /// Of the first result in y, and how many there are.
  var place: Int
  var count: Int
}

/// Folds rows of numbers into one, the kernels' way: each column by itself, blocks of rows first, so that long sums stay exact.
private struct Fold {
  private static var rowsAtOnce: Int { 256 }
  /// Numbers whose magnitudes or squares are made at once.
  private static var made: Int { 4096 }
  /// Those; what a block of rows is folded into; parts of a row; a number.
  static var scratchFloats: Int { made + FoldedPart.mostColumns + 64 + 16 }

  let reduction: Reduction
  let function: BinaryFunction
  /// Numbers folded into one.
  let depth: Int
  let kernels: KernelSet

  init(_ reduction: Reduction, depth: Int, _ kernels: KernelSet) {
    self.reduction = reduction
    function = reduction.fold ?? .add
    self.depth = depth
    self.kernels = kernels
  }

  /// Of `depth` rows, `stride` floats apart, each column to y.
  func columns(
    _ columns: Int, _ x: UnsafePointer<Float>, stride: Int, _ y: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    y.update(repeating: reduction.identity, count: columns)
    fold(depth, columns, x, stride, y, scratch)
    finish(columns, y)
  }

  /// Of one row, all to y: a row of partial results first, vectors that do not wait for each other.
  func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>) {
    let width = depth < 256 ? 16 : 64
    let parts = scratch + (Self.made + FoldedPart.mostColumns)
    parts.update(repeating: reduction.identity, count: width)
    fold(depth / width, width, x, width, parts, scratch)
    fold(1, depth % width, x + depth / width * width, width, parts, scratch)
    combine(width / 16 - 1, 16, parts + 16, 16, parts)
    y.pointee = reduction.identity
    combine(16, 1, parts, 1, y)
    finish(1, y)
  }

  @inline(never)
  private func fold(
    _ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ stride: Int, _ y: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    if rows <= Self.rowsAtOnce { return foldBlock(rows, columns, x, stride, y, scratch) }
    let block = scratch + Self.made
    for first in Swift.stride(from: 0, to: rows, by: Self.rowsAtOnce) {
      block.update(repeating: reduction.identity, count: columns)
      foldBlock(min(Self.rowsAtOnce, rows - first), columns, x + first * stride, stride, block, scratch)
      combine(1, columns, block, columns, y)
    }
  }

  @inline(never)
  private func foldBlock(
    _ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ stride: Int, _ y: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let square: Bool
    switch reduction {
    case .l1: square = false
    case .l2, .sumOfSquares: square = true
    default: return combine(rows, columns, x, stride, y)
    }
    // |x| is what PReLU with slope −1 makes of x.
    let minusOne = scratch + (Self.scratchFloats - 1)
    minusOne.pointee = -1
    let atOnce = Self.made / max(columns, 1)
    for first in Swift.stride(from: 0, to: rows, by: atOnce) {
      let some = min(atOnce, rows - first)
      let from = x + first * stride
      kernels.binary(
        BinaryCall(
          square ? .multiply : .prelu, rows: some, columns: columns, a: from, aRow: stride, aColumn: 1,
          b: square ? from : UnsafePointer(minusOne), bRow: square ? stride : 0, bColumn: square ? 1 : 0, y: scratch))
      combine(some, columns, scratch, columns, y)
    }
  }

  @inline(never)
  private func combine(_ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ stride: Int, _ y: UnsafeMutablePointer<Float>) {
    kernels.binary(
      BinaryCall(function, rows: rows, columns: columns, a: y, aRow: 0, aColumn: 1, b: x, bRow: stride, bColumn: 1, y: y, yRow: 0)
    )
  }

  @inline(never)
  private func finish(_ columns: Int, _ y: UnsafeMutablePointer<Float>) {
    switch reduction {
    case .mean: for i in 0..<columns { y[i] /= Float(depth) }
    case .l2: kernels.unary(.sqrt, columns, y, y)
    case .logSum: kernels.unary(.log, columns, y, y)
    default: break
    }
  }
}

/// The place of the largest number of each column or row, the first of equal ones; a NaN is the largest. sign: −1: of the
/// smallest.
private struct ArgFold {
  /// Rows turned into columns; the largest of each column and their places.
  static var scratchFloats: Int { FoldedPart.rowFloats + 2 * FoldedPart.mostColumns }

  let sign: Float
  let kernels: KernelSet

  func fold(_ part: FoldedPart, _ y: UnsafeMutablePointer<Int64>, _ scratch: UnsafeMutablePointer<Float>) {
    var (x, stride) = (part.x, part.stride)
    if stride == 1 {
      // Turning few rows takes longer than their numbers one by one.
      if part.count < 16 {
        for row in 0..<part.count { y[row] = largest(x + row * part.depth, part.depth) }
        return
      }
      kernels.transpose(part.count, part.depth, x, part.depth, scratch, part.count)
      (x, stride) = (UnsafePointer(scratch), part.count)
    }
    let largest = scratch + FoldedPart.rowFloats
    let places = UnsafeMutableRawPointer(largest + FoldedPart.mostColumns).assumingMemoryBound(to: Int32.self)
    largest.update(repeating: -.infinity, count: part.count)
    places.update(repeating: 0, count: part.count)
    for k in 0..<part.depth {
      kernels.keepLargest(part.count, x + k * stride, sign, Int32(k), largest, places)
    }
    for i in 0..<part.count { y[i] = Int64(places[i]) }
  }

  private func largest(_ x: UnsafePointer<Float>, _ depth: Int) -> Int64 {
    var (largest, place) = (-Float.infinity, 0)
    for k in 0..<depth {
      let next = sign * x[k]
      if !(next <= largest) && largest == largest { (largest, place) = (next, k) }
    }
    return Int64(place)
  }
}
