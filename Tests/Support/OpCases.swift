import DLGraph
import KernelTypes

/// One input of a case.
public struct OpArgument: Sendable {
  public var dtype: DType = .f32
  public var sizes: [Int]
  /// The elements, or nil for random ones: floats in −1 ..< 1, integers in −8 ..< 8 (unsigned 0 ..< 16), bools.
  public var elements: [Double]?
  /// Whether the operation does without it.
  public var isAbsent = false

  public static func f32(_ sizes: [Int], _ elements: [Double]? = nil) -> OpArgument { .of(.f32, sizes, elements) }
  public static func i64(_ sizes: [Int], _ elements: [Double]? = nil) -> OpArgument { .of(.i64, sizes, elements) }
  /// A list: rank 1.
  public static func i64(list: [Int]) -> OpArgument { .of(.i64, [list.count], list.map { Double($0) }) }
  public static func of(_ dtype: DType, _ sizes: [Int], _ elements: [Double]? = nil) -> OpArgument {
    OpArgument(dtype: dtype, sizes: sizes, elements: elements)
  }
  public static var absent: OpArgument { OpArgument(sizes: [], isAbsent: true) }
}

/// One case of an operation: its attributes and its inputs, in the model's own order. The value test, the gradient test and the
/// format test walk the same table, `opCases`.
public struct OpCase: Sendable, CustomStringConvertible {
  public var op: Op
  public var arguments: [OpArgument]
  /// How many outputs are asked for.
  public var outputs: Int

  /// Of f32 inputs.
  public init(_ op: Op, _ inputs: [[Int]]) { self.init(op, inputs.map { .f32($0) }) }

  public init(_ op: Op, _ arguments: [OpArgument], outputs: Int = 1) {
    self.op = op
    self.arguments = arguments
    self.outputs = outputs
  }

  /// Sizes of the inputs.
  public var inputs: [[Int]] { arguments.map { $0.sizes } }

  public var isF32: Bool { arguments.allSatisfy { $0.dtype == .f32 && !$0.isAbsent } && outputs == 1 }

  public var description: String {
    "\(op) of "
      + arguments.map { $0.isAbsent ? "-" : "\($0.dtype.name)\(DLGraph.describe($0.sizes).description)" }.joined(separator: ", ")
  }

  /// Sizes of the first output, from shape inference.
  public func outputSizes() throws -> [Int] { try facts(widened: false)[0].type.sizes ?? [] }

  /// What shape inference says of the outputs of constant inputs.
  public func facts(widened: Bool) throws -> [Fact] { try inferFacts(of: op, inputFacts(widened: widened), outputs: outputs) }

  /// The values of f32 input i, the same at every call.
  public func values(_ i: Int) -> [Float] { elements(i).map { Float($0) } }

  /// The elements of input i; a variance is in 0.5 ..< 1.5.
  public func elements(_ i: Int) -> [Double] {
    let argument = arguments[i]
    if let elements = argument.elements { return rounded(elements, argument.dtype) }
    var generator = SplitMix64(seed: UInt64(truncatingIfNeeded: 1 + i + 31 * argument.sizes.reduce(7) { $0 &* 131 &+ $1 }))
    let isVariance = if case .batchNorm = op, i == 4 { true } else { false }
    let elements = (0..<argument.sizes.reduce(1, *)).map { _ in
      let v = Float(generator.next() >> 40) / Float(1 << 23) - 1
      switch argument.dtype {
      case .f32, .f64, .f16, .bf16: return Double(isVariance ? 1 + v / 2 : v)
      case .i8, .i16, .i32, .i64: return Double((v * 8).rounded(.down))
      case .u8, .u16, .u32, .u64: return Double((v * 8).rounded(.down) + 8)
      case .bool: return v < 0 ? 0 : 1
      }
    }
    return rounded(elements, argument.dtype)
  }

  /// What is left of numbers in a type.
  private func rounded(_ numbers: [Double], _ dtype: DType) -> [Double] {
    (try? makeConstant(dtype, [numbers.count], numbers)).map { TestSupport.elements(of: $0) } ?? numbers
  }

  /// Input i as a constant; widened: f32 as f64.
  public func constant(_ i: Int, widened: Bool = false) throws -> Constant {
    let argument = arguments[i]
    let dtype: DType = widened && argument.dtype == .f32 ? .f64 : argument.dtype
    return try makeConstant(dtype, argument.sizes, argument.dtype == .f32 ? values(i).map { Double($0) } : elements(i))
  }

