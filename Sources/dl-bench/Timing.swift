import CPlatform

/// Times of many repetitions, in nanoseconds.
struct Timing: Codable {
  var count: Int
  var median: Double
  var p10: Double
  var p90: Double
  var min: Double

  /// `nanoseconds` must not be empty.
  init(_ nanoseconds: [Double]) {
    let sorted = nanoseconds.sorted()
    func quantile(_ q: Double) -> Double { sorted[Int((q * Double(sorted.count - 1)).rounded())] }
    count = sorted.count
    median = quantile(0.5)
    p10 = quantile(0.1)
    p90 = quantile(0.9)
    min = sorted[0]
  }

  /// Bounds the memory that the samples of a very short call take.
  private static let mostSamples = 1 << 20

  /// Repeats `body` for `seconds`, at least 5 times, or `runs` times; a tenth of that goes before as warm-up. A sample is the
  /// mean of `batch` calls.
  static func measure(seconds: Double, runs: Int? = nil, batch: Int = 1, _ body: () throws -> Void) throws -> Timing {
    if let runs { for _ in 0..<(runs + 9) / 10 { try body() } }
    let warm = Deadline(seconds: seconds / 10)
    while runs == nil && !warm.isOver { try body() }
    var samples = [Double]()
    let end = Deadline(seconds: seconds)
    repeat {
      samples.append(try time { for _ in 0..<batch { try body() } } / Double(batch))
    } while runs.map { samples.count < $0 } ?? (samples.count < 5 || (samples.count < mostSamples && !end.isOver))
    return Timing(samples)
  }

  /// Nanoseconds that `body` takes.
  static func time(_ body: () throws -> Void) rethrows -> Double {
    let start = dlp_nanoseconds()
    try body()
    return Double(dlp_nanoseconds() - start)
  }

  var text: String { "\(duration(median))   p10 \(duration(p10))  p90 \(duration(p90))  min \(duration(min))  \(count) times" }
}

struct Deadline {
  private let end: UInt64
  init(seconds: Double) { end = dlp_nanoseconds() + UInt64(seconds * 1e9) }
  var isOver: Bool { dlp_nanoseconds() >= end }
}
