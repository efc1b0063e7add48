import KernelTypes
import Testing

@Suite struct Transposing {
  /// Few rows or columns, squares of every vector's lanes, tails; rows apart on both sides.
  @Test func everyShape() {
    for set in kernelSets {
      for rows in [1, 2, 3, 4, 5, 8, 16, 17, 33, 100] {
        for columns in [1, 2, 3, 4, 7, 8, 15, 16, 31, 64, 201] {
          for (inGap, outGap) in [(0, 0), (3, 0), (0, 5), (1, 2)] {
            let (xStride, yStride) = (columns + inGap, rows + outGap)
            let x = Guarded((0..<rows * xStride).map(Float.init)), y = Guarded(count: columns * yStride)
            set.transpose(rows, columns, x.base, xStride, y.base, yStride)
            var isRight = y.bandsIntact
            for c in 0..<columns {
              for r in 0..<yStride {
                let i = c * yStride + r
                if !(r < rows ? y.base[i] == Float(r * xStride + c) : y.untouched(i)) { isRight = false }
              }
            }
            #expect(isRight, "\(set.isa): \(rows) × \(columns), gaps \(inGap) and \(outGap)")
          }
        }
      }
    }
  }
}
