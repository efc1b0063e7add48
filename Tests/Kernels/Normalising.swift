import Foundation
import KernelTypes
import Testing

/// Rows brought to one scale, against the formulas in double precision.
@Suite struct Normalising {
  @Test func everyKind() {
    for set in kernelSets {
      for columns in [1, 3, 16, 37, 300] {
        let rows = 3
        let x = (0..<rows * columns).map { Float(($0 * 37) % 101) / 10 - 4 }
        let scale = (0..<columns).map { 1 + Float($0 % 5) / 4 }, shift = (0..<columns).map { Float($0 % 3) - 1 }
        for kind: NormaliseCall.Kind in [.layer(epsilon: 1e-5), .rms(epsilon: 1e-6), .l2, .logSoftmax] {
          for isScaled in [false, true] {
            let input = Guarded(x), factors = Guarded(scale), terms = Guarded(shift), y = Guarded(count: x.count)
            set.normalise(
              NormaliseCall(
                kind, rows: rows, columns: columns, x: input.base, scale: isScaled ? UnsafePointer(factors.base) : nil,
                shift: isScaled ? UnsafePointer(terms.base) : nil, y: y.base))
            #expect(y.bandsIntact)
            var expected: [Double] = []
            for r in 0..<rows {
              let row = truth(kind, x[r * columns..<(r + 1) * columns].map(Double.init))
              expected += row.indices.map { isScaled ? row[$0] * Double(scale[$0]) + Double(shift[$0]) : row[$0] }
            }
            #expect(difference(y.values, expected) <= 3e-6, "\(set.isa) \(kind), \(columns) columns, scaled \(isScaled)")
          }
        }
      }
    }
  }

  private func truth(_ kind: NormaliseCall.Kind, _ x: [Double]) -> [Double] {
    let count = Double(x.count)
    let squares = x.reduce(0) { $0 + $1 * $1 }
    switch kind {
    case .layer(let epsilon):
      let mean = x.reduce(0, +) / count
      let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
      return x.map { ($0 - mean) / (variance + Double(epsilon)).squareRoot() }
    case .rms(let epsilon): return x.map { $0 / (squares / count + Double(epsilon)).squareRoot() }
    case .l2: return x.map { squares == 0 ? 0 : $0 / squares.squareRoot() }
    case .logSoftmax:
      let sum = x.reduce(0) { $0 + exp($1) }
      return x.map { $0 - log(sum) }
    }
  }

  @Test func aRowOfZerosStaysZero() {
    for set in kernelSets {
      let x = Guarded([Float](repeating: 0, count: 20)), y = Guarded(count: 20)
      set.normalise(NormaliseCall(.l2, rows: 1, columns: 20, x: x.base, y: y.base))
      #expect(y.values.allSatisfy { $0 == 0 }, "\(set.isa)")
    }
  }
}
