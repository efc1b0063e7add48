import DLGraph
import KernelTypes

/// Operations over integers that stand for real numbers, spelt out: real = (integer − zero point) · scale.
let quantisationConverters: [String: Converter] = [
  "QuantizeLinear": { call in [try call.quantize()] },
  "DequantizeLinear": { call in
    let x = try call.input(0)
    let grain = try call.grain()
    let scale = try call.parameter(call.input(1), of: x, grain)
    let wanted = try call.elementType("output_dtype") ?? call.dtype(scale)
    let zero = try call.optional(2).map { zero in try call.parameter(zero, of: x, grain) }
    let real = try call.centred(x, zero, .f32)
    return [try call.cast(call.binary(.multiply, real, call.cast(scale, .f32)), wanted)]
  },
  "DynamicQuantizeLinear": { call in try call.dynamicQuantize() },
  "MatMulInteger": { call in
    let (a, b) = (try call.input(0), try call.input(1))
    let wide = call.accumulator(call.type(a).dims.last)
    var zeroA = call.optional(2)
    // One zero point for each row.
    if let zero = zeroA, call.rank(zero) == 1, call.type(zero).dims[0] != .fixed(1) { zeroA = try call.unsqueeze(zero, [1]) }
    let product = try call.matmul(call.centred(a, zeroA, wide), call.centred(b, call.optional(3), wide))
    return [try call.cast(product, .i32)]
  },
  "ConvInteger": { call in
    let (x, w) = (try call.input(0), try call.input(1))
    let weights = try call.centred(w, call.optional(3).map { zero in try call.perRow(zero, call.rank(w)) }, .f32)
    return [try call.cast(call.convolution(call.centred(x, call.optional(2), .f32), weights, nil), .i32)]
  },
  "QLinearMatMul": { call in
    let (a, b) = (try call.input(0), try call.input(3))
    let scale = try call.binary(
      .divide, call.binary(.multiply, call.cast(call.input(1), .f32), call.cast(call.input(4), .f32)),
      call.cast(call.input(6), .f32))
    let product = try call.matmul(call.centred(a, call.input(2), .f32), call.centred(b, call.input(5), .f32))
    return [try call.requantized(call.binary(.multiply, product, scale), call.input(7))]
  },
  "QLinearConv": { call in
    let (x, w) = (try call.input(0), try call.input(3))
    let rank = call.rank(x)
    let weights = try call.centred(w, call.perRow(call.input(5), call.rank(w)), .f32)
    let bias = try call.optional(8).map { bias in try call.cast(bias, .f32) }
    let sum = try call.convolution(call.centred(x, call.input(2), .f32), weights, bias)
    let scale = try call.binary(.divide, call.binary(.multiply, call.input(1), call.input(4)), call.input(6))
    let perChannel = call.rank(scale) == 1 ? try call.unsqueeze(scale, Array(1..<(rank - 1))) : scale
    return [try call.requantized(call.binary(.multiply, sum, perChannel), call.input(7))]
  },
]

extension Call {
  /// (x − zero) as floating-point numbers.
  fileprivate func centred(_ x: Int, _ zero: Int?, _ dtype: DType) throws -> Int {
    let real = try cast(x, dtype)
    guard let zero else { return real }
    return try binary(.subtract, real, cast(zero, dtype))
  }

  /// Sums of products of bytes are exact in f32 up to 2²⁴: 256 of them.
  fileprivate func accumulator(_ depth: Dim?) -> DType { (depth?.size ?? .max) <= 256 ? .f32 : .f64 }

  /// One parameter for each row of weights, in the place of their first axis.
  fileprivate func perRow(_ parameter: Int, _ rank: Int) throws -> Int {
    self.rank(parameter) == 1 && type(parameter).dims[0] != .fixed(1)
      ? try unsqueeze(parameter, Array(1..<max(1, rank))) : parameter
  }

  fileprivate func convolution(_ x: Int, _ weights: Int, _ bias: Int?) throws -> Int {
    guard let sizes = type(weights).sizes else { throw DLError(.unsupported, "weights of free sizes") }
    ignore("kernel_shape")
    let window = try window(kernel: Array(sizes.dropFirst(2)), over: x)
    return try add(.conv(window, groups: int("group", default: 1)), x, weights, bias)
  }

