import DLGraph
import Foundation
import KernelTypes
import TestSupport
import Testing

private typealias Argument = OpArgument
private let inf = Double.infinity
private let nan = Double.nan

/// What an operation must give for numbers worked out from its definition: the reference itself has no other judge.
private struct Known: Sendable, CustomTestStringConvertible {
  var op: Op
  var arguments: [Argument]
  /// Of each output.
  var expected: [[Double]]
  /// Of the first output.
  var sizes: [Int]?

  init(_ op: Op, _ arguments: [Argument], _ expected: [Double], sizes: [Int]? = nil) {
    self.init(op, arguments, outputs: [expected], sizes: sizes)
  }
  init(_ op: Op, _ arguments: [Argument], outputs: [[Double]], sizes: [Int]? = nil) {
    self.op = op
    self.arguments = arguments
    expected = outputs
    self.sizes = sizes
  }

  var testDescription: String { OpCase(op, arguments).description }
}

private func list(_ dtype: DType, _ elements: Double...) -> Argument { .of(dtype, [elements.count], elements) }
private func f32(_ elements: Double...) -> Argument { .f32([elements.count], elements) }

private func unary(_ function: UnaryFunction, _ x: Argument, _ expected: Double...) -> Known {
  Known(.unary(function), [x], expected)
}
private func binary(_ function: BinaryFunction, _ a: Argument, _ b: Argument, _ expected: Double...) -> Known {
  Known(.binary(function), [a, b], expected)
}
private func activation(_ activation: Activation, _ x: Argument, _ expected: Double...) -> Known {
  Known(.activation(activation), [x], expected)
}
private func reduce(_ reduction: Reduction, _ x: Argument, _ expected: Double...) -> Known {
  Known(.reduce(reduction, axes: [-1], keepsAxes: false, noAxesIsIdentity: false), [x], expected)
}

private let least64 = -0x1p63

@Suite struct ReferenceValueTests {
  private static let activations: [Known] = [
    activation(.relu, f32(-1, -0.0, 2, nan, inf), 0, 0, 2, nan, inf),
    activation(.leakyRelu(slope: 0.5), f32(-4, 0, 3, -inf), -2, 0, 3, -inf),
    activation(.sigmoid, f32(0, 1000, -1000, log(3)), 0.5, 1, 0, 0.75),
    activation(.tanh, f32(0, 1000, -1000, nan), 0, 1, -1, nan),
    activation(.clip(low: -1, high: 2), f32(-3, -1, 0.5, 2, 7, nan, inf, -inf), -1, -1, 0.5, 2, 2, nan, 2, -1),
    activation(.clip(low: 3, high: 2), f32(0, 5), 2, 2),
    activation(.elu(alpha: 2), f32(-log(2), 0, 3, -1000, inf), -1, 0, 3, -2, inf),
    activation(.selu(alpha: 2, gamma: 3), f32(-log(2), 0, 3), -3, 0, 9),
    activation(.celu(alpha: 2), f32(-2 * log(2), 0, 3, -1e6), -1, 0, 3, -2),
    activation(.gelu, f32(0, 1, -1, 100, -100), 0, 0.8413447460685429, -0.15865525393145707, 100, 0),
    activation(.geluTanh, f32(0, 1, -1, 100, -100), 0, 0.8411919906082768, -0.15880800939172324, 100, 0),
    activation(.hardSigmoid(alpha: 0.5, beta: 0.25), f32(-9, -0.5, 0, 1, 9), 0, 0, 0.25, 0.75, 1),
    activation(.silu(alpha: 1), f32(0, log(3), 1000, -1000), 0, 0.75 * log(3), 1000, 0),
    activation(.silu(alpha: 2), f32(log(3)), 0.9 * log(3)),
    activation(.hardSwish, f32(-4, -3, 0, 1.5, 3, 5), 0, 0, 0, 1.125, 3, 5),
    activation(.mish, f32(0, log(M_E - 1), 1000, -1000), 0, tanh(1) * log(M_E - 1), 1000, 0),
    activation(.softplus, f32(0, log(M_E - 1), 1000, -1000), log(2), 1, 1000, 0),
    activation(.softsign, f32(0, 3, -1), 0, 0.75, -0.5),
    activation(.thresholdedRelu(alpha: 1), f32(-2, 0.5, 1, 1.5), 0, 0, 0, 1.5),
    activation(.shrink(lambda: 1, bias: 0.5), f32(-2, -1, 0.5, 1, 3), -1.5, 0, 0, 0, 2.5),
  ]