  private func inputFacts(widened: Bool) throws -> [Fact?] {
    try arguments.indices.map { arguments[$0].isAbsent ? nil : Fact(try constant($0, widened: widened)) }
  }

  /// The reference's first output, f32 computed in double precision.
  public func reference() throws -> [Double] { try references()[0] }

  /// All outputs of the reference, f32 computed in double precision.
  public func references() throws -> [[Double]] {
    let inputs = try inputFacts(widened: true)
    let facts = try inferFacts(of: op, inputs, outputs: outputs)
    return try fold(op, inputs, facts, limit: .max - 1) { _ in true }!.map { TestSupport.elements(of: $0) }
  }
}

/// A constant of any type.
public func makeConstant(_ dtype: DType, _ sizes: [Int], _ elements: [Double]) throws -> Constant {
  let storage = try Storage.allocate(elements.count * dtype.size) { memory in
    let buffer = TensorBuffer(memory.baseAddress!, dtype, sizes)
    for (i, element) in elements.enumerated() { buffer.setReal(i, element) }
  }
  return try Constant(dtype, sizes, storage)
}

/// The generator of Steele, Lea and Flood (2014): small, and the same numbers everywhere.
public struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The table.
public let opCases: [OpCase] = [
  convCases, poolCases, spatialCases, gemmCases, productCases, elementwiseCases, activationCases, unaryCases, binaryCases,
  selectCases, castCases, normCases, axisNormCases, reductionCases, shapeCases, movementCases, makingCases, indexCases,
].flatMap { $0 }

private func window(_ strides: [Int], _ dilations: [Int], _ padBegin: [Int], _ padEnd: [Int]) -> Window {
  Window(strides: strides, dilations: dilations, padBegin: padBegin, padEnd: padEnd)
}

/// x [n, c, h, w] with `filters` filters of kernel kh × kw.
private func conv(
  _ x: [Int], _ filters: Int, _ kernel: [Int], _ window: Window = Window(), groups: Int = 1, bias: Bool = true
) -> OpCase {
  OpCase(.conv(window, groups: groups), [x, [filters, x[1] / groups] + kernel] + (bias ? [[filters]] : []))
}

