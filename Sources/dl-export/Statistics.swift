import DLGraph
import Foundation

/// What the elements of a constant are like.
struct Statistics {
  let count: Int
  /// Of the finite elements; 0 if there are none.
  private(set) var minimum = 0.0, maximum = 0.0, mean = 0.0, deviation = 0.0
  private(set) var zeros = 0
  /// NaNs and infinities.
  private(set) var notFinite = 0
  /// How many elements lie in each of equal parts of minimum … maximum.
  private(set) var histogram: [Int]

  init(_ constant: Constant, bins: Int = 0) {
    count = constant.count
    histogram = Array(repeating: 0, count: bins)
    var (low, high, sum, squares) = (Double.infinity, -Double.infinity, 0.0, 0.0)
    var (zeros, notFinite) = (0, 0)
    constant.forEach { x in
      guard x.isFinite else { return notFinite += 1 }
      (low, high) = (min(low, x), max(high, x))
      sum += x
      squares += x * x
      if x == 0 { zeros += 1 }
    }
    (self.zeros, self.notFinite) = (zeros, notFinite)
    let finite = count - notFinite
    guard finite > 0 else { return }
    (minimum, maximum, mean) = (low, high, sum / Double(finite))
    deviation = max(0, squares / Double(finite) - mean * mean).squareRoot()
    if bins > 0 { fillHistogram(constant) }
  }

  private mutating func fillHistogram(_ constant: Constant) {
    // Half the range: the whole of f64's does not fit one.
    let (low, half, bins) = (minimum, maximum / 2 - minimum / 2, histogram.count)
    histogram.withUnsafeMutableBufferPointer { histogram in
      constant.forEach { x in
        guard x.isFinite else { return }
        let place = half > 0 ? (x / 2 - low / 2) / half * Double(bins) : Double(bins / 2)
        histogram[min(Int(place), bins - 1)] += 1
      }
    }
  }
}

extension Constant {
  /// Calls `body` with each element.
  @inline(__always)
  fileprivate func forEach(_ body: (Double) -> Void) {
    withExtendedLifetime(storage) {
      if dtype == .f32 {
        for x in floats { body(Double(x)) }
      } else {
        let buffer = TensorBuffer(self)
        for i in 0..<count { body(buffer.real(i)) }
      }
    }
  }

  /// The elements as text, in order.
  var elementTexts: [String] {
    withExtendedLifetime(storage) {
      let buffer = TensorBuffer(self)
      return (0..<count).map { i in
        switch dtype {
        case .f64: "\(buffer.real(i))"
        case .f32, .f16, .bf16: "\(Float(buffer.real(i)))"
        case .bool: buffer.integer(i) == 0 ? "false" : "true"
        case .u64: "\(UInt64(bitPattern: buffer.integer(i)))"
        case .i8, .i16, .i32, .i64, .u8, .u16, .u32: "\(buffer.integer(i))"
        }
      }
    }
  }
}

/// With four digits.
func brief(_ x: Double) -> String { String(format: "%.4g", x) }
