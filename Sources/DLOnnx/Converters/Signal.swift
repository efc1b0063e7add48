import DLGraph
import Glibc

/// Fourier transforms, as products with the matrix of their waves.
let signalConverters: [String: Converter] = [
  "DFT": { call in [try call.fourier()] },
  "STFT": { call in [try call.shortTimeFourier()] },
]

/// The longest transform that is spelt out.
private let longest = 4096
/// The most elements of frames that are spelt out.
private let mostPlaces = 1 << 24

extension Call {
  /// x […, N, …, 1 or 2] (real, or real and imaginary) along an axis.
  fileprivate func fourier() throws -> Int {
    let x = try input(0)
    let inverse = try bool("inverse")
    let onesided = try bool("onesided")
    var axis = try version < 20 ? int("axis", default: 1) : -2
    if version >= 20, let given = try knownIntegers(2, "axis")?.first { axis = given }
    let along = try resolveAxis(axis, rank: rank(x))
    let last = rank(x) - 1
    guard along < last, let parts = type(x).dims[last].size, let found = type(x).dims[along].size else {
      throw DLError(.unsupported, "a signal of free length; --shape can give it")
    }
    guard found <= longest else { throw DLError(.unsupported, "a signal of length \(found)") }
    var length = try knownIntegers(1, "dft_length")?.first ?? found
    if inverse && onesided && optional(1) == nil { length = 2 * (found - 1) }
    guard 1...longest ~= length else { throw DLError(.unsupported, "a transform of length \(length)") }

    // The axis of the signal goes last, real and imaginary parts are taken apart.
    var order = Array(0..<last)
    order.remove(at: along)
    let moved = try transpose(x, [last] + order + [along])
    func part(_ index: Int) throws -> Int { try add(.gather(axis: 0), moved, number(index)) }
    let waves = try FourierMatrix(found, length, inverse: inverse, onesided: onesided).constants(dtype(x), self)
    let real = try part(0)
    let imaginary = parts == 2 ? try part(1) : nil
    var outputs: [Int] = []
    let fromReal = try add(.matmul, real, waves.cosine)
    outputs.append(try imaginary.map { try binary(.add, fromReal, add(.matmul, $0, waves.sine)) } ?? fromReal)
    if !(inverse && onesided) {
      let fromSine = try unary(.negate, add(.matmul, real, waves.sine))
      outputs.append(try imaginary.map { try binary(.add, fromSine, add(.matmul, $0, waves.cosine)) } ?? fromSine)
    }
    var places = Array(0..<(last - 1))
    places.insert(last - 1, at: along)
    var back = [Int](repeating: 0, count: last)
    for (position, source) in places.enumerated() { back[position] = source }
    let joined = try add(.concat(axis: last), outputs.map { try unsqueeze($0, [last]) })
    return try transpose(joined, back + [last])
  }

  /// signal [batch, length, 1] in frames, each multiplied by a window and transformed: [batch, frames, waves, 2].
  fileprivate func shortTimeFourier() throws -> Int {
    let signal = try input(0)
    let onesided = try bool("onesided", default: true)
    let step = try required(knownIntegers(1, "frame_step")?.first, "frame_step")
    let window = optional(2)
    guard let length = type(signal).dims.dropFirst().first?.size, type(signal).dims.last == .fixed(1) else {
      throw DLError(.unsupported, "a signal of free length, or a complex one")
    }
    let frame = try knownIntegers(3, "frame_length")?.first ?? window.flatMap { type($0).dims.first?.size } ?? length
    guard 1...min(longest, length) ~= frame, step > 0 else { throw DLError(.invalidModel, "frame_length \(frame), step \(step)") }
    let count = (length - frame) / step + 1
    guard count <= mostPlaces / frame else { throw DLError(.unsupported, "\(count) frames of \(frame)") }
    var places: [Int] = []
    for index in 0..<count { for offset in 0..<frame { places.append(index * step + offset) } }
    let indices = try add(Constant([count, frame], integers: places))
    var frames = try add(.gather(axis: 1), add(.squeeze([2]), signal), indices)
    if let window { frames = try binary(.multiply, frames, window) }
    let waves = try FourierMatrix(frame, frame, inverse: false, onesided: onesided).constants(dtype(signal), self)
    let real = try unsqueeze(add(.matmul, frames, waves.cosine), [3])
    let imaginary = try unsqueeze(unary(.negate, add(.matmul, frames, waves.sine)), [3])
    return try add(.concat(axis: 3), real, imaginary)
  }
}

/// cos and ±sin of 2πnk / length for element n of the signal and wave k.
private struct FourierMatrix {
  let rows: Int
  let columns: Int
  private(set) var cosine: [Float] = []
  private(set) var sine: [Float] = []

  /// found: elements there are; those beyond the length are cut off, missing ones are 0. Inverse and one-sided: waves of a real
  /// signal, whose mirror images count too, to its elements.
  init(_ found: Int, _ length: Int, inverse: Bool, onesided: Bool) {
    rows = found
    columns = onesided && !inverse ? length / 2 + 1 : length
    for n in 0..<rows {
      for k in 0..<columns {
        var factor = inverse ? 1 / Double(length) : 1
        if inverse && onesided {
          factor *= n == 0 || 2 * n == length ? 1 : 2
          if 2 * n > length { factor = 0 }
        } else if n >= length {
          factor = 0
        }
        let angle = 2 * Double.pi * Double(n * k % length) / Double(length)
        cosine.append(Float(factor * cos(angle)))
        sine.append(Float((inverse ? -factor : factor) * sin(angle)))
      }
    }
  }

  func constants(_ dtype: DType, _ call: Call) throws -> (cosine: Int, sine: Int) {
    (
      try call.cast(call.add(Constant([rows, columns], cosine)), dtype),
      try call.cast(call.add(Constant([rows, columns], sine)), dtype)
    )
  }
}
