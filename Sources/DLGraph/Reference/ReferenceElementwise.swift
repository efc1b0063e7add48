import CPlatform
import KernelTypes

// Operations that work element by element: integers by `IntegerArithmetic`, floats in double precision, rounded once.

func evaluateElementwise(_ op: Op, _ inputs: [TensorBuffer?], _ y: TensorBuffer) {
  guard let x = inputs[0] else { return }
  switch op {
  case .activation(let activation):
    for i in 0..<x.count { y.setReal(i, referenceActivation(activation, x.real(i))) }
  case .unary(let function):
    if x.dtype.isFloat {
      for i in 0..<x.count { y.setReal(i, realFunction(function, x.real(i))) }
    } else {
      for i in 0..<x.count { y.setInteger(i, integerFunction(function, x.integer(i), x.dtype)) }
    }
  case .binary(let function):
    guard let b = inputs[1] else { return }
    binary(function, x, b, y)
  case .select:
    guard let a = inputs[1], let b = inputs[2] else { return }
    eachBroadcast([x.sizes, a.sizes, b.sizes], y.sizes) { i, at in
      if x.integer(at[0]) != 0 { y.copy(1, from: a, at: at[1], to: i) } else { y.copy(1, from: b, at: at[2], to: i) }
    }
  case .cast: for i in 0..<x.count { cast(x, y, i) }
  default: break
  }
}

private func binary(_ function: BinaryFunction, _ a: TensorBuffer, _ b: TensorBuffer, _ y: TensorBuffer) {
  eachBroadcast(a.sizes, b.sizes, y.sizes) { i, p, q in
    if a.dtype.isFloat || b.dtype.isFloat {
      y.setReal(i, realFunction(function, a.real(p), b.real(q)))
    } else if function == .power {
      // The exponent may be of another type.
      y.setInteger(i, integerPower(a.integer(p), b.integer(q), b.dtype))
    } else {
      y.setInteger(i, integerFunction(function, a.integer(p), b.integer(q), a.dtype))
    }
  }
}

func realFunction(_ function: UnaryFunction, _ x: Double) -> Double {
  switch function {
  case .negate: -x
  case .absolute: x.magnitude
  case .sign: x > 0 ? 1 : x < 0 ? -1 : x
  case .floor: x.rounded(.down)
  case .ceil: x.rounded(.up)
  case .round: x.rounded(.toNearestOrEven)
  case .exp: dlp_exp(x)
  case .log: dlp_log(x)
  case .sqrt: x.squareRoot()
  case .reciprocal: 1 / x
  case .sin: dlp_sin(x)
  case .cos: dlp_cos(x)
  case .tan: dlp_tan(x)
  case .asin: dlp_asin(x)
  case .acos: dlp_acos(x)
  case .atan: dlp_atan(x)
  case .sinh: dlp_sinh(x)
  case .cosh: dlp_cosh(x)
  case .asinh: dlp_asinh(x)
  case .acosh: dlp_acosh(x)
  case .atanh: dlp_atanh(x)
  case .erf: dlp_erf(x)
  case .isNaN: x.isNaN ? 1 : 0
  case .isInfinite: x.isInfinite ? 1 : 0
  case .isPositiveInfinite: x == .infinity ? 1 : 0
  case .isNegativeInfinite: x == -.infinity ? 1 : 0
  case .not, .bitwiseNot: x
  }
}

func realFunction(_ function: BinaryFunction, _ a: Double, _ b: Double) -> Double {
  switch function {
  case .add: return a + b
  case .subtract: return a - b
  case .multiply: return a * b
  case .divide: return a / b
  case .power: return dlp_pow(a, b)
  case .modulo:
    let rest = dlp_fmod(a, b)
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
  case .remainder: return dlp_fmod(a, b)
  // NaN wins and stays.
  case .minimum: return a.isNaN || a < b ? a : b
  case .maximum: return a.isNaN || a > b ? a : b
  case .prelu: return a >= 0 ? a : a * b
  case .equal: return a == b ? 1 : 0
  case .less: return a < b ? 1 : 0
  case .lessOrEqual: return a <= b ? 1 : 0
  case .greater: return a > b ? 1 : 0
  case .greaterOrEqual: return a >= b ? 1 : 0
  case .and, .or, .xor, .bitwiseAnd, .bitwiseOr, .bitwiseXor, .shiftLeft, .shiftRight: return a
  }
}

