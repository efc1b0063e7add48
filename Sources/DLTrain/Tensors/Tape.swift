import DLGraph

/// What was computed, in order: the record that gradients are taken from and that models are exported from.
///
/// A tensor on a tape takes everything computed from it onto the tape. Whether layers train (dropout drops, batch
/// normalisation uses the statistics of the batch) is the tape's to say; without a tape they don't.
///
///     let tape = Tape<Float>(training: generator)
///     let loss = softmaxCrossEntropy(model(tape.watch(images)), labels)
///     let gradients = tape.gradients(of: loss, for: parameters)
public final class Tape<Scalar: TensorScalar> {
  struct Entry {
    let operation: Operation<Scalar>
    let inputs: [Int]
    let output: Int
    /// What the backward pass needs besides inputs and output.
    let saved: Saved<Scalar>
  }
  private(set) var values: [Tensor<Scalar>] = []
  private(set) var entries: [Entry] = []
  /// Values that no entry computed: inputs and parameters.
  private var leaves: [Leaf: Int] = [:]
  private struct Leaf: Hashable {
    let buffer: ObjectIdentifier
    let shape: [Int]
  }
  /// Draws dropout masks; present on a training tape.
  var generator: Generator?

  /// A tape on which layers behave as in training.
  public init(training generator: Generator) { self.generator = generator }
  /// A tape on which layers behave as at inference.
  public init() {}
  /// A tape that records operations and the shapes of their results, and computes nothing: results hold arbitrary numbers.
  public init(shapesOnly: Bool) { isShapeOnly = shapesOnly }

  private(set) var isShapeOnly = false

  public var isTraining: Bool { generator != nil }

  /// Puts a tensor on the tape.
  public func watch(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.placed(on: self, at: index(of: x)) }

  func index(of x: Tensor<Scalar>) -> Int {
    if let place = x.place {
      precondition(place.tape === self, "an operation on tensors of two tapes")
      return place.index
    }
    let leaf = Leaf(buffer: ObjectIdentifier(x.buffer), shape: x.shape)
    if let index = leaves[leaf] { return index }
    values.append(x)
    leaves[leaf] = values.count - 1
    return values.count - 1
  }

  func record(
    _ operation: Operation<Scalar>, _ inputs: [Tensor<Scalar>], _ output: Tensor<Scalar>, _ saved: Saved<Scalar>
  ) -> Tensor<Scalar> {
    let inputs = inputs.map(index(of:))
    values.append(output)
    entries.append(Entry(operation: operation, inputs: inputs, output: values.count - 1, saved: saved))
    return output.placed(on: self, at: values.count - 1)
  }

  /// ∂result/∂x for each x, of its shape. `result` is a single number; an x that it does not depend on has gradient zero.
  public func gradients(of result: Tensor<Scalar>, for xs: [Tensor<Scalar>]) -> [Tensor<Scalar>] {
    precondition(result.count == 1, "the gradient of a tensor \(describe(result.shape)), which is not one number")
    let wanted = xs.map(index(of:))
    // Only values on a path from an x to the result have a gradient to compute.
    var isNeeded = values.map { _ in false }
    for i in wanted { isNeeded[i] = true }
    for entry in entries where entry.inputs.contains(where: { isNeeded[$0] }) { isNeeded[entry.output] = true }

    var gradients: [Tensor<Scalar>?] = values.map { _ in nil }
    gradients[index(of: result)] = Tensor(result.shape, repeating: 1)
    for entry in entries.reversed() where isNeeded[entry.output] {
      guard let gradient = gradients[entry.output] else { continue }
      if !wanted.contains(entry.output) { gradients[entry.output] = nil }
      let step = BackwardStep(
        inputs: entry.inputs.map { values[$0] }, output: values[entry.output], saved: entry.saved, gradient: gradient,
        isNeeded: entry.inputs.map { isNeeded[$0] })
      let contributions = withExtendedLifetime(step) { backward(entry.operation, step) }
      for (input, contribution) in zip(entry.inputs, contributions) {
        guard let contribution else { continue }
        gradients[input] = gradients[input].map { sum($0, contribution) } ?? contribution
      }
    }
    return zip(wanted, xs).map { gradients[$0] ?? Tensor(zeros: $1.shape) }
  }
}
