import DLGraph

/// Trains a classifier of images: passes over the data in mini-batches, in an order drawn anew for each pass. The same seed
/// and data give the same run, bit for bit, on any number of threads.
public final class Trainer<Model: Layer> where Model.Scalar == Float {
  public let model: Model
  public let optimiser: any Optimiser<Float>
  /// Computes the loss of logits [N, classes] against labels.
  public let loss: (Tensor<Float>, [Int]) -> Tensor<Float>

  /// Where the run stands. With the parameters of model and optimiser it is all that a run goes on from.
  public struct State: Codable, Equatable, Sendable {
    /// Complete passes over the data.
    public internal(set) var epoch = 0
    /// Batches done of the present pass.
    public internal(set) var batch = 0
    var generator: Generator
    /// The generator as it was before it drew the order of the present pass.
    var orderGenerator: Generator
  }
  public internal(set) var state: State

  public init(
    _ model: Model, _ optimiser: any Optimiser<Float>, seed: UInt64,
    loss: @escaping (Tensor<Float>, [Int]) -> Tensor<Float> = { softmaxCrossEntropy($0, $1) }
  ) {
    self.model = model
    self.optimiser = optimiser
    self.loss = loss
    let generator = Generator(seed: seed)
    state = State(generator: generator, orderGenerator: generator)
  }

  /// What a step found before it changed the parameters.
  public struct Step: Sendable {
    public let loss: Float
    /// How many images of the batch were classified right.
    public let correct: Int
    public let count: Int
  }

  /// One step on one batch: images [N, channels, height, width].
  public func step(_ images: Tensor<Float>, _ labels: [Int]) -> Step {
    let tape = Tape<Float>(training: Generator(seed: state.generator.next()))
    let logits = model(tape.watch(images))
    let loss = loss(logits, labels)
    optimiser.update(tape.gradients(of: loss, for: optimiser.targets.map(\.value)))
    return Step(loss: loss.item, correct: countCorrect(logits, labels), count: labels.count)
  }

  /// Trains to the end of the present pass, which may have begun before: after a checkpoint it goes on where that was
  /// written. A last batch that is not full is trained on too.
  /// - Parameter each: called after each step with its number in the pass, the number of steps in a pass, and what it found
  public func epoch(
    _ data: ImageDataset, batch size: Int, each: (_ step: Int, _ steps: Int, _ found: Step) throws -> Void
  ) rethrows {
    precondition(size > 0, "batches of \(size)")
    let order: [Int]
    if state.batch == 0 {
      state.orderGenerator = state.generator
      order = state.generator.permutation(of: data.count)
    } else {
      var generator = state.orderGenerator
      order = generator.permutation(of: data.count)
    }
    let steps = (data.count + size - 1) / size
    while state.batch < steps {
      let first = state.batch * size
      let (images, labels) = data.batch(order[first..<min(first + size, order.count)])
      let found = step(images, labels)
      state.batch += 1
      try each(state.batch, steps, found)
    }
    state.epoch += 1
    state.batch = 0
  }

  /// The same without reports.
  public func epoch(_ data: ImageDataset, batch size: Int) {
    epoch(data, batch: size) { _, _, _ in }
  }
}

/// The share of images that a classifier gets right, layers behaving as at inference.
public func accuracy(of model: some Layer<Float>, on data: ImageDataset, batch size: Int = 256) -> Double {
  var correct = 0
  for first in stride(from: 0, to: data.count, by: size) {
    let (images, labels) = data.batch(ArraySlice(first..<min(first + size, data.count)))
    correct += countCorrect(model(images), labels)
  }
  return Double(correct) / Double(max(1, data.count))
}

/// How many rows of scores [N, classes] have their largest at the label; of equal ones the first counts.
public func countCorrect(_ scores: Tensor<Float>, _ labels: [Int]) -> Int {
  let classes = scores.shape[1]
  let values = scores.scalars
  return labels.indices.count { i in
    let row = values[(i * classes)..<((i + 1) * classes)]
    return row.indices.max { row[$0] < row[$1] || (row[$0] == row[$1] && $0 > $1) }! - i * classes == labels[i]
  }
}
