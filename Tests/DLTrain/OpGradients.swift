import DLGraph
import DLTrain
import KernelTypes
import TestSupport
import Testing

/// An operation with inputs to check its gradient at.
private struct GradientCase: CustomTestStringConvertible, Sendable {
  let op: Op
  /// The inputs' shapes; a batch norm's variance is positive.
  let shapes: [[Int]]

  init(_ op: Op, _ shapes: [Int]...) {
    self.op = op
    self.shapes = shapes
  }
  var testDescription: String { "\(op.name) \(shapes.map { describe($0).description }.joined(separator: " "))" }
}

private let uneven = Window(strides: [2, 1], dilations: [1, 2], padBegin: [1, 0], padEnd: [0, 2])

/// Small ones, every element of which is moved. The shared table's are checked at some elements.
private let allCases: [GradientCase] = [
  GradientCase(.conv(Window(), groups: 1), [2, 3, 5, 4], [4, 3, 3, 2], [4]),
  GradientCase(.conv(Window(), groups: 1), [2, 3, 5, 4], [2, 3, 1, 1]),
  GradientCase(.conv(Window(stride: 2, pad: 1), groups: 2), [2, 4, 5, 6], [6, 2, 3, 3], [6]),
  GradientCase(.conv(Window(pad: 2), groups: 4), [17, 4, 3, 3], [4, 1, 5, 5], [4]),
  GradientCase(.conv(uneven, groups: 1), [1, 2, 6, 7], [3, 2, 3, 3], [3]),
  GradientCase(.conv(Window(axes: 1, dilation: 2, pad: 1), groups: 1), [2, 2, 9], [3, 2, 3], [3]),
  GradientCase(.conv(Window(axes: 3, stride: 2, pad: 1), groups: 1), [1, 2, 3, 4, 5], [2, 2, 2, 3, 3], [2]),
  GradientCase(.conv(Window(padding: .sameUpper, stride: 2), groups: 1), [1, 2, 6, 5], [3, 2, 3, 4]),
  GradientCase(.convTranspose(Window(stride: 2), groups: 1, outputPadding: [0, 0]), [2, 3, 3, 4], [3, 2, 2, 2], [2]),
  GradientCase(.convTranspose(Window(stride: 2, pad: 1), groups: 2, outputPadding: [1, 0]), [1, 4, 3, 4], [4, 3, 3, 3], [6]),
  GradientCase(.convTranspose(uneven, groups: 1, outputPadding: [0, 0]), [1, 2, 4, 5], [2, 3, 3, 3]),
  GradientCase(
    .convTranspose(Window(padding: .sameLower, stride: 3), groups: 1, outputPadding: [0, 0]), [1, 2, 2, 3], [2, 2, 4, 2]),
  GradientCase(.convTranspose(Window(axes: 1, stride: 2, pad: 1), groups: 1, outputPadding: [1]), [2, 2, 5], [2, 3, 4], [3]),
  GradientCase(
    .convTranspose(Window(axes: 3, stride: 2), groups: 1, outputPadding: [0, 0, 0]), [1, 2, 2, 3, 2], [2, 2, 2, 2, 3], [2]),
  GradientCase(.maxPool(kernel: [3, 2], Window(padding: .sameLower, stride: 2)), [1, 2, 7, 6]),
  GradientCase(.averagePool(kernel: [3, 2], Window(padding: .sameUpper, stride: 2), countPadding: true), [1, 2, 7, 6]),
  GradientCase(.maxPool(kernel: [2, 2], Window(stride: 2)), [2, 3, 4, 6]),
  GradientCase(.maxPool(kernel: [3, 3], Window(stride: 2, pad: 1)), [1, 2, 7, 6]),
  GradientCase(.maxPool(kernel: [3], Window(axes: 1)), [2, 2, 6]),
  GradientCase(.averagePool(kernel: [3, 3], Window(stride: 2, pad: 1), countPadding: false), [1, 2, 7, 6]),
  GradientCase(.averagePool(kernel: [3, 3], uneven, countPadding: true), [1, 2, 7, 6]),
  GradientCase(.globalMaxPool, [2, 3, 4, 5]),
  GradientCase(.globalAveragePool, [2, 3, 4, 5]),
  GradientCase(.globalAveragePool, [2, 3, 4]),
  GradientCase(.gemm(transposeA: false, transposeB: false), [3, 4], [4, 5], [5]),
  GradientCase(.gemm(transposeA: true, transposeB: false), [4, 3], [4, 5]),
  GradientCase(.gemm(transposeA: false, transposeB: true), [3, 4], [5, 4], [5]),
  GradientCase(.gemm(transposeA: true, transposeB: true), [4, 3], [5, 4]),
  GradientCase(.activation(.identity), [3, 4]),
  GradientCase(.activation(.relu), [3, 4]),
  GradientCase(.activation(.leakyRelu(slope: 0.1)), [3, 4]),
  GradientCase(.activation(.sigmoid), [3, 4]),
  GradientCase(.activation(.tanh), [3, 4]),
  GradientCase(.lpNormalise(axis: 1, p: 2), [3, 5, 2]),
  GradientCase(.lpNormalise(axis: -1, p: 1), [3, 5]),
  GradientCase(.reduce(.sum, axes: [1], keepsAxes: false, noAxesIsIdentity: false), [3, 4, 2]),
  GradientCase(.reduce(.mean, axes: [0, -1], keepsAxes: true, noAxesIsIdentity: false), [3, 4, 2]),
  GradientCase(.reduce(.mean, axes: [], keepsAxes: false, noAxesIsIdentity: false), [3, 4]),
  GradientCase(.reduce(.sum, axes: [], keepsAxes: false, noAxesIsIdentity: true), [3, 4]),
  GradientCase(.transpose([2, 0, 1]), [3, 4, 2]),
  GradientCase(.transpose([]), [3, 4, 2]),
  GradientCase(.squeeze([1]), [3, 1, 2]),
  GradientCase(.unsqueeze([0, 2]), [3, 2]),
  GradientCase(.softmax(axis: 1), [3, 5]),
  GradientCase(.softmax(axis: -3), [2, 3, 2, 2]),
  GradientCase(.localResponseNorm(size: 5, alpha: 0.8, beta: 0.75, bias: 2), [2, 7, 2, 2]),
  GradientCase(.localResponseNorm(size: 4, alpha: 0.8, beta: 0.6, bias: 1), [1, 6, 3]),
  GradientCase(.batchNorm(epsilon: 1e-5), [2, 3, 2, 3], [3], [3], [3], [3]),
  GradientCase(.unary(.absolute), [3, 4]),
  GradientCase(.add, [2, 3], [2, 3]),
  GradientCase(.add, [2, 3, 4], [3, 1]),
  GradientCase(.binary(.subtract), [2, 3], [2, 3]),
  GradientCase(.binary(.subtract), [2, 1, 4], [5, 1]),
  GradientCase(.binary(.divide), [2, 3], [3]),
  GradientCase(.binary(.minimum), [2, 3], [3]),
  GradientCase(.binary(.maximum), [2, 3, 1], [4]),
  GradientCase(.multiply, [2, 3], [2, 3]),
  GradientCase(.multiply, [2, 1, 4], [5, 1]),
  GradientCase(.concat(axis: 1), [2, 3, 2], [2, 1, 2], [2, 2, 2]),
  GradientCase(.concat(axis: -1), [2, 3], [2, 1]),
  GradientCase(.flatten(axis: 2), [2, 3, 4]),
  GradientCase(.reshape([0, -1, 2]), [2, 3, 4]),
  GradientCase(.dropout(rate: 0.5), [3, 4]),
]

