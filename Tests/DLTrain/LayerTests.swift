import DLGraph
import DLTrain
import Testing

@Suite struct LayerTests {
  @Test func wholeNetworks() {
    var generator = Generator(seed: 4)
    let conv = Sequential<Double>(
      Conv2D(1, 3, kernel: 3, padding: 1, using: &generator), BatchNorm(3), Tanh(), AveragePool2D(2),
      Conv2D(3, 4, kernel: 3, stride: 2, padding: 1, using: &generator), Sigmoid(), LocalResponseNorm(3), GlobalAveragePool(),
      Flatten(), Dropout(0.3), Dense(4, 3, using: &generator))
    check("convolutional network", conv, values([3, 1, 6, 6]), labels: [0, 2, 1])
    let dense = Sequential<Double>(Dense(5, 7, using: &generator), Tanh(), Dense(7, 3, using: &generator))
    check("dense network", dense, values([4, 5]), labels: [0, 2, 1, 1])
  }

  /// The gradients of the loss by every parameter, in training.
  private func check(_ name: String, _ model: Sequential<Double>, _ x: Tensor<Double>, labels: [Int]) {
    let parameters = model.parameters.learnt
    // Biases away from their start at zero, where a symmetric gradient could hide.
    for (i, parameter) in parameters.enumerated() where parameter.value.rank == 1 {
      parameter.set(values(parameter.value.shape, seed: UInt64(i), from: 0.5, to: 1.5))
    }
    checkGradients(name, [x] + parameters.map(\.value), training: 11) { inputs in
      for (parameter, value) in zip(parameters, inputs.dropFirst()) { parameter.set(value) }
      return softmaxCrossEntropy(model(inputs[0]), labels)
    }
  }

  @Test func parametersAreNamedByTheirPlace() {
    var generator = Generator(seed: 1)
    let model = Sequential<Float>(
      Conv2D(1, 2, kernel: 3, hasBias: false, using: &generator), BatchNorm(2), ReLU(), Dense(8, 3, using: &generator))
    #expect(
      model.parameters.map(\.name) == [
        "0.weight", "1.scale", "1.shift", "1.mean", "1.variance", "3.weight", "3.bias",
      ])
    #expect(model.parameters.learnt.count == 5)
  }

  @Test func dropoutKeepsTheMean() {
    let x = Tensor<Float>([100, 100], repeating: 2)
    let tape = Tape<Float>(training: Generator(seed: 1))
    let dropped = Dropout<Float>(0.25)(tape.watch(x)).scalars
    let zeros = dropped.count { $0 == 0 }
    #expect(abs(Double(zeros) / 10_000 - 0.25) < 0.02)
    #expect(dropped.allSatisfy { $0 == 0 || abs($0 - 2 / 0.75) < 1e-6 })
    #expect(Dropout<Float>(0.25)(x).scalars == x.scalars)
    let inference = Tape<Float>()
    #expect(Dropout<Float>(0.25)(inference.watch(x)).scalars == x.scalars)
  }

  @Test func batchNormUsesTheBatchThenItsRunningStatistics() {
    let norm = BatchNorm<Double>(1, epsilon: 0, momentum: 0.5)
    let x = Tensor<Double>([4, 1], [1, 2, 3, 6])  // mean 3, variance 3.5, unbiased 14/3
    let tape = Tape<Double>(training: Generator(seed: 1))
    let y = norm(tape.watch(x)).scalars
    for (y, x) in zip(y, x.scalars) { #expect(abs(y - (x - 3) / 3.5.squareRoot()) < 1e-12) }
    #expect(norm.mean.value.scalars == [1.5])
    #expect(abs(norm.variance.value.item - (0.5 + 7.0 / 3)) < 1e-12)
    let z = norm(x).scalars
    for (z, x) in zip(z, x.scalars) { #expect(abs(z - (x - 1.5) / (0.5 + 7.0 / 3).squareRoot()) < 1e-12) }
  }

  @Test func aNaNWinsTheMaximumAndStays() {
    let x = Tensor<Float>([1, 1, 2, 4], [1, 2, .nan, 0, 3, 0, 5, 6])
    for pool in [MaxPool2D<Float>(2), MaxPool2D<Float>(2, padding: 1)] {
      let y = pool(x).scalars
      #expect(y.contains { $0.isNaN } && y.contains { $0 == 3 })
    }
  }

  @Test func initialisersHaveTheirVariance() {
    var generator = Generator(seed: 9)
    func deviation(_ initialiser: Initialiser) -> Double {
      let weights = Dense<Double>(300, 200, initialiser: initialiser, using: &generator).weight.value.scalars
      let mean = weights.reduce(0, +) / Double(weights.count)
      #expect(abs(mean) < 0.001)
      return (weights.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(weights.count)).squareRoot()
    }
    let he = (2.0 / 300).squareRoot()
    let xavier = (2.0 / 500).squareRoot()
    for (initialiser, expected) in [
      (Initialiser.heNormal, he), (.heUniform, he), (.xavierNormal, xavier), (.xavierUniform, xavier),
      (.smallRandom(deviation: 0.02), 0.02),
    ] { #expect(abs(deviation(initialiser) / expected - 1) < 0.02, "\(initialiser)") }
    #expect(deviation(.zero) == 0)
  }
}
