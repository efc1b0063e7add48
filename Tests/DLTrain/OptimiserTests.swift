import DLTrain
import Testing

/// Two steps of each rule on one weight, against the formulas worked out by hand.
@Suite struct OptimiserTests {
  /// A weight of 1 in a matrix (so that it decays) after steps against gradients 0.5 and −0.25.
  private func run(_ make: (Parameters<Double>) -> any Optimiser<Double>) -> [Double] {
    let weight = Parameter(Tensor<Double>([1, 1], [1]))
    let optimiser = make(["w": weight])
    return [0.5, -0.25].map { gradient in
      optimiser.update([Tensor([1, 1], [gradient])])
      return weight.value.item
    }
  }

  private func expect(_ found: [Double], _ expected: [Double]) {
    for (f, e) in zip(found, expected) { #expect(abs(f - e) < 1e-12, "\(found) against \(expected)") }
  }

  @Test func plain() { expect(run { SGD($0, learningRate: 0.1) }, [0.95, 0.975]) }

  @Test func weightDecay() {
    // g + 0.1 · w: 0.6, then −0.25 + 0.094.
    expect(run { SGD($0, learningRate: 0.1, weightDecay: 0.1) }, [0.94, 0.94 + 0.1 * 0.156])
  }

  @Test func momentum() {
    // v: 0.5, then 0.45 − 0.25.
    expect(run { SGD($0, learningRate: 0.1, momentum: 0.9) }, [0.95, 0.93])
  }

  @Test func nesterov() {
    // g + 0.9 · v: 0.95, then −0.25 + 0.18.
    expect(run { SGD($0, learningRate: 0.1, momentum: 0.9, nesterov: true) }, [0.905, 0.912])
  }

  @Test func adam() {
    // The first step is by the learning rate whatever the gradient.
    let m = (0.9 * 0.05 - 0.1 * 0.25) / (1 - 0.81)
    let v = (0.999 * 0.00025 + 0.001 * 0.0625) / (1 - 0.998001)
    expect(run { Adam($0, learningRate: 0.1, epsilon: 0) }, [0.9, 0.9 - 0.1 * m / v.squareRoot()])
  }

  @Test func biasesDoNotDecay() {
    let bias = Parameter(Tensor<Double>([1], [1]))
    SGD(["b": bias], learningRate: 0.1, weightDecay: 0.5).update([Tensor([1], [0])])
    #expect(bias.value.item == 1)
  }

  @Test func everyRuleLearnsXOR() {
    let x = Tensor<Float>([4, 2], [0, 0, 0, 1, 1, 0, 1, 1])
    let t = Tensor<Float>([4, 1], [0, 1, 1, 0])
    func learn(_ make: (Parameters<Float>) -> any Optimiser<Float>) -> [Bool] {
      var generator = Generator(seed: 3)
      let model = Sequential<Float>(
        Dense(2, 8, initialiser: .xavierNormal, using: &generator), Tanh(),
        Dense(8, 1, initialiser: .xavierNormal, using: &generator))
      let optimiser = make(model.parameters)
      for _ in 0..<1000 {
        let tape = Tape<Float>(training: Generator(seed: 0))
        let loss = binaryCrossEntropy(model(tape.watch(x)), t)
        optimiser.update(tape.gradients(of: loss, for: optimiser.targets.map(\.value)))
      }
      return model(x).scalars.map { $0 > 0 }
    }
    let xor = [false, true, true, false]
    #expect(learn { SGD($0, learningRate: 0.5) } == xor)
    #expect(learn { SGD($0, learningRate: 0.1, momentum: 0.9) } == xor)
    #expect(learn { SGD($0, learningRate: 0.1, momentum: 0.9, nesterov: true) } == xor)
    #expect(learn { Adam($0, learningRate: 0.02) } == xor)
  }
}
