import DLGraph
import KernelTypes

/// One case of an operation: its attributes and the sizes of its inputs, in the model's own order. The value test, the
/// gradient test and the format test walk the same table, `opCases`.
public struct OpCase: Sendable, CustomStringConvertible {
  public var op: Op
  public var inputs: [[Int]]

  public init(_ op: Op, _ inputs: [[Int]]) {
    self.op = op
    self.inputs = inputs
  }

  public var description: String { "\(op) of " + inputs.map { DLGraph.describe($0).description }.joined(separator: ", ") }

  /// Sizes of the output, from shape inference.
  public func outputSizes() throws -> [Int] {
    try inferType(of: op, inputs.map { TensorType(.f32, sizes: $0) }).sizes ?? []
  }

  /// The values of input i, in −1 ..< 1 (a variance in 0.5 ..< 1.5), the same at every call.
  public func values(_ i: Int) -> [Float] {
    var generator = SplitMix64(seed: UInt64(truncatingIfNeeded: 1 + i + 31 * inputs[i].reduce(7) { $0 &* 131 &+ $1 }))
    let shift: Float = if case .batchNorm = op, i == 4 { 1.5 } else { 0 }
    return (0..<inputs[i].reduce(1, *)).map { _ in
      let v = Float(generator.next() >> 40) / Float(1 << 23) - 1
      return shift == 0 ? v : shift / 1.5 + v / 2
    }
  }

  /// The reference's answer, in double precision.
  public func reference() throws -> [Double] { try evaluate(Double.self) }

  /// The reference's answer in the precision of T.
  public func evaluate<T: ReferenceScalar>(_: T.Type) throws -> [T] {
    let sizes = try outputSizes()
    let arrays = inputs.indices.map { values($0).map { T($0) } }
    let views = zip(arrays, inputs).map { array, sizes in
      let copy = UnsafeMutablePointer<T>.allocate(capacity: max(1, array.count))
      copy.initialize(from: array, count: array.count)
      return TensorView(UnsafePointer(copy), sizes)
    }
    defer { for view in views { view.data.deallocate() } }
    var output = [T](repeating: 0, count: sizes.reduce(1, *))
    output.withUnsafeMutableBufferPointer {
      if let base = $0.baseAddress { evaluateReference(op, views, MutableTensorView(base, sizes)) }
    }
    return output
  }
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

/// Operations without their attributes. `kind(of:)` has no default: a new operation is a compile error here, and then
/// a failing test until `opCases` has a case of it.
public enum OpKind: CaseIterable, Sendable {
  case conv, maxPool, averagePool, globalMaxPool, globalAveragePool, gemm, identity, relu, leakyRelu, sigmoid, tanh, softmax,
    localResponseNorm, batchNorm, add, multiply, concat, flatten, reshape, dropout
}

public func kind(of op: Op) -> OpKind {
  switch op {
  case .conv: .conv
  case .maxPool: .maxPool
  case .averagePool: .averagePool
  case .globalMaxPool: .globalMaxPool
  case .globalAveragePool: .globalAveragePool
  case .gemm: .gemm
  case .activation(.identity): .identity
  case .activation(.relu): .relu
  case .activation(.leakyRelu): .leakyRelu
  case .activation(.sigmoid): .sigmoid
  case .activation(.tanh): .tanh
  case .softmax: .softmax
  case .localResponseNorm: .localResponseNorm
  case .batchNorm: .batchNorm
  case .add: .add
  case .multiply: .multiply
  case .concat: .concat
  case .flatten: .flatten
  case .reshape: .reshape
  case .dropout: .dropout
  }
}

/// The table.
public let opCases: [OpCase] = convCases + poolCases + gemmCases + elementwiseCases + normCases + shapeCases

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
