import DLGraph
import KernelTypes
import TestSupport
import Testing

private let n = Dim.symbol(0)
private let h = Dim.symbol(1)
private let any = Dim.unknown

private func type(_ dtype: DType, _ dims: Dim...) -> TensorType { TensorType(dtype, dims) }
private func f(_ dims: Dim...) -> TensorType { TensorType(.f32, dims) }
/// An i64 list of these elements, known or symbols.
private func elements(_ list: Dim...) -> Fact { Fact(TensorType(.i64, sizes: [list.count]), elements: list) }

/// Types, and the elements that shapes follow from, of the operations that compute.
@Suite struct ArithmeticShapeTests {
  private struct Good: Sendable {
    var op: Op
    var inputs: [TensorType]
    var output: TensorType

    init(_ op: Op, _ inputs: [TensorType], _ output: TensorType) {
      self.op = op
      self.inputs = inputs
      self.output = output
    }
  }

  private static func sum(_ axes: [Int], keeps: Bool) -> Op {
    .reduce(.sum, axes: axes, keepsAxes: keeps, noAxesIsIdentity: false)
  }

  @Test(arguments: [
    Good(.unary(.isNaN), [type(.f16, n, 3)], type(.bool, n, 3)),
    Good(.unary(.negate), [type(.i8, n)], type(.i8, n)),
    Good(.binary(.less), [type(.i64, n, 1), type(.i64, h)], type(.bool, n, h)),
    Good(.binary(.power), [type(.f32, n), type(.i64)], type(.f32, n)),
    Good(.binary(.subtract), [f(n, 3), f(n, 1)], f(n, 3)),
    Good(.select, [type(.bool, n, 1), type(.u8, 1, h), type(.u8)], type(.u8, n, h)),
    Good(.cast(.bool), [f(n, h)], type(.bool, n, h)),
    Good(sum([1], keeps: true), [f(n, h, 4)], f(n, 1, 4)),
    Good(sum([-1, 0], keeps: false), [f(n, h, 4)], f(h)),
    Good(sum([], keeps: false), [f(n, h, 4)], f()),
    Good(sum([], keeps: true), [f(n, 4), type(.i64, any)], f(any, any)),
    Good(sum([], keeps: false), [f(n, h, 4), type(.i64, 2)], f(any)),
    Good(.argMax(axis: 1, keepsAxis: false, last: false), [f(n, h, 4)], type(.i64, n, 4)),
    Good(.argMin(axis: -1, keepsAxis: true, last: true), [type(.u8, n, 4)], type(.i64, n, 1)),
    Good(.cumulativeSum(exclusive: false, reverse: false), [type(.i32, n, 4), type(.i64)], type(.i32, n, 4)),
    Good(.logSoftmax(axis: -1), [f(n, h)], f(n, h)),
    Good(.hardmax(axis: 0), [f(n)], f(n)),
    Good(.instanceNorm(epsilon: 0), [f(n, 4, h), f(4), f(4)], f(n, 4, h)),
    Good(.groupNorm(groups: 2, epsilon: 0), [f(n, any, h), f(4), f(4)], f(n, any, h)),
    Good(.layerNorm(axis: -1, epsilon: 0), [f(n, h, 8), f(8), f(8)], f(n, h, 8)),
    Good(.rmsNorm(axis: 1, epsilon: 0), [f(n, 3, 8), f(3, 8)], f(n, 3, 8)),
    Good(.lpNormalise(axis: 1, p: 2), [f(n, h)], f(n, h)),
    Good(.matmul, [f(n, h, 4), f(4, 7)], f(n, h, 7)),
    Good(.matmul, [f(n, 1, 3, 4), f(h, 4, 7)], f(n, h, 3, 7)),
    Good(.matmul, [f(4), f(n, 4, 7)], f(n, 7)),
    Good(.matmul, [f(n, 4), f(4)], f(n)),
    Good(.matmul, [type(.i64, n, any), type(.i64, 4, 7)], type(.i64, n, 7)),
    Good(.einsum("bij,bjk->bik"), [f(n, 3, h), f(n, h, 5)], f(n, 3, 5)),
    Good(.einsum("...ij,...jk"), [f(n, 2, 3, 4), f(4, 5)], f(n, 2, 3, 5)),
    Good(.einsum("ij->"), [f(n, h)], f()),
    Good(.distance(.squaredL2), [f(n, 1, 8), f(h, 8)], f(n, h)),
  ])
  private func infers(_ good: Good) throws { #expect(try inferType(of: good.op, good.inputs) == good.output) }

  private struct Bad: Sendable {
    var op: Op
    var inputs: [TensorType]
    var message: String

    init(_ op: Op, _ inputs: [TensorType], _ message: String) {
      self.op = op
      self.inputs = inputs
      self.message = message
    }
  }

  @Test(arguments: [
    Bad(.unary(.exp), [type(.i32, 3)], "input 0: expected a floating-point type, found i32"),
    Bad(.unary(.not), [f(3)], "input 0: expected bool, found f32"),
    Bad(.unary(.negate), [type(.bool, 3)], "input 0: expected numbers, found bool"),
    Bad(.unary(.bitwiseNot), [f(3)], "input 0: expected integers, found f32"),
    Bad(.binary(.add), [type(.bool, 3), type(.bool, 3)], "input 0: expected numbers, found bool"),
    Bad(.binary(.shiftLeft), [type(.i32, 3), type(.i32, 3)], "input 0: expected unsigned integers, found i32"),
    Bad(.binary(.and), [type(.u8, 3), type(.u8, 3)], "input 0: expected bool, found u8"),
    Bad(.binary(.divide), [f(3), type(.f64, 3)], "input 1: expected f32, found f64"),
    Bad(.binary(.power), [f(3), type(.bool, 3)], "input 1: expected numbers, found bool"),
    Bad(.binary(.divide), [f(n, 3), f(2)], "cannot broadcast f32 [N, 3] with f32 [2]"),
    Bad(.select, [f(3), f(3), f(3)], "condition: expected bool, found f32"),
    Bad(.select, [type(.bool, 3), f(3), type(.i8, 3)], "input 2: expected f32, found i8"),
    Bad(sum([2], keeps: true), [f(n, 3)], "axis: expected -2 to 1, found 2"),
    Bad(sum([1, -1], keeps: true), [f(n, 3)], "axis 1 is given twice"),
    Bad(sum([], keeps: true), [f(n, 3), f(1)], "axes: expected a list of i64, found f32 [1]"),
    Bad(sum([], keeps: false), [f(n, 3), type(.i64, any)], "axes: expected a number of them that is known, at most 2"),
    Bad(sum([], keeps: false), [f(n, 3), type(.i64, 5)], "axes: expected a number of them that is known, at most 2"),
    Bad(sum([0], keeps: false), [type(.bool, 3)], "input 0: expected numbers, found bool"),
    Bad(.argMax(axis: 0, keepsAxis: false, last: false), [f(0, 3)], "axis 0: none of no elements is the largest or smallest"),
    Bad(.argMin(axis: 1, keepsAxis: false, last: false), [f(3)], "axis: expected -1 to 0, found 1"),
    Bad(
      .cumulativeSum(exclusive: false, reverse: false), [f(3), type(.i64, 2)], "axis: expected one i32 or i64, found i64 [2]"),
    Bad(.logSoftmax(axis: 1), [f(3)], "axis: expected -1 to 0, found 1"),
    Bad(.instanceNorm(epsilon: 0), [f(n, 4, h), f(4), f(5)], "input 2: expected 4, found 5"),
    Bad(
      .groupNorm(groups: 3, epsilon: 0), [f(n, 4, h), f(4), f(4)], "groups: expected a divisor of the channels of f32 [N, 4, H]"),
    Bad(.groupNorm(groups: 0, epsilon: 0), [f(n, 4, h), f(4), f(4)], "found 0"),
    Bad(
      .layerNorm(axis: -1, epsilon: 0), [f(n, 8), f(2, 1, 8)],
      "input 1: expected a shape that broadcasts to f32 [N, 8], found f32 [2, 1, 8]"),
    Bad(.layerNorm(axis: -1, epsilon: 0), [f(n, 1), f(8)], "input 1: expected a shape that broadcasts to f32 [N, 1]"),
    Bad(.rmsNorm(axis: 2, epsilon: 0), [f(n, 8), f(8)], "axis: expected -2 to 1, found 2"),
    Bad(.lpNormalise(axis: 0, p: 3), [f(n)], "p: expected 1 or 2, found 3"),
    Bad(.matmul, [f(), f(3)], "expected rank 1 or more, found f32 []"),
    Bad(.matmul, [f(n, 3), f(4, 5)], "rows of b, against the columns of a: expected 3, found 4"),
    Bad(.matmul, [f(2, 3, 4), f(3, 4, 5)], "cannot broadcast f32 [2] with f32 [3]"),
    Bad(.matmul, [type(.bool, 2, 2), type(.bool, 2, 2)], "input 0: expected numbers, found bool"),
    Bad(.einsum("ij,jk->ik"), [f(2, 3)], "equation 'ij,jk->ik': expected 1 terms, one an input, found 2"),
    Bad(.einsum("ij->ik"), [f(2, 3)], "expected each label of the output once in it and in an input"),
    Bad(.einsum("ij->ii"), [f(2, 3)], "expected each label of the output once in it and in an input"),
    Bad(.einsum("ij"), [f(2)], "a term has 2 labels for an input of rank 1"),
    Bad(.einsum("i"), [f(2, 3)], "a term has 1 labels for an input of rank 2"),
    Bad(.einsum("i1"), [f(2, 3)], "expected letters and one '...' in a term"),
    Bad(.einsum("..i"), [f(2, 3)], "expected letters and one '...' in a term"),
    Bad(.einsum("......"), [f(2, 3)], "expected letters and one '...' in a term"),
    Bad(.einsum("i->i->i"), [f(2)], "expected letters and one '...' in a term"),
    Bad(.einsum("ij,ij"), [f(2, 3), f(4, 3)], "cannot broadcast f32 [2] with f32 [4]"),
    Bad(
      .einsum("a,b,c->"), [f(.fixed(1 << 30)), f(.fixed(1 << 30)), f(.fixed(1 << 30))], "the number of products overflows"),
    Bad(.einsum("abcde,fghij->abcdefghij"), [f(1, 1, 1, 1, 1), f(1, 1, 1, 1, 1)], "the output has rank 10, above 8"),
    Bad(.distance(.squaredL2), [f(n, 8), f(n, 7)], "last axis of b: expected 8, found 7"),
    Bad(.distance(.squaredL2), [type(.i8, 8), type(.i8, 8)], "input 0: expected a floating-point type, found i8"),
  ])
  private func refuses(_ bad: Bad) {
    let error = #expect(throws: DLError.self) { try inferType(of: bad.op, bad.inputs, symbols: ["N", "H"]) }
    #expect(error?.message.contains(bad.message) == true, "found: \(error?.message ?? "no error")")
  }

  private struct Elements: Sendable {
    var op: Op
    var inputs: [Fact]
    var expected: [Dim]?

    init(_ op: Op, _ inputs: [Fact], _ expected: [Dim]?) {
      self.op = op
      self.inputs = inputs
      self.expected = expected
    }
  }

  @Test(arguments: [
    Elements(.binary(.add), [elements(n, 2, h), elements(0, 3, 1)], [n, 5, any]),
    Elements(.binary(.subtract), [elements(n, 2, h), elements(0, 3, h)], [n, -1, 0]),
    Elements(.binary(.multiply), [elements(n, 2, h, any), elements(1, 3, 2, 0)], [n, 6, any, 0]),
    Elements(.binary(.divide), [elements(n, 7, h, 7), elements(1, 2, 2, 0)], [n, 3, any, 0]),
    Elements(.binary(.multiply), [elements(n, 3), elements(1)], [n, 3]),
    Elements(.binary(.maximum), [elements(n, 2, n), elements(0, 3, n)], [n, 3, n]),
    Elements(.binary(.minimum), [elements(n, 2), elements(-1, 3)], [-1, 2]),
    Elements(.binary(.modulo), [elements(-7, n), elements(4, 1)], [1, 0]),
    Elements(.binary(.equal), [elements(n, n, 2, h), elements(n, -1, 2, 3)], [1, 0, 1, any]),
    Elements(.binary(.less), [elements(n, 1), elements(0, 2)], [0, 1]),
    Elements(.binary(.add), [elements(n), elements(1)], nil),
    Elements(.unary(.negate), [elements(3, n)], [-3, any]),
    Elements(.unary(.absolute), [elements(-3, n)], [3, n]),
    Elements(.cast(.i32), [elements(n, .fixed(1 << 32 + 5))], [n, 5]),
    Elements(.cast(.f32), [elements(n)], nil),
    Elements(.reduce(.product, axes: [0], keepsAxes: true, noAxesIsIdentity: false), [elements(2, 3, 4)], [24]),
    Elements(.reduce(.product, axes: [], keepsAxes: false, noAxesIsIdentity: false), [elements(1, n, 1)], [n]),
    Elements(.reduce(.sum, axes: [], keepsAxes: false, noAxesIsIdentity: false), [elements(1, n)], nil),
    Elements(
      .select, [Fact(TensorType(.bool, [3]), elements: [1, 0, any]), elements(n, n, h), elements(h, h, h)], [n, h, h]),
  ])
  private func follows(_ test: Elements) throws {
    #expect(try inferFacts(of: test.op, test.inputs)[0].elements == test.expected)
  }

  /// Sums that pass the type's range wrap as they do in a run.
  @Test func elementsWrap() throws {
    let a = Fact(TensorType(.i8, [2]), elements: [127, -128])
    let b = Fact(TensorType(.i8, [1]), elements: [1])
    #expect(try inferFacts(of: .add, [a, b])[0].elements == [-128, -127])
    let most = Fact(TensorType(.i64, [1]), elements: [.fixed(.max)])
    #expect(try inferFacts(of: .add, [most, most])[0].elements == [-2])
    #expect(
      try inferFacts(of: .binary(.divide), [Fact(TensorType(.i64, [1]), elements: [.fixed(.min)]), elements(-1)])[0].elements == [
        .fixed(.min)
      ])
  }

  @Test func statisticsOfALayerNorm() throws {
    let facts = try inferFacts(
      of: .layerNorm(axis: 1, epsilon: 0), [Fact(type(.f16, n, 3, 8)), Fact(type(.f16, 8))], outputs: 3)
    #expect(facts.map { $0.type } == [type(.f16, n, 3, 8), type(.f32, n, 1, 1), type(.f32, n, 1, 1)])
  }
}
