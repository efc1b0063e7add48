import KernelTypes

// Arithmetic of elements that follow from sizes (`Fact.elements`): numbers as at a run, and what holds for every size a symbol can
// stand for, which is 0 or more.

extension DType {
  /// Whether elements of the type are followed: integers that fit Int64.
  var hasElements: Bool { !isFloat && self != .u64 }
}

func apply(_ function: UnaryFunction, _ x: Dim, _ dtype: DType) -> Dim {
  if case .fixed(let n) = x { return .fixed(Int(dtype.wrapped(integerFunction(function, Int64(n), dtype)))) }
  if function == .absolute, case .symbol = x { return x }
  return .unknown
}

func apply(_ function: BinaryFunction, _ a: Dim, _ b: Dim, _ dtype: DType) -> Dim {
  switch (a, b) {
  case (.fixed(let m), .fixed(let n)):
    return .fixed(Int(dtype.wrapped(integerFunction(function, Int64(m), Int64(n), dtype))))
  case (.symbol(let s), .symbol(let t)): return s == t ? applyToEqual(function, a) : .unknown
  case (.fixed(let n), .symbol): return apply(function, n, symbol: b)
  case (.symbol, .fixed(let n)): return apply(function, symbol: a, n)
  case (_, .fixed(0)) where function == .multiply, (.fixed(0), _) where function == .multiply: return .fixed(0)
  default: return .unknown
  }
}

/// Of a size and itself.
private func applyToEqual(_ function: BinaryFunction, _ x: Dim) -> Dim {
  switch function {
  case .subtract, .modulo, .remainder: .fixed(0)
  case .minimum, .maximum, .bitwiseAnd, .bitwiseOr: x
  case .equal, .lessOrEqual, .greaterOrEqual: .fixed(1)
  case .less, .greater, .bitwiseXor: .fixed(0)
  default: .unknown
  }
}

private func apply(_ function: BinaryFunction, _ n: Int, symbol: Dim) -> Dim {
  switch function {
  case .add where n == 0, .multiply where n == 1: symbol
  case .multiply where n == 0, .divide where n == 0, .modulo where n == 0, .remainder where n == 0: .fixed(0)
  case .minimum where n <= 0: .fixed(n)
  case .maximum where n <= 0: symbol
  case .equal where n < 0, .greater where n < 0, .greaterOrEqual where n < 0: .fixed(0)
  case .less where n < 0, .lessOrEqual where n <= 0: .fixed(1)
  default: .unknown
  }
}

private func apply(_ function: BinaryFunction, symbol: Dim, _ n: Int) -> Dim {
  switch function {
  case .add where n == 0, .subtract where n == 0, .multiply where n == 1, .divide where n == 1, .power where n == 1: symbol
  case .multiply where n == 0, .divide where n == 0, .modulo where n == 0 || n == 1, .remainder where n == 0 || n == 1: .fixed(0)
  case .minimum where n <= 0: .fixed(n)
  case .maximum where n <= 0: symbol
  case .equal where n < 0, .less where n <= 0, .lessOrEqual where n < 0: .fixed(0)
  case .greater where n < 0, .greaterOrEqual where n <= 0: .fixed(1)
  default: .unknown
  }
}

/// The element of a where the condition holds, else of b.
func choose(_ condition: Dim, _ a: Dim, _ b: Dim) -> Dim {
  if case .fixed(let n) = condition { return n != 0 ? a : b }
  return a == b ? a : .unknown
}

/// An element as one of another type. Sizes are below 2^31 where i32 holds them.
func convert(_ x: Dim, to dtype: DType) -> Dim {
  switch x {
  case .fixed(let n): .fixed(Int(dtype.wrapped(Int64(n))))
  case .symbol: dtype == .i64 || dtype == .i32 || dtype == .u32 ? x : .unknown
  case .unknown: .unknown
  }
}
