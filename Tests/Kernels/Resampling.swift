import KernelTypes
import Testing

/// Pixels mixed of pixels, and rows folded into one, against plain loops.
@Suite struct Resampling {
  @Test func pixelsOfAllWidths() {
    let rows = [WeightedPixel(offset: 0, weight: 0.75), WeightedPixel(offset: 400, weight: 0.25)]
    for set in kernelSets {
      for channels in [1, 3, 8, 16, 37, 70] {
        for gap in [0, 3] {
          let columns = [(0, 0.5), (1, 0.5), (1, 1), (2, -0.25), (1, 1.25)].map {
            WeightedPixel(offset: $0.0 * channels, weight: $0.1)
          }
          // Pixels of 2, 0, 1 and 2 others.
          let starts = [0, 2, 2, 3, 5]
          let x = Guarded((0..<400 + 3 * channels).map { Float(($0 * 37) % 101) / 10 - 4 })
          let y = Guarded(count: 4 * (channels + gap) - gap)
          set.resample(
            ResampleCall(
              rows: rows, rowCount: 2, columns: columns, starts: starts, pixels: 4, channels: channels, x: x.base, y: y.base,
              yStride: channels + gap))
          #expect(y.bandsIntact)
          for pixel in 0..<4 {
            for c in 0..<channels {
              var sum = 0.0
              for row in rows {
                for column in columns[starts[pixel]..<starts[pixel + 1]] {
                  sum += Double(row.weight * column.weight) * Double(x.values[row.offset + column.offset + c])
                }
              }
              let found = y.values[pixel * (channels + gap) + c]
              #expect(abs(Double(found) - sum) <= 1e-5, "\(set.isa), \(channels) channels, pixel \(pixel), channel \(c)")
            }
            if pixel < 3 { for i in 0..<gap { #expect(y.untouched(pixel * (channels + gap) + channels + i)) } }
          }
        }
      }
    }
  }

  /// The first of equal numbers, or the first NaN.
  @Test func placesOfTheLargest() {
    for set in kernelSets {
      for columns in [1, 5, 16, 37] {
        for sign: Float in [1, -1] {
          let values = (0..<9 * columns).map { (i: Int) -> Float in i * 31 % 53 == 7 ? .nan : Float(i * 37 % 11) - 5 }
          let x = Guarded(values)
          let largest = Guarded(Array(repeating: -.infinity, count: columns)),
            places = Guarded(Array(repeating: 0, count: columns))
          places.base.withMemoryRebound(to: Int32.self, capacity: columns) { places in
            for k in 0..<9 { set.keepLargest(columns, x.base + k * columns, sign, Int32(k), largest.base, places) }
          }
          #expect(largest.bandsIntact && places.bandsIntact)
          for c in 0..<columns {
            let column = (0..<9).map { sign * x.values[$0 * columns + c] }
            let expected = column.firstIndex { $0.isNaN } ?? column.firstIndex(of: column.max() ?? 0)
            #expect(Int(places.values[c].bitPattern) == expected, "\(set.isa), column \(c) of \(columns)")
          }
        }
      }
    }
  }

  @Test func rowsFoldedIntoOne() {
    for set in kernelSets {
      for columns in [1, 5, 16, 37] {
        let x = Guarded((0..<7 * (columns + 2)).map { Float(($0 * 37) % 101) - 50 })
        for (function, step) in [
          (BinaryFunction.add, { $0 + $1 }), (.maximum, { max($0, $1) }), (.minimum, { min($0, $1) }),
        ] as [(BinaryFunction, (Float, Float) -> Float)] {
          let y = Guarded([Float](repeating: 3, count: columns))
          set.binary(
            BinaryCall(
              function, rows: 7, columns: columns, a: y.base, aRow: 0, aColumn: 1, b: x.base, bRow: columns + 2, bColumn: 1,
              y: y.base, yRow: 0))
          #expect(y.bandsIntact)
          let expected = (0..<columns).map { c in (0..<7).reduce(3) { step($0, x.values[$1 * (columns + 2) + c]) } }
          #expect(y.values == expected, "\(set.isa) \(function), \(columns) columns")
        }
      }
    }
  }
}
