import DLGraph
import KernelTypes

/// Operations that take elements one by one.
let elementwiseConverters: [String: Converter] =
  unaryFunctions.mapValues { function -> Converter in
    { call in
      call.ignore("consumed_inputs")
      return [try call.unary(function, call.input(0))]
    }
  }
  .merging(
    binaryFunctions.mapValues { function -> Converter in
      { call in
        let (a, b) = try call.operands()
        return [try call.binary(function, a, b)]
      }
    }
  ) { first, _ in first }
  .merging(variadicFunctions.mapValues { function -> Converter in { call in [try call.accumulate(function)] } }) { first, _ in
    first
  }
  .merging(otherConverters) { first, _ in first }

private let unaryFunctions: [String: UnaryFunction] = [
  "Neg": .negate, "Abs": .absolute, "Sign": .sign, "Floor": .floor, "Ceil": .ceil, "Round": .round, "Exp": .exp, "Log": .log,
  "Sqrt": .sqrt, "Reciprocal": .reciprocal, "Sin": .sin, "Cos": .cos, "Tan": .tan, "Asin": .asin, "Acos": .acos, "Atan": .atan,
  "Sinh": .sinh, "Cosh": .cosh, "Asinh": .asinh, "Acosh": .acosh, "Atanh": .atanh, "Erf": .erf, "IsNaN": .isNaN, "Not": .not,
  "BitwiseNot": .bitwiseNot,
]

private let binaryFunctions: [String: BinaryFunction] = [
  "Add": .add, "Sub": .subtract, "Mul": .multiply, "Div": .divide, "Equal": .equal, "Less": .less, "LessOrEqual": .lessOrEqual,
  "Greater": .greater, "GreaterOrEqual": .greaterOrEqual, "And": .and, "Or": .or, "Xor": .xor, "BitwiseAnd": .bitwiseAnd,
  "BitwiseOr": .bitwiseOr, "BitwiseXor": .bitwiseXor,
]

private let variadicFunctions: [String: BinaryFunction] = ["Sum": .add, "Max": .maximum, "Min": .minimum]

private let otherConverters: [String: Converter] = [
  "Pow": { call in
    let (a, b) = try call.operands()
    let dtype = call.dtype(a)
    if dtype.isFloat || !call.dtype(b).isFloat { return [try call.binary(.power, a, call.cast(b, dtype))] }
    return [try call.cast(call.binary(.power, call.cast(a, call.dtype(b)), b), dtype)]
  },
  "Mod": { call in
    let (a, b) = try call.operands()
    return [try call.binary(call.bool("fmod") ? .remainder : .modulo, a, b)]
  },
  "BitShift": { call in
    let function = try call.choice("direction", ["LEFT": BinaryFunction.shiftLeft, "RIGHT": .shiftRight], default: "")
    return [try call.binary(function, call.input(0), call.input(1))]
  },
  "PRelu": { call in
    let (x, slope) = (try call.input(0), try call.input(1))
    call.ignore("consumed_inputs")
    // Before version 7 a vector was one slope a channel.
    let perChannel = call.version < 7 && call.rank(slope) == 1 && call.type(slope).dims[0] != .fixed(1)
    return [try call.binary(.prelu, x, perChannel ? call.unsqueeze(slope, Array(1..<max(1, call.rank(x) - 1))) : slope)]
  },
  "Mean": { call in
    let sum = try call.accumulate(.add)
    return [call.inputs.count == 1 ? sum : try call.binary(.divide, sum, number: Double(call.inputs.count))]
  },
  "Where": { call in [try call.add(.select, call.input(0), call.input(1), call.input(2))] },
  "IsInf": { call in
    let x = try call.input(0)
    switch (try call.bool("detect_negative", default: true), try call.bool("detect_positive", default: true)) {
    case (true, true): return [try call.unary(.isInfinite, x)]
    case (true, false): return [try call.unary(.isNegativeInfinite, x)]
    case (false, true): return [try call.unary(.isPositiveInfinite, x)]
    case (false, false): return [try call.binary(.and, call.unary(.isNaN, x), call.number(0, .bool))]
    }
  },
  "Cast": { call in
    call.ignore("saturate", "round_mode")
    if call.version < 6 { throw DLError(.unsupported, "operator set \(call.version), which names types by text") }
    let to = Int32(truncatingIfNeeded: try call.required(call.int("to"), "to"))
    return [try call.cast(call.input(0), DLOnnx.dtype(to))]
  },
  "CastLike": { call in
    call.ignore("saturate", "round_mode")
    return [try call.cast(call.input(0), call.dtype(call.input(1)))]
  },
  "Identity": { call in [try call.input(0)] },
  // A tensor is there, or it is not.
  "OptionalGetElement": { call in [try call.input(0)] },
  "OptionalHasElement": { call in [try call.number(call.optional(0) == nil ? 0 : 1, .bool)] },
  "Dropout": { call in try call.dropout() },
  "Relu": { call in
    call.ignore("consumed_inputs")
    let x = try call.input(0)
    return [try call.dtype(x).isFloat ? call.activation(.relu, x) : call.binary(.maximum, x, number: 0)]
  },
]

extension Call {
  /// Two operands. Before version 7 their axes were matched only on demand, and then from a given axis on.
  func operands() throws -> (Int, Int) {
    let (a, b) = (try input(0), try input(1))
    guard version < 7 else { return (a, b) }
    ignore("consumed_inputs")
    let axis = try int("axis") ?? rank(a) - rank(b)
    guard try bool("broadcast"), axis >= 0, axis < rank(a) - rank(b) else { return (a, b) }
    return (a, try unsqueeze(b, Array(rank(b)..<(rank(a) - axis))))
  }

  /// Any number of operands, taken together from left to right.
  fileprivate func accumulate(_ function: BinaryFunction) throws -> Int {
    ignore("consumed_inputs")
    var result = try input(0)
    for index in inputs.indices.dropFirst() { result = try binary(function, result, input(index)) }
    return result
  }

  fileprivate func dropout() throws -> [Int] {
    ignore("ratio", "seed", "is_test", "consumed_inputs")
    let x = try input(0)
    if version >= 12, let training = optional(2) {
      guard let known = knownNumber(training) else { throw DLError(.unsupported, "a training_mode that the model computes") }
      let ratio =
        try optional(1).map { value in
          try required(knownNumber(value), "a ratio that is known")
        } ?? 0.5
      if known != 0, ratio != 0 { throw DLError(.unsupported, "training mode, which is random") }
    }
    guard wantsOutput(1) else { return [x] }
    // All elements are kept.
    let mask = version >= 10 ? DType.bool : dtype(x)
    return [x, try add(.expand, number(1, mask), shape(x))]
  }
}