/// Those that shape inference accepts; a program with another stops.
private let cases = allCases.filter { test in
  (try? inferType(of: test.op, test.shapes.map { TensorType(.f64, sizes: $0) })) != nil
}

/// Activations whose derivative is not a case of its own.
private let activations: [Activation] = [
  .clip(low: -2.1, high: 3.3), .elu(alpha: 1.2), .selu(alpha: 1.67, gamma: 1.05), .celu(alpha: 0.7), .gelu, .geluTanh,
  .hardSigmoid(alpha: 0.3, beta: 0.4), .silu(alpha: 1), .silu(alpha: 1.7), .hardSwish, .mish, .softplus, .softsign,
  .thresholdedRelu(alpha: 1.1), .shrink(lambda: 1.3, bias: 0.2), .relu, .leakyRelu(slope: 0.2), .sigmoid, .tanh,
]

/// The shared table without pooling of windows that lie wholly in the padding, whose maximum is −∞, and without divisions, whose
/// random divisors come so near 0 that a difference quotient says nothing.
private let finiteCases = trainedCases.filter { ((try? $0.reference().allSatisfy(\.isFinite)) ?? false) && !isDivision($0.op) }
private func isDivision(_ op: Op) -> Bool { if case .binary(.divide) = op { true } else { false } }
private let trainedCases = opCases.filter { hasGradient($0.op) && $0.isF32 }

