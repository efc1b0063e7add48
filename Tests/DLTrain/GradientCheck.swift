import DLGraph
import DLTrain
import Testing

/// Holds the gradients of a tape against central differences in double precision: for each input
/// ‖a − n‖ / (‖a‖ + ‖n‖) < 1e-7. A result of several numbers is reduced to one by random weights.
func checkGradients(
  _ name: String, _ inputs: [Tensor<Double>], training seed: UInt64? = nil, sourceLocation: SourceLocation = #_sourceLocation,
  _ f: ([Tensor<Double>]) -> Tensor<Double>
) {
  func tape() -> Tape<Double> { seed.map { Tape(training: Generator(seed: $0)) } ?? Tape() }
  let count = f(inputs.map(tape().watch)).count
  let weights = values([count, 1], seed: 99)
  func loss(_ inputs: [Tensor<Double>]) -> Tensor<Double> {
    apply(.gemm(transposeA: false, transposeB: false), reshape(f(inputs), [1, count]), weights)
  }

  let recorded = tape()
  let watched = inputs.map(recorded.watch)
  let analytic = recorded.gradients(of: loss(watched), for: watched)

  let h = 1e-5
  for (which, input) in inputs.enumerated() {
    var numeric: [Double] = []
    for i in 0..<input.count {
      func at(_ offset: Double) -> Double {
        var moved = inputs
        var scalars = input.scalars
        scalars[i] += offset
        moved[which] = Tensor(input.shape, scalars)
        let tape = tape()
        return loss(moved.map(tape.watch)).item
      }
      numeric.append((at(h) - at(-h)) / (2 * h))
    }
    let a = analytic[which].scalars
    let error = norm(zip(a, numeric).map { $0 - $1 }) / (norm(a) + norm(numeric))
    #expect(analytic[which].shape == input.shape, "\(name), input \(which)", sourceLocation: sourceLocation)
    #expect(norm(a) > 0, "\(name), input \(which): no gradient", sourceLocation: sourceLocation)
    #expect(error < 1e-7, "\(name), input \(which): relative error \(error)", sourceLocation: sourceLocation)
  }
}

private func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

/// Values in −1..<1 in random order, all apart from each other and from zero by far more than the step of the differences:
/// no kink of relu or of a maximum is in reach.
func values(_ shape: [Int], seed: UInt64 = 1, from low: Double = -1, to high: Double = 1) -> Tensor<Double> {
  var generator = Generator(seed: seed)
  let count = shape.reduce(1, *)
  let step = (high - low) / Double(count)
  return Tensor(shape, generator.permutation(of: count).map { low + step * (Double($0) + 0.55) })
}
