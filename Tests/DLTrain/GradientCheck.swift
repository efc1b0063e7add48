import DLGraph
import DLTrain
import KernelTypes
import Testing

/// Holds the gradients of a tape against central differences in double precision: for each input
/// ‖a − n‖ / (‖a‖ + ‖n‖) < 1e-7. A result of several numbers is reduced to one by random weights. Of large inputs `most` elements
/// are moved, spread evenly.
func checkGradients(
  _ name: String, _ inputs: [Tensor<Double>], training seed: UInt64? = nil, most: Int = 150,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ f: ([Tensor<Double>]) -> Tensor<Double>
) {
  func tape() -> Tape<Double> { seed.map { Tape(training: Generator(seed: $0)) } ?? Tape() }
  guard inputs.allSatisfy({ $0.count > 0 }) else {
    // Nothing to move, but the backward pass must stand it.
    let recorded = tape()
    let watched = inputs.map(recorded.watch)
    let y = f(watched)
    let loss = meanSquaredError(y, Tensor(zeros: y.shape))
    #expect(recorded.gradients(of: loss, for: watched).map(\.shape) == inputs.map(\.shape), sourceLocation: sourceLocation)
    return
  }
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
    let moved = (0..<min(most, input.count)).map { input.count * $0 / min(most, input.count) }
    let numeric = moved.map { i in
      func at(_ offset: Double) -> Double {
        var inputs = inputs
        var scalars = input.scalars
        scalars[i] += offset
        inputs[which] = Tensor(input.shape, scalars)
        let tape = tape()
        return loss(inputs.map(tape.watch)).item
      }
      return (at(h) - at(-h)) / (2 * h)
    }
    let all = analytic[which].scalars
    let a = moved.map { all[$0] }
    let error = relativeError(a, numeric)
    #expect(analytic[which].shape == input.shape, "\(name), input \(which)", sourceLocation: sourceLocation)
    // Some gradients are zero, as that of a bias before a batch norm: rounding is all that the differences find then.
    let isZero = norm(a) < 1e-9 && norm(numeric) < 1e-9
    #expect(error < 1e-7 || isZero, "\(name), input \(which): relative error \(error)", sourceLocation: sourceLocation)
  }
}

/// Inputs that an operation is smooth at: see `values`. A batch norm's variance is positive.
func inputs(of op: Op, _ shapes: [[Int]]) -> [Tensor<Double>] {
  shapes.enumerated().map { i, shape in
    if case .batchNorm = op, i == 4 { return values(shape, seed: 5, from: 0.5, to: 2) }
    // Equal numbers would be a kink of the smaller and the larger.
    if case .binary(let function) = op, i == 1, function == .minimum || function == .maximum {
      return values(shape, seed: 2, from: -0.9863, to: 1.0137)
    }
    return values(shape, seed: UInt64(i + 1))
  }
}

func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

/// ‖a − b‖ / (‖a‖ + ‖b‖) over the finite elements; 0 if all are equal, infinite if others differ.
func relativeError(_ a: [Double], _ b: [Double]) -> Double {
  let pairs = zip(a, b).filter { $0.isFinite || $1.isFinite }
  guard a.count == b.count, zip(a, b).allSatisfy({ $0.isFinite == $1.isFinite && ($0.isFinite || $0 == $1) }) else {
    return .infinity
  }
  let difference = norm(pairs.map { $0 - $1 })
  return difference == 0 ? 0 : difference / (norm(pairs.map(\.0)) + norm(pairs.map(\.1)))
}

/// Values in −1..<1 in random order, all apart from each other and from zero by far more than the step of the differences:
/// no kink of relu or of a maximum is in reach.
func values(_ shape: [Int], seed: UInt64 = 1, from low: Double = -1, to high: Double = 1) -> Tensor<Double> {
  var generator = Generator(seed: seed)
  let count = shape.reduce(1, *)
  let step = (high - low) / Double(count)
  return Tensor(shape, generator.permutation(of: count).map { low + step * (Double($0) + 0.55) })
}