  private static let unaries: [Known] = [
    unary(.negate, f32(1, -0.5, inf), -1, 0.5, -inf),
    unary(.negate, list(.i64, 3, least64), -3, least64),
    unary(.negate, list(.i8, -128, 5), -128, -5),
    unary(.absolute, f32(-2, -inf, nan), 2, inf, nan),
    unary(.absolute, list(.i8, -128, -5, 7), -128, 5, 7),
    unary(.sign, f32(-3, 0, 0.1, nan), -1, 0, 1, nan),
    unary(.sign, list(.i32, -3, 0, 9), -1, 0, 1),
    unary(.sign, list(.u64, 0, 0x1p63), 0, 1),
    unary(.floor, f32(-1.5, 1.5, -inf), -2, 1, -inf),
    unary(.ceil, f32(-1.5, 1.5, nan), -1, 2, nan),
    unary(.round, f32(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.51), -2, -2, 0, 0, 2, 2, 3),
    unary(.exp, f32(0, log(2), -inf, 1000), 1, 2, 0, inf),
    unary(.log, f32(1, M_E, 0, -1, inf), 0, 1, -inf, nan, inf),
    unary(.sqrt, f32(9, 0, -1, inf), 3, 0, nan, inf),
    unary(.reciprocal, f32(4, 0, -0.0, inf), 0.25, inf, -inf, 0),
    unary(.sin, f32(0, .pi / 6, inf), 0, 0.5, nan),
    unary(.cos, f32(0, .pi / 3), 1, 0.5),
    unary(.tan, f32(0, .pi / 4), 0, 1),
    unary(.asin, f32(0.5, 2), .pi / 6, nan),
    unary(.acos, f32(0.5, -1), .pi / 3, .pi),
    unary(.atan, f32(1, inf), .pi / 4, .pi / 2),
    unary(.sinh, f32(0, log(2)), 0, 0.75),
    unary(.cosh, f32(0, log(2)), 1, 1.25),
    unary(.asinh, f32(0.75, 0), log(2), 0),
    unary(.acosh, f32(1.25, 1, 0.5), log(2), 0, nan),
    unary(.atanh, f32(0.6, 0, 1), log(2), 0, inf),
    unary(.erf, f32(0, 1, -1, inf), 0, 0.8427007929497149, -0.8427007929497149, 1),
    unary(.isNaN, f32(nan, inf, 0), 1, 0, 0),
    unary(.isInfinite, f32(nan, inf, -inf, 0), 0, 1, 1, 0),
    unary(.isPositiveInfinite, f32(nan, inf, -inf), 0, 1, 0),
    unary(.isNegativeInfinite, f32(nan, inf, -inf), 0, 0, 1),
    unary(.not, list(.bool, 0, 1), 1, 0),
    unary(.bitwiseNot, list(.i8, 0, -1, 5), -1, 0, -6),
    unary(.bitwiseNot, list(.u16, 0, 0xFFFE), 0xFFFF, 1),
  ]

