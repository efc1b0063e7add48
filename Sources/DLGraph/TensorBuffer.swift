import CPlatform

/// A dense row-major tensor of any type in memory that somebody else owns: what the reference kernels read and write, each
/// number through a Double or an Int64, so that ten types do not make ten kernels.
public struct TensorBuffer {
  public var data: UnsafeMutableRawPointer
  public var dtype: DType
  /// Of an output whose sizes only its elements tell, the most it may have; the kernel sets what it has.
  public var sizes: [Int]

  public init(_ data: UnsafeMutableRawPointer, _ dtype: DType, _ sizes: [Int]) {
    self.data = data
    self.dtype = dtype
    self.sizes = sizes
  }

  /// To read only. The constant's storage must outlive it.
  public init(_ constant: Constant) {
    self.init(UnsafeMutableRawPointer(mutating: constant.storage.base + constant.offset), constant.dtype, constant.sizes)
  }

  public var count: Int { sizes.reduce(1, *) }

  private func pointer<T>(_: T.Type) -> UnsafeMutablePointer<T> { data.assumingMemoryBound(to: T.self) }

  /// Element i as a Double.
  @inline(__always)
  public func real(_ i: Int) -> Double { dtype == .f32 ? Double(pointer(Float.self)[i]) : widened(i) }

  @inline(never)
  private func widened(_ i: Int) -> Double {
    switch dtype {
    case .f32: Double(pointer(Float.self)[i])
    case .f64: pointer(Double.self)[i]
    case .f16: Double(float(fromHalf: pointer(UInt16.self)[i]))
    case .bf16: Double(Float(bitPattern: UInt32(pointer(UInt16.self)[i]) << 16))
    case .u64: Double(pointer(UInt64.self)[i])
    case .i8, .i16, .i32, .i64, .u8, .u16, .u32, .bool: Double(integer(i))
    }
  }

  /// Sets element i, rounded to the nearest number of the type; integers towards zero within their range, NaN becomes 0.
  @inline(__always)
  public func setReal(_ i: Int, _ value: Double) {
    if dtype == .f32 { pointer(Float.self)[i] = Float(value) } else { setNarrowed(i, value) }
  }

  @inline(never)
  private func setNarrowed(_ i: Int, _ value: Double) {
    switch dtype {
    case .f32: pointer(Float.self)[i] = Float(value)
    case .f64: pointer(Double.self)[i] = value
    case .f16: pointer(UInt16.self)[i] = half(value)
    case .bf16: pointer(UInt16.self)[i] = bfloat(value)
    case .bool: pointer(UInt8.self)[i] = value != 0 ? 1 : 0
    case .u64:
      pointer(UInt64.self)[i] = value.isNaN || value <= 0 ? 0 : value >= 0x1p64 ? .max : UInt64(value)
    case .i8, .i16, .i32, .i64, .u8, .u16, .u32:
      let range = dtype.integerRange
      setInteger(i, min(max(saturated(value), range.lowerBound), range.upperBound))
    }
  }

  /// Element i as an Int64; floats towards zero, u64 by its bits.
  @inline(never)
  public func integer(_ i: Int) -> Int64 {
    switch dtype {
    case .i8: Int64(pointer(Int8.self)[i])
    case .i16: Int64(pointer(Int16.self)[i])
    case .i32: Int64(pointer(Int32.self)[i])
    case .i64: pointer(Int64.self)[i]
    case .u8, .bool: Int64(pointer(UInt8.self)[i])
    case .u16: Int64(pointer(UInt16.self)[i])
    case .u32: Int64(pointer(UInt32.self)[i])
    case .u64: Int64(bitPattern: pointer(UInt64.self)[i])
    case .f32, .f64, .f16, .bf16: saturated(real(i))
    }
  }

  /// Sets element i to the low bits of the value.
  @inline(never)
  public func setInteger(_ i: Int, _ value: Int64) {
    switch dtype {
    case .i8, .u8: pointer(UInt8.self)[i] = UInt8(truncatingIfNeeded: value)
    case .bool: pointer(UInt8.self)[i] = value != 0 ? 1 : 0
    case .i16, .u16: pointer(UInt16.self)[i] = UInt16(truncatingIfNeeded: value)
    case .i32, .u32: pointer(UInt32.self)[i] = UInt32(truncatingIfNeeded: value)
    case .i64, .u64: pointer(Int64.self)[i] = value
    case .f32, .f64, .f16, .bf16: setReal(i, Double(value))
    }
  }

  /// Copies `count` elements from another buffer of the same type.
  public func copy(_ count: Int, from other: TensorBuffer, at source: Int, to place: Int) {
    (data + place * dtype.size).copyMemory(from: other.data + source * dtype.size, byteCount: count * dtype.size)
  }
}

/// Towards zero, within Int64; NaN is 0.
private func saturated(_ value: Double) -> Int64 {
  value.isNaN ? 0 : value >= 0x1p63 ? .max : value < -0x1p63 ? .min : Int64(value)
}

// MARK: - 16-bit floats, converted by integer arithmetic: not every processor has instructions for them

/// IEEE 754 binary16 to binary32, exact.
@inline(never)
public func float(fromHalf bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let exponent = UInt32(bits >> 10 & 0x1F)
  let fraction = UInt32(bits & 0x3FF)
  if exponent == 0 { return Float(bitPattern: sign | (Float(fraction) * 0x1p-24).bitPattern) }
  if exponent == 31 { return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13) }
  return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
}

/// To binary16, to nearest, ties to even.
public func half(_ value: Double) -> UInt16 {
  let sign = UInt16(value.sign == .minus ? 0x8000 : 0)
  if value.isNaN { return sign | 0x7E00 }
  let magnitude = value.magnitude
  if magnitude >= 65520 { return sign | 0x7C00 }
  // One unit in the last place of the result is 2^scale.
  let scale = magnitude < 0x1p-14 ? -24 : Int(magnitude.exponent) - 10
  let units = (magnitude * Double(sign: .plus, exponent: -scale, significand: 1)).rounded(.toNearestOrEven)
  if magnitude < 0x1p-14 { return sign | UInt16(units) }
  // A carry out of the fraction counts up the exponent, as it should.
  return sign | (UInt16((scale + 24) << 10) + UInt16(units))
}

/// To bfloat16, to nearest, ties to even.
public func bfloat(_ value: Double) -> UInt16 {
  if value.isNaN { return 0x7FC0 }
  let bits = roundedToOdd(value).bitPattern
  return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
}

/// To Float with the last bit set if anything was lost, so that a second rounding is as if it were the only one.
private func roundedToOdd(_ value: Double) -> Float {
  let float = Float(value)
  if float.isInfinite || Double(float) == value { return float }
  let towardsZero = Double(float).magnitude > value.magnitude ? Float(bitPattern: float.bitPattern - 1) : float
  return Float(bitPattern: towardsZero.bitPattern | 1)
}
