import Foundation

/// Random numbers from a seed: xoshiro256** (Blackman and Vigna 2018), its state filled by SplitMix64. The same seed gives the
/// same numbers on every machine.
public struct Generator: RandomNumberGenerator, Codable, Equatable, Sendable {
  private var state: SIMD4<UInt64>

  public init(seed: UInt64) {
    var s = seed
    state = SIMD4()
    for i in 0..<4 {
      s &+= 0x9E37_79B9_7F4A_7C15
      var z = s
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      state[i] = z ^ (z >> 31)
    }
  }

  public mutating func next() -> UInt64 {
    let scaled = state[1] &* 5
    let result = ((scaled << 7) | (scaled >> 57)) &* 9
    let t = state[1] << 17
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= t
    state[3] = (state[3] << 45) | (state[3] >> 19)
    return result
  }

  public init(from decoder: any Decoder) throws {
    let numbers = try decoder.singleValueContainer().decode([UInt64].self)
    guard numbers.count == 4, numbers.contains(where: { $0 != 0 }) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a generator's state is four numbers, not all zero"))
    }
    state = SIMD4(numbers)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode((0..<4).map { state[$0] })
  }

  /// Uniform in 0..<1, with 53 bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in the range.
  public mutating func uniform(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// Uniform in 0..<count, without bias: Lemire 2019.
  public mutating func integer(below count: Int) -> Int {
    precondition(count > 0, "a number below \(count)")
    let bound = UInt64(count)
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }

  /// Normal with mean 0 and deviation 1: Box and Muller 1958, one of the pair.
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// 0..<count in random order: Fisher and Yates.
  public mutating func permutation(of count: Int) -> [Int] {
    var order = Array(0..<count)
    for i in stride(from: count - 1, to: 0, by: -1) { order.swapAt(i, integer(below: i + 1)) }
    return order
  }
}