  /// Rounded, moved by the zero point and limited to its type.
  fileprivate func requantized(_ x: Int, _ zero: Int) throws -> Int {
    let dtype = dtype(zero)
    let moved = try binary(.add, unary(.round, x), cast(zero, self.dtype(x)))
    return try saturated(moved, dtype)
  }

  private func saturated(_ x: Int, _ dtype: DType) throws -> Int {
    let limits: (Double, Double)
    switch dtype {
    case .u8: limits = (0, 255)
    case .i8: limits = (-128, 127)
    case .u16: limits = (0, 65_535)
    case .i16: limits = (-32_768, 32_767)
    default: throw DLError(.unsupported, "numbers quantised to \(dtype.name)")
    }
    return try cast(binary(.minimum, binary(.maximum, x, number: limits.0), number: limits.1), dtype)
  }

  fileprivate func elementType(_ name: String) throws -> DType? {
    guard let number = try int(name), number != 0 else { return nil }
    return try DLOnnx.dtype(Int32(truncatingIfNeeded: number))
  }

  /// What one scale is for: a place of an axis, or a block of places.
  fileprivate func grain() throws -> (axis: Int, block: Int) {
    (try int("axis", default: 1), try int("block_size", default: 0))
  }

  /// A scale or zero point brought to the axes of x: one number, or one for each place or block of an axis.
  fileprivate func parameter(_ given: Int, of x: Int, _ grain: (axis: Int, block: Int)) throws -> Int {
    let rank = rank(x)
    if self.rank(given) == 0 || type(given).dims == [.fixed(1)] { return try reshape(given, []) }
    let along = try resolveAxis(grain.axis, rank: rank)
    if self.rank(given) == 1 { return try unsqueeze(given, Array(1..<(rank - along))) }
    guard grain.block > 0, self.rank(given) == rank, let size = type(x).dims[along].size, var sizes = type(given).sizes else {
      throw DLError(.shapeMismatch, "scales of rank \(self.rank(given)) for rank \(rank)")
    }
    // Each is repeated over its block; the last block may be smaller.
    var repeats = Array(repeating: 1, count: rank + 1)
    repeats[along + 1] = grain.block
    let repeated = try add(.tile, unsqueeze(given, [along + 1]), numbers(repeats))
    let (blocks, overflow) = sizes[along].multipliedReportingOverflow(by: grain.block)
    if overflow { throw DLError(.shapeMismatch, "the size overflows") }
    sizes[along] = blocks
    let flat = try reshape(repeated, sizes)
    return size == sizes[along] ? flat : try slice(flat, axis: along, 0, size)
  }

  fileprivate func quantize() throws -> Int {
    let x = try input(0)
    ignore("saturate", "precision")
    let grain = try grain()
    let scale = try parameter(input(1), of: x, grain)
    let wanted = try elementType("output_dtype") ?? .u8
    let zero = try optional(2).map { zero in try parameter(zero, of: x, grain) } ?? number(0, wanted)
    // Integers are divided as real numbers.
    let real = dtype(x).isFloat ? x : try cast(x, .f32)
    return try requantized(binary(.divide, real, cast(scale, dtype(real))), zero)
  }

  /// Scale and zero point are found from the range of x, widened to 0.
  fileprivate func dynamicQuantize() throws -> [Int] {
    let x = try input(0)
    let all = Op.reduce(.maximum, axes: [], keepsAxes: false, noAxesIsIdentity: false)
    let top = try binary(.maximum, add(all, x), number: 0)
    let bottom = try binary(.minimum, add(.reduce(.minimum, axes: [], keepsAxes: false, noAxesIsIdentity: false), x), number: 0)
    let scale = try binary(.divide, binary(.subtract, top, bottom), number: 255)
    let place = try binary(.divide, unary(.negate, bottom), scale)
    let zero = try cast(binary(.minimum, binary(.maximum, unary(.round, place), number: 0), number: 255), .u8)
    return [try requantized(binary(.divide, x, scale), zero), scale, zero]
  }
}
