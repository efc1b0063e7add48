import DLGraph
import KernelTypes

// Cases of the operations that work element by element.

/// Positive numbers, no two neighbours alike.
private func positive(_ sizes: [Int], from low: Double = 0.1) -> OpArgument {
  .f32(sizes, (0..<sizes.reduce(1, *)).map { low + 0.375 * Double($0 * 7 % 23) })
}

let activationCases: [OpCase] = {
  let activations: [Activation] = [
    .clip(low: -0.25, high: 0.5), .clip(low: 0, high: 6), .clip(low: -0.5, high: .infinity), .elu(alpha: 0.7),
    .selu(alpha: 1.6732632, gamma: 1.050701), .celu(alpha: 0.5), .gelu, .geluTanh, .hardSigmoid(alpha: 0.6, beta: 0.4),
    .silu(alpha: 1), .silu(alpha: 1.7), .hardSwish, .mish, .softplus, .softsign, .thresholdedRelu(alpha: 0.3),
    .shrink(lambda: 0.4, bias: 0.1),
  ]
  var cases: [OpCase] = []
  for activation in activations {
    for x in [[1], [3, 5], [2, 17, 5, 3]] { cases.append(OpCase(.activation(activation), [x])) }
    let far: [Double] = [-100, -20, -5, -3, -0.0, 0, 0.5, 3, 5, 20, 100]
    cases.append(OpCase(.activation(activation), [.f32([11], far)]))
    cases.append(OpCase(.activation(activation), [.of(.f16, [7])]))
  }
  cases.append(OpCase(.activation(.gelu), [.of(.bf16, [2, 9])]))
  cases.append(OpCase(.activation(.mish), [.of(.f64, [5])]))
  return cases
}()

let unaryCases: [OpCase] = {
  var cases: [OpCase] = []
  for function in UnaryFunction.allCases {
    switch function {
    case .log, .sqrt, .reciprocal: cases.append(OpCase(.unary(function), [positive([3, 7])]))
    case .acosh: cases.append(OpCase(.unary(function), [positive([3, 7], from: 1)]))
    case .isNaN, .isInfinite, .isPositiveInfinite, .isNegativeInfinite:
      cases.append(OpCase(.unary(function), [.f32([2, 3], [0, .nan, .infinity, -.infinity, 1e38, -1])]))
    case .not: cases.append(OpCase(.unary(function), [.of(.bool, [5])]))
    case .bitwiseNot: for dtype: DType in [.i8, .i32, .u16, .i64] { cases.append(OpCase(.unary(function), [.of(dtype, [5])])) }
    default:
      cases.append(OpCase(.unary(function), [[2, 3, 11]]))
      cases.append(OpCase(.unary(function), [.of(.f16, [9])]))
    }
  }
  for function: UnaryFunction in [.negate, .absolute, .sign] {
    for dtype: DType in [.i8, .i16, .i32, .i64, .u8, .f64, .bf16] {
      cases.append(OpCase(.unary(function), [.of(dtype, [2, 5])]))
    }
  }
  let halves: [Double] = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4999, -2.6]
  for function: UnaryFunction in [.floor, .ceil, .round] { cases.append(OpCase(.unary(function), [.f32([8], halves)])) }
  cases.append(OpCase(.unary(.negate), [.f32([0, 3])]))
  return cases
}()

