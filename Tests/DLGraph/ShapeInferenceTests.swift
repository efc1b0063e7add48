import DLGraph
import TestSupport
import Testing

private let n = Dim.symbol(0)
private let h = Dim.symbol(1)
private let any = Dim.unknown

private func f(_ dims: Dim...) -> TensorType { TensorType(.f32, dims) }

extension Dim: ExpressibleByIntegerLiteral {
  public init(integerLiteral size: Int) { self = .fixed(size) }
}

@Suite struct ShapeInferenceTests {
  struct Good: Sendable {
    var op: Op
    var inputs: [TensorType]
    var output: [Dim]

    init(_ op: Op, _ inputs: [TensorType], _ output: [Dim]) {
      self.op = op
      self.inputs = inputs
      self.output = output
    }
  }

  private static let uneven = Window(strides: [2, 1], dilations: [1, 2], padBegin: [0, 1], padEnd: [1, 2])
  private static let half = Op.maxPool(kernel: [2, 2], Window(stride: 2))

  @Test(arguments: [
    Good(.conv(Window(pad: 2), groups: 1), [f(n, 1, 28, 28), f(6, 1, 5, 5), f(6)], [n, 6, 28, 28]),
    Good(.conv(uneven, groups: 2), [f(n, 4, 16, 12), f(6, 2, 3, 3)], [n, 6, 8, 11]),
    Good(.conv(Window(pad: 1), groups: 1), [f(1, 3, h, h), f(8, 3, 3, 3)], [1, 8, h, h]),
    Good(.conv(Window(stride: 2), groups: 1), [f(1, 3, h, 9), f(8, 3, 3, 3)], [1, 8, any, 4]),
    Good(.conv(Window(), groups: 1), [f(n, any, 5, 5), f(8, 3, 3, 3)], [n, 8, 3, 3]),
    Good(.conv(Window(axes: 1), groups: 1), [f(n, 3, 20), f(8, 3, 5)], [n, 8, 16]),
    Good(half, [f(n, 6, 28, 27)], [n, 6, 14, 13]),
    Good(.averagePool(kernel: [3], Window(axes: 1, pad: 1), countPadding: true), [f(n, 6, h)], [n, 6, h]),
    Good(.globalMaxPool, [f(n, 6, h, any)], [n, 6, 1, 1]),
    Good(.globalAveragePool, [f(n, 6, 4)], [n, 6, 1]),
    Good(.gemm(transposeA: false, transposeB: false), [f(n, 4), f(4, 7), f(7)], [n, 7]),
    Good(.gemm(transposeA: true, transposeB: true), [f(4, n), f(7, 4)], [n, 7]),
    Good(.activation(.relu), [f()], []),
    Good(.softmax(axis: -2), [f(n, h)], [n, h]),
    Good(.localResponseNorm(size: 5, alpha: 1, beta: 1, bias: 1), [f(n, 8, h)], [n, 8, h]),
    Good(.batchNorm(epsilon: 0), [f(n, 2, h), f(2), f(2), f(2), f(2)], [n, 2, h]),
    Good(.add, [f(n, 3, 1), f(4)], [n, 3, 4]),
    Good(.multiply, [f(n, h), f(h)], [n, h]),
    Good(.add, [f(n), f(h)], [any]),
    Good(.add, [f(n), f(5)], [5]),
    Good(.add, [f(0), f(1)], [0]),
    Good(.concat(axis: 1), [f(n, 2, h), f(n, 3, h)], [n, 5, h]),
    Good(.concat(axis: -1), [f(n, 2, h), f(n, 2, 3)], [n, 2, any]),
    Good(.concat(axis: 1), [f(any, 2), f(4, 3)], [4, 5]),
    Good(.flatten(axis: 1), [f(n, 16, 5, 5)], [n, 400]),
    Good(.flatten(axis: 1), [f(n, 16, h)], [n, any]),
    Good(.flatten(axis: 0), [f(3, 4)], [1, 12]),
    Good(.flatten(axis: 2), [f(3, 4)], [12, 1]),
    Good(.flatten(axis: -1), [f(2, 3, 4)], [6, 4]),
    Good(.reshape([0, -1]), [f(n, 16, 5)], [n, 80]),
    Good(.reshape([2, -1]), [f(n, 16)], [2, any]),
    Good(.reshape([]), [f(1, 1)], []),
    Good(.reshape([0, 5]), [f(0)], [0, 5]),
    Good(.reshape([0, 0, 4]), [f(n, h, 2, 2)], [n, h, 4]),
    Good(.dropout(rate: 0.5), [f(n, 3)], [n, 3]),
  ])
  func infers(_ good: Good) throws {
    #expect(try inferType(of: good.op, good.inputs) == TensorType(.f32, good.output))
  }