private let convCases: [OpCase] =
  [
    conv([1, 1, 28, 28], 6, [5, 5], Window(pad: 2)),  // LeNet-5
    conv([1, 1, 12, 13], 6, [5, 5], Window(pad: 2)),  // odd width
    conv([2, 6, 14, 14], 16, [5, 5]),
    conv([3, 6, 5, 5], 10, [5, 5]),  // one output pixel
    conv([1, 3, 19, 21], 33, [3, 3], Window(stride: 2, pad: 1)),
    conv([1, 3, 23, 20], 12, [7, 7], Window(stride: 4, pad: 2), bias: false),
    conv([1, 3, 9, 40], 5, [3, 3], Window(stride: 2)),
    conv([2, 17, 7, 9], 17, [1, 1]),
    conv([1, 64, 6, 6], 70, [1, 1]),
    conv([1, 8, 9, 9], 8, [1, 1], Window(stride: 2)),
    conv([1, 17, 13, 13], 40, [3, 3], Window(pad: 1)),
    conv([2, 33, 6, 7], 64, [3, 3], window([1, 1], [1, 1], [0, 1], [2, 0])),  // asymmetric padding
    conv([1, 5, 11, 12], 7, [3, 2], window([2, 1], [2, 3], [1, 0], [3, 2])),  // dilation on both axes
    conv([1, 4, 10, 10], 4, [3, 3], Window(dilation: 4, pad: 4)),
    conv([1, 8, 9, 10], 12, [3, 3], Window(pad: 1), groups: 2),
    conv([2, 6, 8, 8], 9, [3, 3], Window(), groups: 3),
    conv([1, 6, 8, 7], 6, [3, 3], Window(pad: 1), groups: 6),  // depthwise
    conv([2, 33, 9, 9], 33, [5, 5], Window(stride: 2, pad: 2), groups: 33),
    conv([1, 40, 6, 6], 40, [3, 3], Window(dilation: 2, pad: 2), groups: 40, bias: false),
    conv([1, 160, 9, 9], 160, [3, 3], Window(pad: 1), groups: 160),  // few rows: cut by channels
    conv([2, 32, 14, 14], 32, [3, 3], Window(pad: 1), groups: 32),
    conv([1, 17, 7, 9], 17, [3, 3], window([1, 1], [1, 1], [0, 2], [3, 0]), groups: 17, bias: false),
    conv([1, 24, 15, 12], 24, [3, 3], Window(stride: 2, pad: 1), groups: 24),
    conv([1, 16, 13, 8], 16, [3, 3], window([2, 2], [1, 1], [0, 0], [1, 1]), groups: 16),
    conv([2, 40, 7, 7], 40, [5, 5], Window(pad: 2), groups: 40),
    conv([1, 19, 11, 6], 19, [5, 5], Window(pad: 3), groups: 19),
    conv([1, 48, 14, 13], 48, [5, 5], Window(stride: 2, pad: 2), groups: 48),
    conv([1, 16, 3, 2], 16, [5, 5], Window(pad: 2), groups: 16),  // the window is larger than the image
    conv([1, 16, 2, 1], 16, [3, 3], Window(pad: 4), groups: 16),  // windows wholly in the padding
    conv([1, 32, 8, 8], 32, [7, 7], Window(pad: 3), groups: 32),
    conv([1, 5, 6, 6], 10, [3, 3], Window(pad: 1), groups: 5),  // two filters a channel
    conv([1, 2, 3, 3], 2, [3, 3], Window(pad: 3)),  // windows wholly in the padding
    conv([1, 1, 5, 5], 1, [1, 1]),
    conv([1, 1, 4, 64], 1, [1, 9], Window(stride: 1)),
    conv([0, 3, 8, 8], 4, [3, 3]),  // an empty batch
    conv([1, 3, 20], 8, [5], window([2], [1], [1], [2])),  // 1-D
    conv([1, 2, 5, 6, 4], 3, [3, 2, 2], Window(axes: 3, pad: 1)),  // 3-D
    conv([2, 17, 4, 7, 6], 20, [3, 3, 3], Window(axes: 3, pad: 1)),
    conv([1, 4, 7, 6, 5], 6, [2, 3, 2], window([2, 1, 2], [2, 1, 1], [1, 0, 1], [0, 1, 2]), groups: 2),
    conv([1, 5, 3, 4, 6], 7, [1, 3, 3], Window(axes: 3, pad: 0)),  // slice by slice
    conv([1, 16, 3, 9, 9], 16, [1, 1, 1], Window(axes: 3, stride: 2)),
    conv([1, 6, 3, 5, 5], 6, [3, 3, 3], Window(axes: 3, pad: 1), groups: 6),
    conv([2, 130, 6, 5], 128, [3, 3], Window(pad: 1)),  // weights larger than a cache
  ]

private let poolCases: [OpCase] = {
  let images = [[1, 6, 28, 28], [2, 16, 10, 10], [1, 17, 7, 9], [1, 33, 8, 5], [1, 1, 6, 6], [2, 64, 13, 13]]
  var cases: [OpCase] = []
  for x in images {
    for (kernel, w) in [
      ([2, 2], Window(stride: 2)), ([3, 3], Window(stride: 2)), ([3, 3], Window(pad: 1)),
      ([3, 2], window([2, 1], [1, 2], [1, 0], [2, 1])),
    ] {
      cases.append(OpCase(.maxPool(kernel: kernel, w), [x]))
      cases.append(OpCase(.averagePool(kernel: kernel, w, countPadding: false), [x]))
      cases.append(OpCase(.averagePool(kernel: kernel, w, countPadding: true), [x]))
    }
    cases.append(OpCase(.globalMaxPool, [x]))
    cases.append(OpCase(.globalAveragePool, [x]))
  }
  // Cells at −3, −1, 1, 3 of one pixel: windows that straddle the image and touch nothing.
  let straddling = Window(dilation: 2, pad: 3)
  cases.append(OpCase(.maxPool(kernel: [4, 4], straddling), [[1, 5, 1, 1]]))
  cases.append(OpCase(.averagePool(kernel: [4, 4], straddling, countPadding: true), [[1, 5, 1, 1]]))
  cases.append(OpCase(.maxPool(kernel: [3], Window(axes: 1, stride: 2, pad: 1)), [[2, 5, 11]]))
  cases.append(OpCase(.averagePool(kernel: [2, 2, 2], Window(axes: 3, stride: 2), countPadding: false), [[1, 3, 4, 6, 4]]))
  for w in [Window(axes: 3, stride: 2, pad: 1), window([1, 2, 1], [2, 1, 1], [1, 0, 1], [0, 1, 1])] {
    cases.append(OpCase(.maxPool(kernel: [3, 2, 3], w), [[2, 5, 7, 6, 5]]))
    cases.append(OpCase(.averagePool(kernel: [3, 2, 3], w, countPadding: false), [[2, 5, 7, 6, 5]]))
    cases.append(OpCase(.averagePool(kernel: [3, 2, 3], w, countPadding: true), [[2, 5, 7, 6, 5]]))
  }
  cases.append(OpCase(.globalAveragePool, [[2, 5, 3, 4, 2]]))
  return cases
}()