  private static let binaries: [Known] = [
    binary(.add, list(.i8, 127, -128), list(.i8, 1, -1), -128, 127),
    binary(.subtract, list(.u8, 0, 5), list(.u8, 1, 2), 255, 3),
    binary(.multiply, list(.i32, 65536, -3), list(.i32, 65536, 7), 0, -21),
    binary(.divide, f32(1, -1, 0, 7), f32(0, 0, 0, 2), inf, -inf, nan, 3.5),
    binary(.divide, list(.i64, 7, -7, 7, -7, 5, least64), list(.i64, 2, 2, -2, -2, 0, -1), 3, -3, -3, 3, 0, least64),
    binary(.divide, list(.i8, -128), list(.i8, -1), -128),
    binary(.divide, list(.u64, 0x1p63), list(.u64, 2), 0x1p62),
    binary(.power, f32(2, -2, 4, 0, 0), f32(10, 3, -0.5, 0, -1), 1024, -8, 0.5, 1, inf),
    binary(.power, list(.i32, 2, -2, 3, 2, -1, 1, 0, 0), list(.i32, 10, 3, 0, -1, -3, -9, -1, 0), 1024, -8, 1, 0, -1, 1, 0, 1),
    binary(.power, list(.i64, 3), list(.i64, 41), -420_491_770_248_316_829),
    binary(.power, f32(3, 2), list(.i64, 2, -1), 9, 0.5),
    binary(.power, list(.i32, 9, 2), f32(0.5, 3), 3, 8),
    binary(.modulo, list(.i64, 7, -7, 7, -7, 5, least64, -8), list(.i64, 3, 3, -3, -3, 0, -1, 4), 1, 2, -2, -1, 0, 0, 0),
    binary(.modulo, f32(7, -7, 7, -7, 5.5, 1), f32(3, 3, -3, -3, 2, 0), 1, 2, -2, -1, 1.5, nan),
    binary(.modulo, list(.u64, 0x1p63), list(.u64, 0x1p62), 0),
    binary(.remainder, list(.i64, 7, -7, 7, -7, 5, least64), list(.i64, 3, 3, -3, -3, 0, -1), 1, -1, 1, -1, 0, 0),
    binary(.remainder, f32(7, -7, 7, -7.5, 1), f32(3, 3, -3, 2, inf), 1, -1, 1, -1.5, 1),
    binary(.minimum, f32(1, nan, 2, inf), f32(2, 1, nan, 3), 1, nan, nan, 3),
    binary(.maximum, f32(1, nan, 2, -inf), f32(2, 1, nan, 3), 2, nan, nan, 3),
    binary(.minimum, list(.u64, 0x1p63, 1), list(.u64, 1, 0x1p63), 1, 1),
    binary(.maximum, list(.i8, -1, 100), list(.i8, 1, -100), 1, 100),
    binary(.prelu, f32(-2, 0, 3), f32(0.5, 9, 9), -1, 0, 3),
    binary(.prelu, list(.i32, -2, 3), list(.i32, 5, 5), -10, 3),
    binary(.equal, f32(1, nan, 0, inf), f32(1, nan, -0.0, inf), 1, 0, 1, 1),
    binary(.less, f32(1, 2, nan), f32(2, 1, 1), 1, 0, 0),
    binary(.lessOrEqual, f32(1, 2, nan), f32(1, 1, 1), 1, 0, 0),
    binary(.greater, list(.u64, 0x1p63, 1), list(.u64, 1, 0x1p63), 1, 0),
    binary(.greaterOrEqual, list(.i64, least64, 3), list(.i64, 1, 3), 0, 1),
    binary(.and, list(.bool, 0, 0, 1, 1), list(.bool, 0, 1, 0, 1), 0, 0, 0, 1),
    binary(.or, list(.bool, 0, 0, 1, 1), list(.bool, 0, 1, 0, 1), 0, 1, 1, 1),
    binary(.xor, list(.bool, 0, 0, 1, 1), list(.bool, 0, 1, 0, 1), 0, 1, 1, 0),
    binary(.bitwiseAnd, list(.i8, -1, 12), list(.i8, 7, 10), 7, 8),
    binary(.bitwiseOr, list(.u8, 12), list(.u8, 10), 14),
    binary(.bitwiseXor, list(.u32, 0xFFFF_FFFF), list(.u32, 1), 0xFFFF_FFFE),
    binary(.shiftLeft, list(.u8, 3, 3, 3, 255), list(.u8, 1, 8, 255, 4), 6, 0, 0, 240),
    binary(.shiftLeft, list(.u64, 1, 1, 1), list(.u64, 63, 64, 0x1p63), 0x1p63, 0, 0),
    binary(.shiftRight, list(.u64, 0x1p63, 0x1p63, 8), list(.u64, 63, 64, 1), 1, 0, 4),
    Known(.binary(.subtract), [.f32([2, 1], [10, 20]), .f32([3], [1, 2, 3])], [9, 8, 7, 19, 18, 17], sizes: [2, 3]),
    Known(.select, [list(.bool, 1, 0), .f32([2, 1], [1, 2]), .f32([], [9])], [1, 9, 2, 9], sizes: [2, 2]),
    Known(.select, [list(.bool, 1, 0), list(.i64, 5, 6), list(.i64, 7, 8)], [5, 8]),
  ]