  struct Bad: Sendable {
    var op: Op
    var inputs: [TensorType]
    var message: String

    init(_ op: Op, _ inputs: [TensorType], _ message: String) {
      self.op = op
      self.inputs = inputs
      self.message = message
    }
  }

  private static let conv = Op.conv(Window(), groups: 1)
  private static let huge = Int(Int32.max)

  @Test(arguments: [
    Bad(conv, [f(1, 3)], "takes 2 or more inputs, found 1"),
    Bad(conv, [f(1, 3), f(1, 3)], "expected rank 3 or more, found f32 [1, 3]"),
    Bad(conv, [f(1, 3, 8, 8), f(4, 3, 3)], "weights: expected rank 4 with fixed sizes, found f32 [4, 3, 3]"),
    Bad(conv, [f(1, 3, 8, 8), f(n, 3, 3, 3)], "with fixed sizes, found f32 [N, 3, 3, 3]"),
    Bad(conv, [f(1, 3, 8, 8), f(0, 3, 3, 3)], "weights: expected sizes of 1 or more, found [0, 3, 3, 3]"),
    Bad(conv, [f(1, 3, 8, 8), f(4, 5, 3, 3)], "channels of x: expected 5, found 3"),
    Bad(conv, [f(1, 3, 8, 8), f(4, 3, 3, 3), f(5)], "bias: expected 4, found 5"),
    Bad(conv, [f(1, 3, 8, 8), f(4, 3, 3, 3), f(4, 1)], "bias: expected rank 1, found f32 [4, 1]"),
    Bad(conv, [f(1, 3, 2, 8), f(4, 3, 3, 3)], "axis 0: a window of 3 does not fit 2 plus padding, 2"),
    Bad(.conv(Window(), groups: 3), [f(1, 3, 8, 8), f(4, 1, 3, 3)], "groups: expected a divisor of 4 output channels, found 3"),
    Bad(.conv(Window(), groups: 0), [f(1, 3, 8, 8), f(4, 1, 3, 3)], "groups: expected a divisor of 4 output channels, found 0"),
    Bad(.conv(Window(), groups: 4), [f(1, 3, 8, 8), f(4, .fixed(1 << 62), 3, 3)], "overflows"),
    Bad(.conv(Window(axes: 1), groups: 1), [f(1, 3, 8, 8), f(4, 3, 3, 3)], "expected 2 of each"),
    Bad(
      .conv(Window(stride: 0), groups: 1), [f(1, 3, 8, 8), f(4, 3, 3, 3)],
      "axis 0: expected kernel, stride and dilation of 1 or more"),
    Bad(.conv(Window(dilation: .max), groups: 1), [f(1, 3, 8, 8), f(4, 3, 3, 3)], "axis 0: expected kernel"),
    Bad(.conv(Window(pad: -1), groups: 1), [f(1, 3, 8, 8), f(4, 3, 3, 3)], "axis 0: expected kernel"),
    Bad(conv, [f(1, 3, .fixed(1 << 40), 8), f(4, 3, 3, 3)], "axis 0: expected a size of 1 to 2147483647, found 1099511627776"),
    Bad(.conv(Window(pad: huge), groups: 1), [f(.fixed(huge), 1, 3, 3), f(1, 1, 1, 1)], "is larger than memory can be"),
    Bad(half, [f(4, 4)], "expected rank 3 or more"),
    Bad(.maxPool(kernel: [2, 2], Window(pad: 2)), [f(1, 1, 4, 4)], "padding: expected less than the kernel's 2 on axis 0"),
    Bad(.maxPool(kernel: [2], Window()), [f(1, 1, 4, 4)], "kernel, strides, dilations and padding differ in length"),
    Bad(.maxPool(kernel: [.min, 2], Window()), [f(1, 1, 4, 4)], "padding: expected less than the kernel's"),
    Bad(.globalMaxPool, [f(1, 2, 0, 4)], "cannot pool over no elements"),
    Bad(.gemm(transposeA: false, transposeB: false), [f(2, 3, 4), f(4, 5)], "a: expected rank 2, found f32 [2, 3, 4]"),
    Bad(.gemm(transposeA: false, transposeB: false), [f(2, 4), f(4)], "b: expected rank 2, found f32 [4]"),
    Bad(
      .gemm(transposeA: false, transposeB: true), [f(2, 4), f(5, 3)], "columns of a, against the rows of b: expected 3, found 4"),
    Bad(.gemm(transposeA: false, transposeB: false), [f(2, 4), f(4, 5), f(4)], "c: expected 5, found 4"),
    Bad(.softmax(axis: 2), [f(2, 4)], "axis: expected -2 to 1, found 2"),
    Bad(.softmax(axis: .min), [f(2, 4)], "axis: expected -2 to 1, found -9223372036854775808"),
    Bad(.softmax(axis: 0), [f()], "axis 0: a scalar has none"),
    Bad(.localResponseNorm(size: 0, alpha: 1, beta: 1, bias: 1), [f(1, 2, 3)], "size: expected 1 to 2147483647, found 0"),
    Bad(.localResponseNorm(size: .max, alpha: 1, beta: 1, bias: 1), [f(1, 2, 3)], "size: expected 1 to 2147483647"),
    Bad(.batchNorm(epsilon: 0), [f(1, 2), f(2), f(3), f(2), f(2)], "input 2: expected 2, found 3"),
    Bad(.batchNorm(epsilon: 0), [f(2), f(2), f(2), f(2), f(2)], "expected rank 2 or more"),
    Bad(.add, [f(n, 3), f(4)], "cannot broadcast f32 [N, 3] with f32 [4]"),
    Bad(.concat(axis: 0), [f(2, 3), f(2)], "input 1: expected rank 2, found f32 [2]"),
    Bad(.concat(axis: 0), [f(2, 3), f(2, 4)], "input 1, dimension 1: expected 3, found 4"),
    Bad(.concat(axis: 0), [f(.fixed(.max), 0), f(1, 0)], "the concatenated size overflows"),
    Bad(.flatten(axis: 3), [f(2, 3)], "axis: expected -2 to 2, found 3"),
    Bad(.flatten(axis: -3), [f(2, 3)], "axis: expected -2 to 2, found -3"),
    Bad(.flatten(axis: 0), [f(.fixed(1 << 40), .fixed(1 << 40))], "the number of elements overflows"),
    Bad(.reshape([-1, -1]), [f(2, 3)], "more than one size is -1"),
    Bad(.reshape([-2]), [f(2, 3)], "size -2 at 0: expected -1, 0 or more"),
    Bad(.reshape([1, 1, 0]), [f(2, 3)], "size 0 at 2 copies a dimension that f32 [2, 3] does not have"),
    Bad(.reshape([4, -1]), [f(2, 3)], "cannot reshape f32 [2, 3] to [4, -1]"),
    Bad(.reshape([7]), [f(2, 3)], "cannot reshape f32 [2, 3] to [7]"),
    Bad(.reshape([1, 1, 1, 1, 1, 1, 1, 1, 1]), [f(1)], "rank 9 is above 8"),
    Bad(.reshape([.max, .max]), [f(2, 3)], "the number of elements overflows"),
    Bad(.activation(.relu), [TensorType(.i8, [])], "input 0: expected a floating-point type, found i8"),
    Bad(.add, [f(1), TensorType(.i64, [1])], "input 1: expected f32, found i64"),
  ])
  func refuses(_ bad: Bad) {
    let error = #expect(throws: DLError.self) { try inferType(of: bad.op, bad.inputs, symbols: ["N", "H"]) }
    #expect(error?.message.contains(bad.message) == true, "found: \(error?.message ?? "no error")")
  }

  /// What is inferred for free sizes must be what the fixed ones give.
  @Test func freeAndFixedSizesAgree() throws {
    for opCase in opCases where opCase.isF32 && !opCase.inputs[0].isEmpty {
      var free = opCase.inputs.map { TensorType(.f32, sizes: $0) }
      free[0].dims[0] = .symbol(0)
      let fixed = try inferType(of: opCase.op, opCase.inputs.map { TensorType(.f32, sizes: $0) })
      guard let inferred = try? inferType(of: opCase.op, free) else { continue }
      #expect(inferred.rank == fixed.rank, "\(opCase)")
      for (a, b) in zip(inferred.dims, fixed.dims) {
        switch a {
        case .fixed: #expect(a == b, "\(opCase)")
        case .symbol: #expect(b.size == opCase.inputs[0][0], "\(opCase)")
        case .unknown: break
        }
      }
    }
  }
}
