import KernelTypes

// Shapes of operations that work element by element.

extension ShapeInference {
  func elementwiseFacts(_ op: Op, _ inputs: [Fact?]) throws(DLError) -> [Fact] {
    guard let fact = inputs[0] else { return [] }
    let x = fact.type
    switch op {
    case .activation, .dropout:
      try requireFloats(inputs)
      return one(x.dtype, x.dims)
    case .unary(let function):
      try require(x, function.domain)
      return elementwise(function.isTest ? .bool : x.dtype, x.dims, [fact]) { apply(function, $0[0], x.dtype) }
    case .binary(let function):
      guard let other = inputs[1] else { return [] }
      try requireOperands(function, x, other.type)
      let dtype: DType = function.isComparison ? .bool : x.dtype
      // The elements of a power's exponent may be of another type, and are then not worth following.
      let operands = x.dtype == other.type.dtype ? [fact, other] : []
      return elementwise(dtype, try broadcast(x, other.type), operands) { apply(function, $0[0], $0[1], x.dtype) }
    case .select:
      guard let a = inputs[1], let b = inputs[2] else { return [] }
      guard x.dtype == .bool else { throw DLError(.typeMismatch, "condition: expected bool, found \(x.dtype.name)") }
      guard a.type.dtype == b.type.dtype else {
        throw DLError(.typeMismatch, "input 2: expected \(a.type.dtype.name), found \(b.type.dtype.name)")
      }
      let dims = try broadcast(TensorType(x.dtype, try broadcast(x, a.type)), b.type)
      return elementwise(a.type.dtype, dims, [fact, a, b]) { choose($0[0], $0[1], $0[2]) }
    case .cast(let dtype):
      return elementwise(dtype, x.dims, [fact]) { convert($0[0], to: dtype) }
    default: return []
    }
  }

  /// A function takes inputs of some types only.
  private func require(_ x: TensorType, _ domain: FunctionDomain, _ place: Message = "input 0") throws(DLError) {
    guard domain.contains(x.dtype) else {
      throw DLError(.typeMismatch, "\(place): expected \(domain.description), found \(x.dtype.name)")
    }
  }

  private func requireOperands(_ function: BinaryFunction, _ a: TensorType, _ b: TensorType) throws(DLError) {
    try require(a, function.domain)
    if function == .power {
      try require(b, .numbers, "input 1")
    } else if a.dtype != b.dtype {
      throw DLError(.typeMismatch, "input 1: expected \(a.dtype.name), found \(b.dtype.name)")
    }
  }

  /// An output with the elements that follow from those of the operands, broadcast to it; no operands: without.
  private func elementwise(
    _ dtype: DType, _ dims: [Dim], _ operands: [Fact], _ function: ([Dim]) -> Dim
  ) -> [Fact] {
    let type = TensorType(dtype, dims)
    guard !operands.isEmpty, dtype.hasElements, let sizes = type.sizes, let count = elementCount(sizes),
      count <= Fact.mostElements
    else { return [Fact(type)] }
    var lists: [[Dim]] = []
    var shapes: [[Int]] = []
    for operand in operands {
      guard operand.type.dtype.hasElements, let list = operand.integers, let shape = operand.type.sizes else {
        return [Fact(type)]
      }
      lists.append(list)
      shapes.append(shape)
    }
    var elements: [Dim] = []
    eachBroadcast(shapes, sizes) { _, at in elements.append(function(lists.indices.map { lists[$0][at[$0]] })) }
    return [Fact(type, elements: elements.contains { $0 != .unknown } ? elements : nil)]
  }

  func broadcast(_ a: TensorType, _ b: TensorType) throws(DLError) -> [Dim] {
    let rank = max(a.rank, b.rank)
    var dims: [Dim] = []
    for i in 0..<rank {
      let p: Dim = i < rank - a.rank ? .fixed(1) : a.dims[i - (rank - a.rank)]
      let q: Dim = i < rank - b.rank ? .fixed(1) : b.dims[i - (rank - b.rank)]
      if p == .fixed(1) {
        dims.append(q)
      } else if q == .fixed(1) || p == q {
        dims.append(p)
      } else if p.size != nil && q.size != nil {
        throw DLError(.shapeMismatch, "cannot broadcast \(describe(a, symbols: symbols)) with \(describe(b, symbols: symbols))")
      } else {
        // A size that is fixed and not 1 wins over one that is not known yet.
        dims.append(p.size != nil ? p : q.size != nil ? q : .unknown)
      }
    }
    return dims
  }
}

/// The element types that a function takes.
enum FunctionDomain {
  case any, numbers, floats, integers, unsigned, bool

  func contains(_ dtype: DType) -> Bool {
    switch self {
    case .any: true
    case .numbers: dtype != .bool
    case .floats: dtype.isFloat
    case .integers: dtype != .bool && !dtype.isFloat
    case .unsigned: dtype == .u8 || dtype == .u16 || dtype == .u32 || dtype == .u64
    case .bool: dtype == .bool
    }
  }

  var description: StaticString {
    switch self {
    case .any: "any type"
    case .numbers: "numbers"
    case .floats: "a floating-point type"
    case .integers: "integers"
    case .unsigned: "unsigned integers"
    case .bool: "bool"
    }
  }
}

extension UnaryFunction {
  fileprivate var domain: FunctionDomain {
    switch self {
    case .negate, .absolute, .sign: .numbers
    case .floor, .ceil, .round, .exp, .log, .sqrt, .reciprocal, .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .asinh,
      .acosh, .atanh, .erf, .isNaN, .isInfinite, .isPositiveInfinite, .isNegativeInfinite:
      .floats
    case .not: .bool
    case .bitwiseNot: .integers
    }
  }

  /// Whether the result is bool whatever the input is.
  fileprivate var isTest: Bool {
    switch self {
    case .isNaN, .isInfinite, .isPositiveInfinite, .isNegativeInfinite: true
    default: false
    }
  }
}

extension BinaryFunction {
  fileprivate var domain: FunctionDomain {
    switch self {
    case .add, .subtract, .multiply, .divide, .power, .modulo, .remainder, .minimum, .maximum, .prelu, .less, .lessOrEqual,
      .greater, .greaterOrEqual:
      .numbers
    case .equal: .any
    case .and, .or, .xor: .bool
    case .bitwiseAnd, .bitwiseOr, .bitwiseXor: .integers
    case .shiftLeft, .shiftRight: .unsigned
    }
  }
}