  private static let casts: [Known] = [
    Known(.cast(.i32), [f32(-1.9, 1.9, nan, inf, -1e20)], [-1, 1, 0, 0x7FFF_FFFF, -0x8000_0000]),
    Known(.cast(.u8), [f32(300, -3, 2.9)], [255, 0, 2]),
    Known(.cast(.i64), [f32(1e30, -1e30, nan)], [0x1p63, least64, 0]),
    Known(.cast(.u64), [f32(1e30, 0x1p63, -1)], [0x1p64, 0x1p63, 0]),
    Known(.cast(.bool), [f32(0, 0.25, -0.0, nan)], [0, 1, 0, 1]),
    Known(.cast(.i8), [list(.i32, 300, -129)], [44, 127]),
    Known(.cast(.u32), [list(.i64, -1)], [0xFFFF_FFFF]),
    Known(.cast(.f32), [list(.u64, 0x1p63)], [0x1p63]),
    Known(.cast(.f16), [f32(65519, 65520, 1e-8, 1 + 0x1p-11)], [65504, inf, 0, 1]),
    Known(.cast(.bf16), [f32(1 + 0x1p-8, 1 + 0x1p-8 + 0x1p-20)], [1, 1 + 0x1p-7]),
    Known(.cast(.f32), [list(.bool, 1, 0)], [1, 0]),
  ]

  private static let reductions: [Known] = [
    reduce(.sum, f32(1, 2, 3.5), 6.5), reduce(.mean, f32(1, 2, 6), 3), reduce(.maximum, f32(1, nan, 2), nan),
    reduce(.minimum, f32(3, -1, 2), -1), reduce(.product, f32(2, 3, -4), -24), reduce(.l1, f32(1, -2, 3), 6),
    reduce(.l2, f32(3, -4), 5), reduce(.sumOfSquares, f32(1, -2, 3), 14), reduce(.logSum, f32(M_E / 2, M_E / 2), 1),
    reduce(.logSumExp, f32(1000, 1000), 1000 + log(2)), reduce(.logSumExp, f32(-inf, -inf), -inf),
    reduce(.logSumExp, f32(1, inf), inf),
    reduce(.mean, list(.i32, 1, 2, -6), -1), reduce(.sum, list(.i8, 127, 1), -128),
    reduce(.maximum, list(.u64, 1, 0x1p63), 0x1p63), reduce(.minimum, list(.i16, 3, -7), -7),
    reduce(.product, list(.i64, 0x1p62, 4), 0), reduce(.l1, list(.i8, -128, 1), -127),
    reduce(.maximum, list(.bool, 0, 1), 1), reduce(.minimum, list(.bool, 0, 1), 0),
    reduce(.sum, .f32([1, 0]), 0), reduce(.product, .f32([1, 0]), 1), reduce(.maximum, .f32([1, 0]), -inf),
    reduce(.minimum, .f32([1, 0]), inf), reduce(.mean, .f32([1, 0]), nan), reduce(.logSum, .f32([1, 0]), -inf),
    reduce(.maximum, .of(.i8, [1, 0]), -128), reduce(.minimum, .of(.u64, [1, 0]), 0x1p64),
    Known(
      .reduce(.sum, axes: [], keepsAxes: true, noAxesIsIdentity: false), [.f32([2, 2], [1, 2, 3, 4]), .i64(list: [-2])], [4, 6],
      sizes: [1, 2]),
    Known(.reduce(.sum, axes: [], keepsAxes: false, noAxesIsIdentity: false), [.f32([2, 2], [1, 2, 3, 4])], [10], sizes: []),
    Known(
      .reduce(.sumOfSquares, axes: [], keepsAxes: false, noAxesIsIdentity: true), [f32(2, -3), .i64([0])], [4, 9], sizes: [2]),
    Known(.argMax(axis: 1, keepsAxis: false, last: false), [.f32([2, 3], [1, 3, 3, 2, nan, 9])], [1, 1], sizes: [2]),
    Known(.argMax(axis: 1, keepsAxis: true, last: true), [.f32([2, 3], [3, 1, 3, 2, 2, 1])], [2, 1], sizes: [2, 1]),
    Known(.argMin(axis: 0, keepsAxis: false, last: false), [.of(.u64, [2, 2], [0x1p63, 1, 2, 1])], [1, 0], sizes: [2]),
    Known(.argMin(axis: -1, keepsAxis: false, last: true), [f32(0, 1, 0)], [2], sizes: []),
    Known(.cumulativeSum(exclusive: false, reverse: false), [f32(1, 2, 3), .i64([], [0])], [1, 3, 6]),
    Known(.cumulativeSum(exclusive: true, reverse: false), [f32(1, 2, 3), .i64([], [0])], [0, 1, 3]),
    Known(.cumulativeSum(exclusive: false, reverse: true), [f32(1, 2, 3), .i64([], [-1])], [6, 5, 3]),
    Known(.cumulativeSum(exclusive: true, reverse: true), [list(.i8, 100, 100, 100), .i64([], [0])], [-56, 100, 0]),
  ]

