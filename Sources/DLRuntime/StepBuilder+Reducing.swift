import DLGraph
import KernelTypes

// Steps that make one number of many, or bring many to one scale.

extension StepBuilder {
  /// x is outer × depth × inner, y outer × inner. Units are blocks of columns, or of rows where inner is 1.
  func reduce(_ node: ProgramNode, _ reduction: Reduction, _ axes: [Int]) -> Step {
    let (x, y) = (node.inputs[0], node.output)
    let order = memoryOrder(x)
    let places = order.indices.filter { axes.contains(order[$0]) }
    func product(_ part: ArraySlice<Int>) -> Int { part.reduce(1) { $0 * sizes[x][$1] } }
    let first = places.first ?? 0
    let (outer, depth) = (product(order[..<first]), product(order[first..<first + places.count]))
    let inner = product(order[(first + places.count)...])
    let fold = Fold(reduction, depth: depth, kernels)
    let columnsEach = min(max(inner, 1), Fold.columnsAtOnce)
    let pieces = (inner + columnsEach - 1) / columnsEach
    let rowsEach = inner == 1 ? max(1, 4096 / max(depth, 1)) : 1
    return Step(
      name: node.name, kernel: reduction.name, reads: [x], write: y, units: (outer + rowsEach - 1) / rowsEach * pieces,
      cost: 4 * elements(x), scratchFloats: Fold.scratchFloats
    ) { slots, scratch, units, worker in
      let scratch = scratch + worker * Fold.scratchFloats
      let (from, to) = (slots[x].floats, slots[y].floats)
      for unit in units {
        if inner == 1 {
          for row in unit * rowsEach..<min((unit + 1) * rowsEach, outer) { fold.row(from + row * depth, to + row, scratch) }
        } else {
          let (row, column) = (unit / pieces, unit % pieces * columnsEach)
          fold.columns(
            min(columnsEach, inner - column), from + (row * depth * inner + column), stride: inner, to + (row * inner + column),
            scratch)
        }
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

/// Folds rows of numbers into one, the kernels' way: each column by itself, blocks of rows first, so that long sums stay exact.
private struct Fold {
  static var columnsAtOnce: Int { 1024 }
  private static var rowsAtOnce: Int { 256 }
  /// Numbers whose magnitudes or squares are made at once.
  private static var made: Int { 4096 }
  /// Those; what a block of rows is folded into; parts of a row; a number.
  static var scratchFloats: Int { made + columnsAtOnce + 64 + 16 }

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

  /// Of one row, all to y: a row of partial results first, whose columns are a vector or more.
  func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>) {
    let width = depth < 4096 ? 16 : 64
    let parts = scratch + (Self.made + Self.columnsAtOnce)
    parts.update(repeating: reduction.identity, count: width)
    fold(depth / width, width, x, width, parts, scratch)
    fold(1, depth % width, x + depth / width * width, width, parts, scratch)
    y.pointee = reduction.identity
    combine(width, 1, parts, 1, y)
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
