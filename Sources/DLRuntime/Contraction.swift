import DLGraph
import KernelTypes

/// Products of matrices that are both computed in a run, many at once: y(n, i, j) = Σ a(n, i, k) · b(n, k, j). The places of one k are
/// neighbours in a, those of one j in y; b is packed anyway, and lies as it likes. Strides in floats.
struct Contraction {
  /// The axes of n, and how far each moves a, b and y.
  var batch: [Int]
  var aBatch: [Int], bBatch: [Int], yBatch: [Int]
  var rows: Int, depth: Int, columns: Int
  var aRow: Int, bDepth: Int, bColumn: Int, yRow: Int

  /// Every axis of two operands and their product under a label. Nil where these are no products of matrices that lie as above.
  /// sizes: of a and b, by axis.
  private init?(_ a: [Int], _ b: [Int], _ y: [Int], sizes: ([Int], [Int])) {
    let (aSteps, bSteps) = (rowMajorSteps(sizes.0), rowMajorSteps(sizes.1))
    func size(_ label: Int) -> Int {
      if let axis = a.firstIndex(of: label), sizes.0[axis] != 1 { return sizes.0[axis] }
      return b.firstIndex(of: label).map { sizes.1[$0] } ?? 1
    }
    func step(_ label: Int, _ labels: [Int], _ steps: [Int], _ sizes: [Int]) -> Int {
      labels.firstIndex(of: label).map { sizes[$0] == 1 ? 0 : steps[$0] } ?? 0
    }
    let ySteps = rowMajorSteps(y.map { size($0) })
    // What is summed: one label of both operands.
    let summed = a.filter { !y.contains($0) }
    guard summed.count == 1, b.filter({ !y.contains($0) }) == summed, isDistinct(a), isDistinct(b),
      let k = summed.first, let column = y.last, b.contains(column), !a.contains(column),
      let aDepth = a.firstIndex(of: k), let bAxis = b.firstIndex(of: k), sizes.0[aDepth] == sizes.1[bAxis], sizes.0[aDepth] > 0,
      aSteps[aDepth] == 1 || sizes.0[aDepth] == 1
    else { return nil }
    // The innermost axis of y that is a's alone makes the rows; without one there is one row.
    let row = y.last { a.contains($0) && !b.contains($0) }
    let others = y.filter { $0 != column && $0 != row }
    batch = others.map { size($0) }
    aBatch = others.map { step($0, a, aSteps, sizes.0) }
    bBatch = others.map { step($0, b, bSteps, sizes.1) }
    yBatch = others.map { label in y.firstIndex(of: label).map { ySteps[$0] } ?? 0 }
    rows = row.map { size($0) } ?? 1
    depth = sizes.0[aDepth]
    columns = size(column)
    aRow = row.map { step($0, a, aSteps, sizes.0) } ?? 0
    bDepth = step(k, b, bSteps, sizes.1)
    bColumn = step(column, b, bSteps, sizes.1)
    yRow = row.flatMap { label in y.firstIndex(of: label).map { ySteps[$0] } } ?? columns
  }

  /// Of an operation on two f32 tensors; nil where it is no such product, or has no elements to compute with.
  init?(_ op: Op, _ a: [Int], _ b: [Int]) {
    var found: Contraction?
    switch op {
    case .matmul: found = Contraction.matmul(a, b)
    case .gemm(false, let transposeB):
      // Not `transposeB ? [2, 1] : [1, 2]`, of which Embedded Swift 6.3 made [2, 1] for both here.
      found = Contraction([0, 1], [transposeB ? 2 : 1, transposeB ? 1 : 2], [0, 2], sizes: (a, b))
    case .einsum(let equation):
      guard let labels = try? Einsum(equation, ranks: [a.count, b.count]) else { return nil }
      found = Contraction(labels.inputs[0], labels.inputs[1], labels.output, sizes: (a, b))
    default: break
    }
    guard let found else { return nil }
    self = found
  }