private let gemmCases: [OpCase] = {
  var cases: [OpCase] = []
  for (m, k, n) in [
    (1, 400, 120), (1, 120, 84), (1, 84, 10), (2, 33, 130), (3, 17, 65), (5, 64, 48), (7, 9, 1), (13, 100, 33), (14, 31, 32),
    (29, 65, 70), (64, 27, 17), (1, 1, 1), (0, 5, 6), (4, 3, 200),
  ] {
    for (transposeA, transposeB) in [(false, true), (false, false), (true, false), (true, true)] {
      let a = transposeA ? [k, m] : [m, k], b = transposeB ? [n, k] : [k, n]
      cases.append(OpCase(.gemm(transposeA: transposeA, transposeB: transposeB), transposeA ? [a, b] : [a, b, [n]]))
    }
  }
  return cases
}()

private let elementwiseCases: [OpCase] = {
  var cases: [OpCase] = []
  for activation: Activation in [.identity, .relu, .leakyRelu(slope: 0.01), .leakyRelu(slope: -0.5), .sigmoid, .tanh] {
    for x in [[1], [3, 5], [2, 16, 10, 10], [67]] { cases.append(OpCase(.activation(activation), [x])) }
  }
  for op: Op in [.add, .multiply] {
    for pair in [
      [[2, 6, 5, 5], [2, 6, 5, 5]], [[3, 17], [17]], [[3, 17], [3, 1]], [[2, 3, 4, 5], [3, 1, 1]], [[4, 1], [1, 33]], [[5], [1]],
      [[1], [2, 3]], [[7, 64], [7, 64]], [[], [4]],
    ] { cases.append(OpCase(op, pair)) }
  }
  return cases
}()

private let normCases: [OpCase] = {
  var cases: [OpCase] = []
  for (x, axis) in [
    ([1, 10], 1), ([3, 7], -1), ([2, 1000], 1), ([2, 5, 3], 1), ([4, 3], 0), ([2, 17, 4, 4], 1), ([2, 1], 1),
  ] {
    cases.append(OpCase(.softmax(axis: axis), [x]))
  }
  for (x, size) in [([1, 96, 5, 5], 5), ([2, 17, 3, 4], 4), ([1, 3, 2, 2], 7), ([1, 16, 3], 1), ([1, 33, 2, 2], 2)] {
    cases.append(OpCase(.localResponseNorm(size: size, alpha: 0.0001, beta: 0.75, bias: 2), [x]))
    cases.append(OpCase(.localResponseNorm(size: size, alpha: 1.5, beta: 0.6, bias: 1), [x]))
  }
  for x in [[2, 6, 5, 5], [3, 17], [1, 33, 4]] {
    cases.append(OpCase(.batchNorm(epsilon: 1e-5), [x, [x[1]], [x[1]], [x[1]], [x[1]]]))
  }
  return cases
}()

private let shapeCases: [OpCase] = [
  OpCase(.concat(axis: 1), [[2, 6, 4, 4], [2, 3, 4, 4], [2, 16, 4, 4]]),
  OpCase(.concat(axis: 0), [[2, 5], [1, 5]]),
  OpCase(.concat(axis: -1), [[2, 3, 4], [2, 3, 1], [2, 3, 7]]),
  OpCase(.concat(axis: 1), [[1, 4, 2, 2]]),
  OpCase(.flatten(axis: 1), [[2, 16, 5, 5]]),
  OpCase(.flatten(axis: 0), [[3, 4]]),
  OpCase(.flatten(axis: 3), [[2, 3, 4]]),
  OpCase(.reshape([0, -1]), [[2, 3, 4, 5]]),
  OpCase(.reshape([6, 20]), [[2, 3, 4, 5]]),
  OpCase(.reshape([-1]), [[2, 3]]),
  OpCase(.dropout(rate: 0.5), [[2, 33]]),
]
