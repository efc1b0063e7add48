import DLGraph
import DLTrain
import TestSupport
import Testing

/// The cases of operations that can be trained through.
private let trainedCases = opCases.filter { hasGradient($0.op) && $0.isF32 }

/// The gradients are checked in double precision; single precision, which runs on the runtime's kernels, must agree with it.
@Suite struct FloatBackend {
  @Test(arguments: trainedCases) func agreesWithDouble(_ test: OpCase) throws {
    let narrow = inputs(of: test.op, test.inputs).map { Tensor<Float>($0.shape, $0.scalars.map { Float($0) }) }
    let wide = narrow.map { Tensor<Double>($0.shape, $0.scalars.map { Double($0) }) }
    let (y, gradients) = run(test.op, wide)
    let (y32, gradients32) = run(test.op, narrow)
    #expect(y32.shape == y.shape)
    #expect(relativeError(y32.scalars.map { Double($0) }, y.scalars) < 2e-6)
    for (i, (a, b)) in zip(gradients32, gradients).enumerated() {
      let error = relativeError(a.scalars.map { Double($0) }, b.scalars)
      // Where the output does not depend on the input both are 0 but for rounding.
      let isZero = (a.scalars.map { Double($0) } + b.scalars).allSatisfy { abs($0) < 1e-6 }
      #expect(error < 5e-6 || isZero, "input \(i): relative error \(error)")
    }
  }

  @Test(arguments: trainedCases) func agreesWithTheReference(_ test: OpCase) throws {
    let inputs = test.inputs.enumerated().map { i, shape in Tensor<Float>(shape, test.values(i)) }
    let error = relativeError(apply(test.op, inputs).scalars.map { Double($0) }, try test.reference())
    #expect(error < 2e-6, "relative error \(error)")
  }

  @Test func theSameBitsOnAnyNumberOfThreads() {
    let threads = Threads.count
    defer { Threads.count = threads }
    for test in trainedCases {
      let inputs = test.inputs.enumerated().map { i, shape in Tensor<Float>(shape, test.values(i)) }
      Threads.count = 1
      let one = run(test.op, inputs)
      Threads.count = 3
      let three = run(test.op, inputs)
      #expect(one.0.scalars == three.0.scalars, "\(test)")
      #expect(one.1.map(\.scalars) == three.1.map(\.scalars), "\(test)")
    }
  }

  /// The output, and the gradients of its mean square distance from a fixed one.
  private func run<Scalar>(_ op: Op, _ inputs: [Tensor<Scalar>]) -> (Tensor<Scalar>, [Tensor<Scalar>]) {
    let tape = Tape<Scalar>()
    let watched = inputs.map(tape.watch)
    let y = apply(op, watched)
    guard y.count > 0 else { return (y, []) }
    let target = Tensor<Scalar>(y.shape, values(y.shape, seed: 7, from: -0.8, to: 1.7).scalars.map { Scalar(Float($0)) })
    let loss = meanSquaredError(y, target)
    return (y, tape.gradients(of: loss, for: watched))
  }
}
