import KernelTypes

// Arithmetic of integers of any type on Int64: u64 by its bits, the others by their values. Results are cut to their type when
// they are stored (`TensorBuffer.setInteger`, `DType.wrapped`). Nothing traps: a division by 0 gives 0, shifts past the width 0.

func integerFunction(_ function: UnaryFunction, _ x: Int64, _ dtype: DType) -> Int64 {
  switch function {
  case .negate: return 0 &- x
  case .absolute: return x < 0 && dtype != .u64 ? 0 &- x : x
  case .sign: return x == 0 ? 0 : x < 0 && dtype != .u64 ? -1 : 1
  case .not: return x == 0 ? 1 : 0
  case .bitwiseNot: return ~x
  default: return x
  }
}

func integerFunction(_ function: BinaryFunction, _ a: Int64, _ b: Int64, _ dtype: DType) -> Int64 {
  switch function {
  case .add: return a &+ b
  case .subtract: return a &- b
  case .multiply: return a &* b
  case .divide: return quotient(a, b, dtype)
  case .power: return integerPower(a, b, dtype)
  case .modulo:
    let rest = remainder(a, b, dtype)
    return rest != 0 && dtype != .u64 && (rest < 0) != (b < 0) ? rest &+ b : rest
  case .remainder: return remainder(a, b, dtype)
  case .minimum: return isLess(b, a, dtype) ? b : a
  case .maximum: return isLess(a, b, dtype) ? b : a
  case .prelu: return isLess(a, 0, dtype) ? a &* b : a
  case .equal: return a == b ? 1 : 0
  case .less: return isLess(a, b, dtype) ? 1 : 0
  case .lessOrEqual: return isLess(b, a, dtype) ? 0 : 1
  case .greater: return isLess(b, a, dtype) ? 1 : 0
  case .greaterOrEqual: return isLess(a, b, dtype) ? 0 : 1
  case .and, .bitwiseAnd: return a & b
  case .or, .bitwiseOr: return a | b
  case .xor, .bitwiseXor: return a ^ b
  case .shiftLeft: return 0..<64 ~= b ? a &<< b : 0
  case .shiftRight: return 0..<64 ~= b ? Int64(bitPattern: UInt64(bitPattern: a) &>> UInt64(bitPattern: b)) : 0
  }
}

/// Whether a < b, of two integers of a type.
func isLess(_ a: Int64, _ b: Int64, _ dtype: DType) -> Bool {
  dtype == .u64 ? UInt64(bitPattern: a) < UInt64(bitPattern: b) : a < b
}

private func quotient(_ a: Int64, _ b: Int64, _ dtype: DType) -> Int64 {
  if b == 0 { return 0 }
  if dtype == .u64 { return Int64(bitPattern: UInt64(bitPattern: a) / UInt64(bitPattern: b)) }
  // The least number divided by −1 is itself.
  return b == -1 ? 0 &- a : a / b
}

/// With the sign of a.
private func remainder(_ a: Int64, _ b: Int64, _ dtype: DType) -> Int64 {
  if b == 0 { return 0 }
  if dtype == .u64 { return Int64(bitPattern: UInt64(bitPattern: a) % UInt64(bitPattern: b)) }
  return b == -1 ? 0 : a % b
}

/// a to the power of b, towards zero for negative b, where 0 gives 0.
func integerPower(_ a: Int64, _ b: Int64, _ dtype: DType) -> Int64 {
  if b < 0 && dtype != .u64 { return a == 1 ? 1 : a == -1 ? (b & 1 == 0 ? 1 : -1) : 0 }
  var result: Int64 = 1
  var factor = a
  var rest = UInt64(bitPattern: b)
  while rest > 0 {
    if rest & 1 == 1 { result = result &* factor }
    factor = factor &* factor
    rest >>= 1
  }
  return result
}

extension DType {
  /// The least and the largest integer of the type, within Int64.
  var integerRange: ClosedRange<Int64> {
    switch self {
    case .i8: -0x80...0x7F
    case .i16: -0x8000...0x7FFF
    case .i32: -0x8000_0000...0x7FFF_FFFF
    case .u8: 0...0xFF
    case .u16: 0...0xFFFF
    case .u32: 0...0xFFFF_FFFF
    case .bool: 0...1
    case .i64, .u64, .f32, .f64, .f16, .bf16: Int64.min...Int64.max
    }
  }

  /// The low bits of a number, as the value of an integer type.
  func wrapped(_ value: Int64) -> Int64 {
    switch self {
    case .i8: Int64(Int8(truncatingIfNeeded: value))
    case .i16: Int64(Int16(truncatingIfNeeded: value))
    case .i32: Int64(Int32(truncatingIfNeeded: value))
    case .u8: Int64(UInt8(truncatingIfNeeded: value))
    case .u16: Int64(UInt16(truncatingIfNeeded: value))
    case .u32: Int64(UInt32(truncatingIfNeeded: value))
    case .bool: value != 0 ? 1 : 0
    case .i64, .u64, .f32, .f64, .f16, .bf16: value
    }
  }
}