extension Window {
  /// Of two axes, padded by rule.
  fileprivate init(padding rule: PaddingRule, stride: Int) {
    self.init(stride: stride)
    self.rule = rule
  }
}

@Suite struct OpGradients {
  @Test func everyOperationHasACase() {
    let covered = Set(cases.map { "\($0.op.name)" } + activations.map { "\($0.name)" })
    let trained = Set(trainedCases.map { "\($0.op.name)" })
    #expect(covered.isSuperset(of: trained), "\(trained.subtracting(covered))")
    #expect(allCases.allSatisfy { hasGradient($0.op) })
    #expect(cases.count == allCases.count, "\(Set(allCases.map { "\($0.op.name)" }).subtracting(cases.map { "\($0.op.name)" }))")
    #expect(finiteCases.count >= trainedCases.filter { !isDivision($0.op) }.count - 5)
  }

  @Test(arguments: cases) fileprivate func gradient(_ test: GradientCase) {
    checkGradients(test.testDescription, inputs(of: test.op, test.shapes), most: .max) { apply(test.op, $0) }
  }

  @Test(arguments: finiteCases) func gradientOfSharedCase(_ test: OpCase) {
    checkGradients(test.description, inputs(of: test.op, test.inputs)) { apply(test.op, $0) }
  }

  @Test(arguments: activations) fileprivate func activationsOverAWideRange(_ activation: Activation) {
    checkGradients("\(activation)", [values([40], from: -5, to: 5)]) { apply(.activation(activation), $0) }
  }

  @Test func dropoutInTraining() {
    // The seed draws the same mask for every difference.
    checkGradients("dropout", [values([6, 7])], training: 3) { apply(.dropout(rate: 0.4), $0) }
  }

  @Test func batchNormInTraining() {
    let norm = BatchNorm<Double>(3)
    checkGradients("batch norm", [values([4, 3, 2, 3]), values([3], seed: 2), values([3], seed: 3)], training: 1) {
      norm.scale.set($0[1])
      norm.shift.set($0[2])
      return norm($0[0])
    }
  }

  @Test func aTensorUsedTwice() {
    checkGradients("x + x · relu(x)", [values([3, 4])]) { $0[0] + $0[0] * relu($0[0]) }
    checkGradients("x + x", [values([3, 4])]) { $0[0] + $0[0] }
  }

  @Test func losses() {
    checkGradients("softmax cross-entropy", [values([4, 5], from: -3, to: 3)]) { softmaxCrossEntropy($0[0], [0, 4, 2, 2]) }
    checkGradients("binary cross-entropy", [values([4, 2], from: -3, to: 3), values([4, 2], seed: 2, from: 0, to: 1)]) {
      binaryCrossEntropy($0[0], $0[1])
    }
    checkGradients("mean squared error", [values([4, 2]), values([4, 2], seed: 2)]) { meanSquaredError($0[0], $0[1]) }
  }
}
