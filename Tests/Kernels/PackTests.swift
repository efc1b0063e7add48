import KernelTypes
import Testing

/// How the weights of a matrix may lie.
private enum Order: CaseIterable { case denseRows, denseColumns, neither }

private func matrix(_ order: Order, outer: Int, inner: Int, columns: Int, _ w: UnsafePointer<Float>) -> WeightMatrix {
  let depth = outer * inner
  return switch order {
  case .denseRows:
    WeightMatrix(
      w: w, outer: outer, inner: inner, columns: columns, outerStride: columns, innerStride: outer * columns, columnStride: 1)
  case .denseColumns:
    WeightMatrix(
      w: w, outer: outer, inner: inner, columns: columns, outerStride: 1, innerStride: outer, columnStride: depth)
  case .neither:
    WeightMatrix(
      w: w, outer: outer, inner: inner, columns: columns, outerStride: 2 * inner, innerStride: 2, columnStride: 2 * depth + 1)
  }
}

@Suite struct Packing {
  /// Panels hold biases, then rows; columns past the matrix are zeros.
  @Test func everyElementIsInItsPlace() {
    for (set, order) in kernelSets.flatMap({ set in Order.allCases.map { (set, $0) } }) {
      for (outer, inner) in [(1, 1), (1, 5), (1, 40), (3, 1), (3, 7), (9, 20), (4, 16)] {
        for columns in [1, set.lanes - 1, set.lanes, set.lanes + 1, set.tileColumns, 2 * set.tileColumns + set.lanes, 67] {
          for withBias in [false, true] {
            expectPacked(set, order, outer, inner, columns, withBias: withBias)
          }
        }
      }
    }
  }

  private func expectPacked(_ set: KernelSet, _ order: Order, _ outer: Int, _ inner: Int, _ columns: Int, withBias: Bool) {
    let depth = outer * inner
    let last = matrix(order, outer: outer, inner: inner, columns: columns, UnsafePointer(bitPattern: 64)!)
    let count =
      (outer - 1) * last.outerStride + (inner - 1) * last.innerStride + (columns - 1) * last.columnStride + 1
    let w = Guarded((0..<count).map { Float($0 + 1) }), bias = Guarded((0..<columns).map { -Float($0 + 1) })
    let panels = Guarded(count: set.packedSize(depth, columns))
    let m = matrix(order, outer: outer, inner: inner, columns: columns, w.base)
    set.pack(m, withBias ? UnsafePointer(bias.base) : nil, panels.base)
    #expect(panels.bandsIntact)
    var expected: [Float] = []
    var first = 0
    while first < columns {
      let width = columns - first > set.lanes ? set.tileColumns : set.lanes
      for row in -1..<depth {
        for n in first..<first + width {
          if n >= columns {
            expected.append(0)
          } else if row < 0 {
            expected.append(withBias ? bias.base[n] : 0)
          } else {
            expected.append(w.base[row / inner * m.outerStride + row % inner * m.innerStride + n * m.columnStride])
          }
        }
      }
      first += width
    }
    #expect(panels.values == expected, "\(set.isa): \(order), \(outer) · \(inner) × \(columns), bias \(withBias)")
  }
}