/// Element i of x as one of y's type. Floats to integers towards zero; what is too large becomes the largest, NaN 0.
private func cast(_ x: TensorBuffer, _ y: TensorBuffer, _ i: Int) {
  if x.dtype.isFloat {
    y.setReal(i, x.real(i))
  } else if y.dtype == .f64 {
    y.setReal(i, x.real(i))
  } else if y.dtype.isFloat {
    y.setReal(i, roundedToOdd(x.integer(i), isUnsigned: x.dtype == .u64))
  } else {
    y.setInteger(i, x.integer(i))
  }
}

/// A Double that rounds to a shorter float as the integer itself does: of those above 2^53 the low bits become one that says
/// whether any was set.
private func roundedToOdd(_ x: Int64, isUnsigned: Bool) -> Double {
  let magnitude = isUnsigned ? UInt64(bitPattern: x) : x.magnitude
  let short = magnitude >> 53 == 0 ? magnitude : magnitude & ~0x7FF | (magnitude & 0x7FF == 0 ? 0 : 0x800)
  return x < 0 && !isUnsigned ? -Double(short) : Double(short)
}

/// Calls body for each element of the broadcast shape with the offsets of the elements of a and b that meet there.
func eachBroadcast(_ a: [Int], _ b: [Int], _ y: [Int], _ body: (_ i: Int, _ a: Int, _ b: Int) -> Void) {
  eachRun(y, [a, b].map { broadcastStrides($0, rank: y.count) }) { run, at, steps in
    var (p, q) = (at[0], at[1])
    let (pStep, qStep) = (steps[0], steps[1])
    for i in run {
      body(i, p, q)
      p += pStep
      q += qStep
    }
  }
}

/// Calls body for each element of the broadcast shape with the offsets of the elements of each tensor that meet there.
func eachBroadcast(_ tensors: [[Int]], _ y: [Int], _ body: (_ i: Int, _ at: [Int]) -> Void) {
  eachPlace(y, tensors.map { broadcastStrides($0, rank: y.count) }, body)
}

/// Calls body for each place of an index of these sizes, the last axis fastest, with the offset that each list of strides gives it.
func eachPlace(_ sizes: [Int], _ strides: [[Int]], _ body: (_ i: Int, _ at: [Int]) -> Void) {
  eachRun(sizes, strides) { run, first, steps in
    var at = first
    for i in run {
      body(i, at)
      for t in at.indices { at[t] += steps[t] }
    }
  }
}

/// The same for the places of the last axis at once: offsets of the first, and from each to the next.
private func eachRun(_ sizes: [Int], _ strides: [[Int]], _ body: (_ run: Range<Int>, _ at: [Int], _ steps: [Int]) -> Void) {
  if sizes.contains(0) { return }
  let columns = sizes.last ?? 1
  let steps = strides.map { $0.last ?? 0 }
  var row = Index(Array(sizes.dropLast()))
  for r in 0..<row.sizes.reduce(1, *) {
    let at = strides.map { strides in row.at.indices.reduce(0) { $0 + row.at[$1] * strides[$1] } }
    body(r * columns..<(r + 1) * columns, at, steps)
    row.advance()
  }
}

/// Elements from one place of each axis to the next, 0 where the axis is broadcast.
func broadcastStrides(_ sizes: [Int], rank: Int) -> [Int] {
  var strides = Array(repeating: 0, count: rank)
  var step = 1
  for axis in sizes.indices.reversed() {
    if sizes[axis] != 1 { strides[rank - sizes.count + axis] = step }
    step *= sizes[axis]
  }
  return strides
}
