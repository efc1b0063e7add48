import DLGraph
import KernelTypes

// Functions of elements.
extension NodeExporter {
  func export(_ activation: Activation) throws(DLError) {
    switch activation {
    case .identity: emit("Identity")
    case .relu: emit("Relu")
    case .leakyRelu(let slope): emit("LeakyRelu", .float("alpha", slope))
    case .sigmoid: emit("Sigmoid")
    case .tanh: emit("Tanh")
    case .clip(let low, let high):
      let bounds = [low, high].map { $0.isInfinite ? nil : Double($0) }
      emit("Clip", [input(0), try bounds[0].map(bound) ?? "", try bounds[1].map(bound) ?? ""])
    case .elu(let alpha): emit("Elu", .float("alpha", alpha))
    case .selu(let alpha, let gamma): emit("Selu", .float("alpha", alpha), .float("gamma", gamma))
    case .celu(let alpha):
      if dtype == .f32 { return emit("Celu", .float("alpha", alpha)) }
      // The other types have only its parts: alpha · elu(x / alpha).
      let factor = try number(Double(alpha), dtype)
      emit("Mul", [add("Elu", [add("Div", [input(0), factor])], .float("alpha", 1)), factor])
    case .gelu: emit("Gelu")
    case .geluTanh: emit("Gelu", .text("approximate", "tanh"))
    case .hardSigmoid(let alpha, let beta): emit("HardSigmoid", .float("alpha", alpha), .float("beta", beta))
    case .silu(let alpha):
      let scaled = alpha == 1 ? input(0) : add("Mul", [input(0), try number(Double(alpha), dtype)])
      emit("Mul", [input(0), add("Sigmoid", [scaled])])
    case .hardSwish: emit("HardSwish")
    case .mish: emit("Mish")
    case .softplus: emit("Softplus")
    case .softsign: emit("Softsign")
    case .thresholdedRelu(let alpha): emit("ThresholdedRelu", .float("alpha", alpha))
    case .shrink(let lambda, let bias): emit("Shrink", .float("lambd", lambda), .float("bias", bias))
    }
  }

  private func bound(_ value: Double) throws(DLError) -> String { try number(value, dtype) }

  func export(_ function: UnaryFunction) throws(DLError) {
    switch function {
    case .negate:
      // ONNX negates what has a sign.
      let isUnsigned = dtype == .u8 || dtype == .u16 || dtype == .u32 || dtype == .u64
      isUnsigned ? emit("Sub", [try number(0, dtype), input(0)]) : emit("Neg")
    case .absolute: emit("Abs")
    case .sign: emit("Sign")
    case .floor: emit("Floor")
    case .ceil: emit("Ceil")
    case .round: emit("Round")
    case .exp: emit("Exp")
    case .log: emit("Log")
    case .sqrt: emit("Sqrt")
    case .reciprocal: emit("Reciprocal")
    case .sin: emit("Sin")
    case .cos: emit("Cos")
    case .tan: emit("Tan")
    case .asin: emit("Asin")
    case .acos: emit("Acos")
    case .atan: emit("Atan")
    case .sinh: emit("Sinh")
    case .cosh: emit("Cosh")
    case .asinh: emit("Asinh")
    case .acosh: emit("Acosh")
    case .atanh: emit("Atanh")
    case .erf: emit("Erf")
    case .isNaN: emit("IsNaN")
    case .isInfinite: emit("IsInf")
    case .isPositiveInfinite: emit("IsInf", .flag("detect_negative", false))
    case .isNegativeInfinite: emit("IsInf", .flag("detect_positive", false))
    case .not: emit("Not")
    case .bitwiseNot: emit("BitwiseNot")
    }
  }

  func export(_ function: BinaryFunction) throws(DLError) {
    switch function {
    case .add: emit("Add")
    case .subtract: emit("Sub")
    case .multiply: emit("Mul")
    case .divide: emit("Div")
    case .power: emit("Pow", in: dtype == .u32 || dtype == .u64 ? .i64 : dtype.wider)
    case .modulo: try modulo()
    case .remainder: emit("Mod", .flag("fmod", true))
    case .minimum: emit("Min")
    case .maximum: emit("Max")
    case .prelu: try prelu()
    case .equal: emit("Equal")
    case .less: emit("Less")
    case .lessOrEqual: emit("LessOrEqual")
    case .greater: emit("Greater")
    case .greaterOrEqual: emit("GreaterOrEqual")
    case .and: emit("And")
    case .or: emit("Or")
    case .xor: emit("Xor")
    case .bitwiseAnd: emit("BitwiseAnd")
    case .bitwiseOr: emit("BitwiseOr")
    case .bitwiseXor: emit("BitwiseXor")
    case .shiftLeft: emit("BitShift", .text("direction", "LEFT"))
    case .shiftRight: emit("BitShift", .text("direction", "RIGHT"))
    }
  }

  /// ONNX has the remainder with the sign of b for integers only.
  private func modulo() throws(DLError) {
    guard dtype.isFloat else { return emit("Mod") }
    let zero = try number(0, dtype)
    let remainder = add("Mod", inputs, .flag("fmod", true))
    let signsDiffer = add("Xor", [add("Less", [remainder, zero]), add("Less", [input(1), zero])])
    let isOff = add("And", [signsDiffer, add("Not", [add("Equal", [remainder, zero])])])
    emit("Where", [isOff, add("Add", [remainder, input(1)]), remainder])
  }

  /// ONNX's slopes broadcast to x, and x is no small integer.
  private func prelu() throws(DLError) {
    if dtype.wider == nil && outputType.dims == type(0).dims && !outputType.dims.contains(.unknown) { return emit("PRelu") }
    emit("Where", [add("Less", [input(0), try number(0, dtype)]), add("Mul", inputs), input(0)])
  }
}

extension Reduction: OnnxWord {
  var onnx: String {
    switch self {
    case .sum: "ReduceSum"
    case .mean: "ReduceMean"
    case .maximum: "ReduceMax"
    case .minimum: "ReduceMin"
    case .product: "ReduceProd"
    case .l1: "ReduceL1"
    case .l2: "ReduceL2"
    case .sumOfSquares: "ReduceSumSquare"
    case .logSum: "ReduceLogSum"
    case .logSumExp: "ReduceLogSumExp"
    }
  }
}