  private static func matmul(_ a: [Int], _ b: [Int]) -> Contraction? {
    guard a.count >= 1, b.count >= 2 else { return nil }
    let leading = max(a.count, b.count) - 2
    // Labels: leading axes from the front, then rows, depth and columns.
    func labels(_ rank: Int, _ last: [Int]) -> [Int] { Array((leading - max(0, rank - 2))..<leading) + last.suffix(rank) }
    let (row, depth, column) = (leading, leading + 1, leading + 2)
    let isVector = a.count == 1
    return Contraction(
      labels(a.count, [row, depth]), labels(b.count, [depth, column]),
      Array(0..<max(leading, 0)) + (isVector ? [column] : [row, column]), sizes: (a, b))
  }
}

private func isDistinct(_ labels: [Int]) -> Bool {
  for (i, label) in labels.enumerated() where labels[..<i].contains(label) { return false }
  return true
}

private func rowMajorSteps(_ sizes: [Int]) -> [Int] {
  var steps = sizes
  var step = 1
  for axis in sizes.indices.reversed() {
    steps[axis] = step
    step *= sizes[axis]
  }
  return steps
}

extension StepBuilder {
  /// Units are blocks of the columns and rows of each product, rows innermost: b's columns are packed once
  /// for all of them, and for the next product too where that has the same.
  func contraction(_ node: ProgramNode) -> [Step] {
    let (a, b, y) = (node.inputs[0], node.inputs[1], node.output)
    guard let op = node.op, let product = Contraction(op, sizes[a], sizes[b]) else { return reference(node) }
    let bias: Int? = node.inputs.count > 2 && node.inputs[2] != Node.absent ? node.inputs[2] : nil
    let columnsAtOnce = min(product.columns, 4 * kernels.tileColumns)
    let rowsAtOnce = min(product.rows, 16 * kernels.tileRows)
    let columnBlocks = (product.columns + columnsAtOnce - 1) / columnsAtOnce
    let rowBlocks = (product.rows + rowsAtOnce - 1) / rowsAtOnce
    let count = product.batch.reduce(1, *)
    let scratchFloats = (kernels.packedSize(product.depth, columnsAtOnce) + 15) / 16 * 16
    let kernels = kernels
    return [
      Step(
        name: node.name, kernel: "gemm", reads: [a, b] + (bias.map { [$0] } ?? []), write: y,
        units: count * columnBlocks * rowBlocks,
        cost: 2 * Double(count) * Double(product.rows) * Double(product.depth) * Double(product.columns),
        scratchFloats: scratchFloats
      ) { slots, scratch, units, worker in
        let panels = scratch + worker * scratchFloats
        var packed = -1
        for unit in units {
          let (block, rowBlock) = (unit / rowBlocks, unit % rowBlocks)
          let (n, column) = (block / columnBlocks, block % columnBlocks * columnsAtOnce)
          let width = min(columnsAtOnce, product.columns - column)
          let place = product.place(n)
          let from = place.b + column * product.bColumn
          if packed != from {
            let bias = bias.map { UnsafePointer(slots[$0].floats + column) }
            let matrix = WeightMatrix(
              w: slots[b].floats + from, inner: product.depth, columns: width, innerStride: product.bDepth,
              columnStride: product.bColumn)
            kernels.pack(matrix, bias, panels)
            packed = from
          }
          let row = rowBlock * rowsAtOnce
          let call = GemmCall(
            rows: min(rowsAtOnce, product.rows - row), depth: product.depth, columns: width,
            x: slots[a].floats + place.a + row * product.aRow, xStride: product.aRow, panels: panels,
            y: slots[y].floats + place.y + row * product.yRow + column, yStride: product.yRow,
            activation: node.epilogue.activation)
          kernels.gemm(call, 0..<kernels.gemmUnits(call))
        }
      }
    ]
  }
}

extension Contraction {
  /// Where the matrices of product n begin.
  fileprivate func place(_ n: Int) -> (a: Int, b: Int, y: Int) {
    var rest = n
    var place = (a: 0, b: 0, y: 0)
    for axis in batch.indices.reversed() {
      let at = rest % batch[axis]
      rest /= batch[axis]
      place.a += at * aBatch[axis]
      place.b += at * bBatch[axis]
      place.y += at * yBatch[axis]
    }
    return place
  }
}