  private static let norms: [Known] = [
    Known(.logSoftmax(axis: 0), [f32(0, log(3))], [-log(4), log(0.75)]),
    Known(.logSoftmax(axis: 0), [f32(1000, 1000)], [-log(2), -log(2)]),
    Known(.softmax(axis: 0), [list(.f64, 0, log(3))], [0.25, 0.75]),
    Known(.softmax(axis: 0), [list(.f16, 0, 0)], [0.5, 0.5]),
    Known(.hardmax(axis: 1), [.f32([2, 3], [1, 5, 5, 2, 1, 0])], [0, 1, 0, 1, 0, 0]),
    Known(
      .instanceNorm(epsilon: 0), [.f32([1, 2, 2], [1, 3, 10, 30]), f32(1, 2), f32(0, 1)], [-1, 1, -1, 3]),
    Known(
      .groupNorm(groups: 1, epsilon: 0), [.f32([1, 2, 2], [1, 1, 3, 3]), f32(1, 2), f32(0, 1)], [-1, -1, 3, 3]),
    Known(
      .layerNorm(axis: 1, epsilon: 0), [.f32([2, 2], [1, 3, 10, 20]), f32(1, 2), f32(0, 1)],
      outputs: [[-1, 3, -1, 3], [2, 15], [1, 0.2]]),
    Known(.rmsNorm(axis: 0, epsilon: 0), [f32(1, 7), f32(1, 2)], [0.2, 2.8]),
    Known(.lpNormalise(axis: 0, p: 1), [f32(1, -3)], [0.25, -0.75]),
    Known(.lpNormalise(axis: 1, p: 2), [.f32([2, 2], [3, 4, 0, 0])], [0.6, 0.8, 0, 0]),
  ]

