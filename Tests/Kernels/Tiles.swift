import DLGraph
import DLRuntime
import Foundation
import KernelTypes
import TestSupport
import Testing

/// Every micro-kernel of every instruction set, one by one.
@Suite struct Tiles {
  /// All tiles of a set, in the order of its table.
  func shapes(_ set: TileSet) -> [TileShape] {
    var list: [TileShape] = []
    while let shape = set.tileShape(list.count) { list.append(shape) }
    return list
  }

  @Test func theTableHoldsTheFullTileAndNoneTwice() {
    for tiles in availableTiles() {
      let list = shapes(tiles)
      let set = tiles.kernels
      #expect(list.contains(TileShape(rows: set.tileRows, columns: set.tileColumns)), "\(set.isa)")
      #expect(Set(list).count == list.count, "\(set.isa)")
      #expect(list.allSatisfy { $0.columns % set.lanes == 0 }, "\(set.isa)")
    }
  }

  @Test func everyTileComputesItsProduct() throws {
    for tiles in availableTiles() {
      let set = tiles.kernels
      for (index, shape) in shapes(tiles).enumerated() {
        for depth in [1, 7, 64] {
          let c = OpCase(
            .gemm(transposeA: false, transposeB: false), [[shape.rows, depth], [depth, shape.columns], [shape.columns]])
          let x = Guarded(c.values(0)), w = Guarded(c.values(1)), bias = Guarded(c.values(2))
          let panels = Guarded(count: set.packedSize(depth, shape.columns))
          set.pack(
            WeightMatrix(w: w.base, inner: depth, columns: shape.columns, innerStride: shape.columns, columnStride: 1), bias.base,
            panels.base)
          let y = Guarded(count: shape.rows * shape.columns)
          let operations = tiles.runTile(
            index, TileProbe(depth: depth, repeats: 2, x: x.base, panels: panels.base, y: y.base))
          #expect(operations == 2 * 2 * shape.rows * shape.columns * depth)
          #expect(y.bandsIntact)
          #expect(try difference(y.values, c.reference()) <= tolerance(c), "\(set.isa), \(shape), depth \(depth)")
        }
      }
    }
  }

  /// A row's bits depend on nothing but its own values: not on the batch, not on the tile that computes it.
  @Test func aRowsBitsDoNotDependOnTheBatch() throws {
    let depth = 37, columns = 150
    for set in kernelSets {
      let whole = OpCase(.gemm(transposeA: false, transposeB: false), [[64, depth], [depth, columns], [columns]])
      let w = Guarded(whole.values(1)), bias = Guarded(whole.values(2)), x = Guarded(whole.values(0))
      let panels = Guarded(count: set.packedSize(depth, columns))
      set.pack(
        WeightMatrix(w: w.base, inner: depth, columns: columns, innerStride: columns, columnStride: 1), bias.base, panels.base)
      func rows(_ count: Int) -> [Float] {
        let y = Guarded(count: count * columns)
        let call = GemmCall(
          rows: count, depth: depth, columns: columns, x: x.base, xStride: depth, panels: panels.base, y: y.base,
          yStride: columns, activation: .identity)
        set.gemm(call, 0..<set.gemmUnits(call))
        return y.values
      }
      let all = rows(64)
      for count in 1..<64 { #expect(rows(count) == Array(all[..<(count * columns)]), "\(set.isa), \(count) rows") }
    }
  }

  @Test func thePeakProbeDoesWhatItSays() {
    for tiles in availableTiles() {
      let y = Guarded([Float](repeating: 1, count: tiles.kernels.lanes))
      #expect(tiles.peak(100, y.base) > 0)
      #expect(y.bandsIntact)
      #expect(y.values.allSatisfy { $0.isFinite })
    }
  }
}