let binaryCases: [OpCase] = {
  let shapes: [([Int], [Int])] = [
    ([2, 3, 5], [2, 3, 5]), ([3, 17], [17]), ([17], [3, 17]), ([4, 1, 3], [5, 1]), ([], [4]), ([2, 3], []), ([0, 3], [1, 3]),
  ]
  var cases: [OpCase] = []
  for (a, b) in shapes {
    for function: BinaryFunction in [
      .subtract, .minimum, .maximum, .prelu, .equal, .less, .lessOrEqual, .greater, .greaterOrEqual,
    ] {
      cases.append(OpCase(.binary(function), [a, b]))
    }
    for function: BinaryFunction in [.divide, .modulo, .remainder] {
      cases.append(OpCase(.binary(function), [.f32(a), positive(b)]))
    }
    cases.append(OpCase(.binary(.power), [positive(a), .f32(b)]))
    for function: BinaryFunction in [.and, .or, .xor] { cases.append(OpCase(.binary(function), [.of(.bool, a), .of(.bool, b)])) }
    for function: BinaryFunction in [.bitwiseAnd, .bitwiseOr, .bitwiseXor] {
      cases.append(OpCase(.binary(function), [.of(.i32, a), .of(.i32, b)]))
    }
    for function: BinaryFunction in [.shiftLeft, .shiftRight] {
      cases.append(OpCase(.binary(function), [.of(.u8, a), .of(.u8, b)]))
    }
  }
  let few = (0..<6000).map { (i: Int) -> Double in
    if i % 11 == 3 { return .nan }
    return i % 7 == 2 ? -.infinity : Double(i * 31 % 13)
  }
  for function: BinaryFunction in [.equal, .less, .lessOrEqual, .greater, .greaterOrEqual] {
    cases.append(OpCase(.binary(function), [.f32([3, 2000], few), .f32([3, 1], [4, .nan, -.infinity])]))
    cases.append(OpCase(.binary(function), [.f32([20, 3, 100], few), .f32([20, 1, 100], Array(few[1...2000]))]))
  }
  // Random integers have zeros among them, and 0 divides.
  for dtype: DType in [.i8, .i16, .i32, .i64, .u8, .u16, .u32, .u64, .f16, .bf16, .f64] {
    for function: BinaryFunction in [.add, .subtract, .multiply, .minimum, .maximum, .prelu, .less, .equal] {
      cases.append(OpCase(.binary(function), [.of(dtype, [3, 5]), .of(dtype, [5])]))
    }
    if !dtype.isFloat {
      for function: BinaryFunction in [.divide, .modulo, .remainder, .power, .bitwiseXor] {
        cases.append(OpCase(.binary(function), [.of(dtype, [3, 5]), .of(dtype, [5])]))
      }
    }
  }
  cases.append(OpCase(.binary(.power), [positive([2, 3]), .of(.i64, [3], [2, 0, -1])]))
  cases.append(OpCase(.binary(.power), [.of(.i32, [3], [2, 3, -2]), .of(.f64, [3], [3, 2, 3])]))
  cases.append(OpCase(.binary(.equal), [.of(.bool, [7]), .of(.bool, [1])]))
  return cases
}()

let selectCases: [OpCase] = [
  OpCase(.select, [.of(.bool, [2, 5]), .f32([2, 5]), .f32([2, 5])]),
  OpCase(.select, [.of(.bool, [5]), .f32([3, 1]), .f32([])]),
  OpCase(.select, [.of(.bool, [6, 1, 37]), .f32([6, 70, 37]), .f32([70, 1])]),
  OpCase(.select, [.of(.bool, [5000]), .f32([5000]), .f32([5000])]),
  OpCase(.select, [.of(.bool, [3, 1]), .of(.i32, [1, 5]), .of(.i32, [3, 5])]),
  OpCase(.select, [.of(.bool, []), .of(.i64, [4]), .of(.i64, [2, 1])]),
  OpCase(.select, [.of(.bool, [2, 1, 3]), .of(.u8, [4, 1]), .of(.u8, [3])]),
  OpCase(.select, [.of(.bool, [3]), .of(.f16, [3]), .of(.f16, [3])]),
]

let castCases: [OpCase] = {
  var cases: [OpCase] = []
  for from in DType.allCases { for to in DType.allCases { cases.append(OpCase(.cast(to), [.of(from, [2, 3])])) } }
  for from: DType in [.u8, .bool] { cases.append(OpCase(.cast(.f32), [.of(from, [3, 5003])])) }
  for to: DType in [.i8, .u8, .i16, .i32, .i64, .bool, .f16, .bf16] {
    cases.append(OpCase(.cast(to), [.f32([8], [-1.9, -0.5, 0.5, 1.9, 300.7, -300.7, 65519, 3])]))
  }
  return cases
}()