  private static let products: [Known] = [
    Known(.matmul, [.f32([2, 2], [1, 2, 3, 4]), .f32([2, 1], [5, 6])], [17, 39], sizes: [2, 1]),
    Known(.matmul, [f32(1, 2), f32(3, 4)], [11], sizes: []),
    Known(.matmul, [f32(1, 2), .f32([2, 2], [1, 2, 3, 4])], [7, 10], sizes: [2]),
    Known(.matmul, [.f32([2, 1, 2], [1, 2, 3, 4]), .f32([2, 1], [1, 10])], [21, 43], sizes: [2, 1, 1]),
    Known(.matmul, [.of(.i8, [1, 2], [100, 100]), .of(.i8, [2, 1], [2, 1])], [44], sizes: [1, 1]),
    Known(.matmul, [.f32([1, 0]), .f32([0, 2])], [0, 0], sizes: [1, 2]),
    Known(.einsum("ii"), [.f32([2, 2], [1, 2, 3, 4])], [5], sizes: []),
    Known(.einsum("ij->ji"), [.f32([2, 2], [1, 2, 3, 4])], [1, 3, 2, 4], sizes: [2, 2]),
    Known(.einsum("ba"), [.f32([2, 2], [1, 2, 3, 4])], [1, 3, 2, 4], sizes: [2, 2]),
    Known(.einsum("i,j,j->ij"), [f32(1, 2), f32(3, 4), f32(5, 6)], [15, 24, 30, 48], sizes: [2, 2]),
    Known(.einsum("...i->..."), [.f32([2, 2], [1, 2, 3, 4])], [3, 7], sizes: [2]),
    Known(.einsum("...i->i"), [.f32([2, 2], [1, 2, 3, 4])], [4, 6], sizes: [2]),
    Known(
      .distance(.cosineSimilarity), [f32(3, 0), .f32([3, 2], [1, 0, 0, 2, -3, 3])], [1, 0, -0.5.squareRoot()], sizes: [3]),
    Known(.distance(.cosineSimilarity), [f32(0, 0), f32(1, 2)], [0], sizes: []),
    Known(.distance(.squaredL2), [f32(1, 2), f32(4, -2)], [25], sizes: []),
    Known(.gemm(transposeA: false, transposeB: false), [.of(.f16, [1, 2], [1, 2]), .of(.f16, [2, 1], [3, 4])], [11]),
  ]

  @Test(arguments: activations + unaries + binaries + casts + reductions + norms + products)
  private func value(_ known: Known) throws {
    let test = OpCase(known.op, known.arguments, outputs: known.expected.count)
    if let sizes = known.sizes { #expect(try test.outputSizes() == sizes) }
    for (found, expected) in zip(try test.references(), known.expected) {
      #expect(found.count == expected.count)
      for (f, e) in zip(found, expected) {
        // Inputs like log(3) are rounded to f32.
        #expect(f == e || f.isNaN && e.isNaN || abs(f - e) <= 1e-6 * max(1, abs(e)), "found \(found), expected \(expected)")
      }
    }
  }

  @Test func theWholeRangeOfIntegers() throws {
    let edges: [Double] = [least64, -0x1p31, -1, 0, 1, 2, 63, 64, 0x1p31, 0x1p62]
    let arguments = [Argument.i64([10, 1], edges), Argument.i64([10], edges)]
    for function in BinaryFunction.allCases {
      for dtype in DType.allCases {
        let operands = arguments.map { Argument.of(dtype, $0.sizes, $0.elements) }
        // Refused for its type, or computed: never trapped.
        let results = try? OpCase(.binary(function), operands).references()
        #expect(results == nil || results?[0].count == 100)
      }
    }
  }

  /// 2^62 + 2^38 + 1 lies just above the middle of two floats; rounded to a Double first, it would lie in the middle.
  @Test func integersAreRoundedOnceToFloats() throws {
    let number: Int64 = (1 << 62) + (1 << 38) + 1
    for (sign, dtype) in [(1.0, DType.i64), (-1, .i64), (1, .u64)] {
      let storage = try Storage.allocate(8) { $0.storeBytes(of: Int64(sign) * number, as: Int64.self) }
      let x = Fact(try Constant(dtype, [1], storage))
      let y = try fold(.cast(.f32), [x], inferFacts(of: .cast(.f32), [x]), limit: 4)
      #expect(y.map { elements(of: $0[0]) } == [sign * (0x1p62 + 0x1p39)])
    }
  }

  @Test func anAxisThatIsNoAxisIsAnError() throws {
    var outputs: [TensorBuffer?] = []
    let x = try Constant([2], [1, 2])
    let axis = try makeConstant(.i64, [], [3])
    let y = try Constant([2], [0, 0])
    outputs.append(TensorBuffer(y))
    #expect(throws: DLError.self) {
      try evaluateReference(
        .cumulativeSum(exclusive: false, reverse: false), [TensorBuffer(x), TensorBuffer(axis)], &outputs)
    }
    withExtendedLifetime((x, axis, y)) {}
  }
}
