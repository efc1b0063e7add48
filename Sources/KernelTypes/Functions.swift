// Functions of numbers without parameters. Raw values are those of .dlrt files and never change.

/// Element by element, one input.
public enum UnaryFunction: UInt8, Hashable, Sendable, CaseIterable {
  case negate = 1
  case absolute = 2
  /// −1, 0 or 1.
  case sign = 3
  case floor = 4
  case ceil = 5
  /// Halves go to the even neighbour.
  case round = 6
  case exp = 7
  case log = 8
  case sqrt = 9
  case reciprocal = 10
  case sin = 11
  case cos = 12
  case tan = 13
  case asin = 14
  case acos = 15
  case atan = 16
  case sinh = 17
  case cosh = 18
  case asinh = 19
  case acosh = 20
  case atanh = 21
  case erf = 22
  /// Numbers to bool.
  case isNaN = 23
  case isInfinite = 24
  case isPositiveInfinite = 25
  case isNegativeInfinite = 26
  /// Bool to bool.
  case not = 27
  /// Integers.
  case bitwiseNot = 28

  public var name: StaticString {
    switch self {
    case .negate: "negate"
    case .absolute: "absolute"
    case .sign: "sign"
    case .floor: "floor"
    case .ceil: "ceil"
    case .round: "round"
    case .exp: "exp"
    case .log: "log"
    case .sqrt: "sqrt"
    case .reciprocal: "reciprocal"
    case .sin: "sin"
    case .cos: "cos"
    case .tan: "tan"
    case .asin: "asin"
    case .acos: "acos"
    case .atan: "atan"
    case .sinh: "sinh"
    case .cosh: "cosh"
    case .asinh: "asinh"
    case .acosh: "acosh"
    case .atanh: "atanh"
    case .erf: "erf"
    case .isNaN: "is_nan"
    case .isInfinite: "is_infinite"
    case .isPositiveInfinite: "is_positive_infinite"
    case .isNegativeInfinite: "is_negative_infinite"
    case .not: "not"
    case .bitwiseNot: "bitwise_not"
    }
  }

  /// Whether kernel sets compute it on f32.
  public var hasKernel: Bool {
    switch self {
    case .negate, .absolute, .sign, .floor, .ceil, .round, .exp, .log, .sqrt, .reciprocal, .sin, .cos, .erf: true
    default: false
    }
  }
}

/// Element by element, two inputs of one type broadcast to one shape by numpy's rules.
public enum BinaryFunction: UInt8, Hashable, Sendable, CaseIterable {
  case add = 1
  case subtract = 2
  case multiply = 3
  /// Integers round towards zero; a division of integers by 0 gives 0.
  case divide = 4
  case power = 5
  /// The remainder has the sign of b (Python's %); an integer remainder of 0 gives 0.
  case modulo = 6
  /// The remainder has the sign of a (C's fmod).
  case remainder = 7
  case minimum = 8
  case maximum = 9
  /// a if a ≥ 0, else a · b: b is the slope.
  case prelu = 10
  /// To bool.
  case equal = 11
  case less = 12
  case lessOrEqual = 13
  case greater = 14
  case greaterOrEqual = 15
  /// Bools.
  case and = 16
  case or = 17
  case xor = 18
  /// Integers.
  case bitwiseAnd = 19
  case bitwiseOr = 20
  case bitwiseXor = 21
  case shiftLeft = 22
  case shiftRight = 23

  public var name: StaticString {
    switch self {
    case .add: "add"
    case .subtract: "subtract"
    case .multiply: "multiply"
    case .divide: "divide"
    case .power: "power"
    case .modulo: "modulo"
    case .remainder: "remainder"
    case .minimum: "minimum"
    case .maximum: "maximum"
    case .prelu: "prelu"
    case .equal: "equal"
    case .less: "less"
    case .lessOrEqual: "less_or_equal"
    case .greater: "greater"
    case .greaterOrEqual: "greater_or_equal"
    case .and: "and"
    case .or: "or"
    case .xor: "xor"
    case .bitwiseAnd: "bitwise_and"
    case .bitwiseOr: "bitwise_or"
    case .bitwiseXor: "bitwise_xor"
    case .shiftLeft: "shift_left"
    case .shiftRight: "shift_right"
    }
  }

  /// Whether kernel sets compute it on f32.
  public var hasKernel: Bool {
    switch self {
    case .add, .subtract, .multiply, .divide, .minimum, .maximum, .prelu: true
    default: false
    }
  }

  /// Whether the result is bool whatever the inputs are.
  public var isComparison: Bool { BinaryFunction.equal.rawValue...BinaryFunction.greaterOrEqual.rawValue ~= rawValue }
}

/// Many numbers to one.
public enum Reduction: UInt8, Hashable, Sendable, CaseIterable {
  case sum = 1
  case mean = 2
  case maximum = 3
  case minimum = 4
  case product = 5
  /// Σ |x|.
  case l1 = 6
  /// √ Σ x².
  case l2 = 7
  /// Σ x².
  case sumOfSquares = 8
  /// log Σ x.
  case logSum = 9
  /// log Σ eˣ, without overflow.
  case logSumExp = 10

  /// What folds two numbers, or their magnitudes or squares, into one; nil: no function of two numbers does.
  public var fold: BinaryFunction? {
    switch self {
    case .sum, .mean, .l1, .l2, .sumOfSquares, .logSum: .add
    case .maximum: .maximum
    case .minimum: .minimum
    case .product: .multiply
    case .logSumExp: nil
    }
  }

  /// What a fold begins with.
  public var identity: Float {
    switch self {
    case .maximum: -.infinity
    case .minimum: .infinity
    case .product: 1
    default: 0
    }
  }

  public var name: StaticString {
    switch self {
    case .sum: "reduce_sum"
    case .mean: "reduce_mean"
    case .maximum: "reduce_maximum"
    case .minimum: "reduce_minimum"
    case .product: "reduce_product"
    case .l1: "reduce_l1"
    case .l2: "reduce_l2"
    case .sumOfSquares: "reduce_sum_of_squares"
    case .logSum: "reduce_log_sum"
    case .logSumExp: "reduce_log_sum_exp"
    }
  }
}
