import DLGraph
import DLTrain
import Foundation
import TestSupport
import Testing

@Suite struct TrainerTests {
  @Test func leNet5LearnsSyntheticDigits() {
    let all = SyntheticDigits.dataset(count: 7_000, seed: 1)
    let (train, test) = (all.subset(0..<6_000), all.subset(6_000..<7_000))
    var generator = Generator(seed: 1)
    let model = Sequential<Float>(
      Conv2D(1, 6, kernel: 5, padding: 2, using: &generator), ReLU(), MaxPool2D(2),
      Conv2D(6, 16, kernel: 5, using: &generator), ReLU(), MaxPool2D(2), Flatten(),
      Dense(400, 120, using: &generator), ReLU(), Dense(120, 84, using: &generator), ReLU(), Dense(84, 10, using: &generator))
    let before = accuracy(of: model, on: test)
    let trainer = Trainer(model, Adam(model.parameters, learningRate: 0.002), seed: 1)
    for _ in 0..<2 { trainer.epoch(train, batch: 32) }
    let after = accuracy(of: model, on: test)
    #expect(before < 0.4 && after > 0.95, "from \(before) to \(after)")
  }

  @Test func theSameSeedGivesTheSameRun() {
    let threads = Threads.count
    defer { Threads.count = threads }
    Threads.count = 1
    let first = losses(seed: 5)
    Threads.count = 3
    #expect(losses(seed: 5) == first)
    #expect(losses(seed: 6) != first)
  }

  private func losses(seed: UInt64) -> [Float] {
    let run = SmallRun(seed: seed)
    return run.steps(10)
  }

  @Test func aRunGoesOnFromACheckpointToTheSameBits() throws {
    try withFolder { folder in
      let run = SmallRun(seed: 2)
      // 7 steps, 4 to a pass: in the middle of the second one.
      _ = run.steps(7)
      try run.trainer.save(to: folder)
      let expected = run.steps(6)

      let resumed = SmallRun(seed: 77)
      #expect(resumed.trainer.hasCheckpoint(in: folder))
      try resumed.trainer.resume(from: folder)
      #expect(resumed.trainer.state.epoch == 1 && resumed.trainer.state.batch == 3)
      #expect(resumed.steps(6) == expected)
      #expect(resumed.trainer.state == run.trainer.state)
      for (a, b) in zip(resumed.model.parameters, run.model.parameters) {
        #expect(a.parameter.value.scalars == b.parameter.value.scalars, "\(a.name)")
      }
    }
  }

  @Test func aCheckpointReplacesTheOneBefore() throws {
    try withFolder { folder in
      let run = SmallRun(seed: 2)
      for _ in 0..<3 {
        _ = run.steps(1)
        try run.trainer.save(to: folder)
      }
      let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(files == ["state.json", "tensors-3.safetensors"])
    }
  }

  @Test func aCheckpointOfAnotherModelIsRefused() throws {
    try withFolder { folder in
      try SmallRun(seed: 2).trainer.save(to: folder)
      let other = Sequential<Float>(Flatten())
      let trainer = Trainer(other, SGD(other.parameters, learningRate: 1), seed: 1)
      #expect(throws: DLError.self) { try trainer.resume(from: folder) }
      let run = SmallRun(seed: 3)
      try Data("{}".utf8).write(to: folder.appendingPathComponent("state.json"))
      #expect(throws: DLError.self) { try run.trainer.resume(from: folder) }
      #expect(throws: DLError.self) { try run.trainer.resume(from: folder.appendingPathComponent("missing")) }
    }
  }

  @Test func countsTheLargestScores() {
    let scores = Tensor<Float>([4, 3], [1, 2, 3, 3, 2, 1, 1, 1, 0, 0, 5, 5])
    #expect(countCorrect(scores, [2, 0, 0, 1]) == 4)
    #expect(countCorrect(scores, [1, 1, 1, 2]) == 0)
  }

  @Test func progressIsABarOnATerminalAndLinesElsewhere() {
    func text(isTerminal: Bool) -> String {
      var text = ""
      let progress = Progress("epoch 1/2", isTerminal: isTerminal) { text += $0 }
      progress.update(1, of: 2, loss: 1, correct: 1, count: 4)
      progress.update(2, of: 2, loss: 0.5, correct: 4, count: 4)
      return text
    }
    #expect(text(isTerminal: true).contains("━"))
    #expect(text(isTerminal: true).hasPrefix("\r"))
    let plain = text(isTerminal: false)
    #expect(!plain.contains("\u{1B}") && !plain.contains("\r"))
    #expect(plain.contains("epoch 1/2  2/2  loss 0.7500  accuracy 62.50 %"))
  }
}

/// A small network with all that a checkpoint must keep: dropout, running statistics, moments. 4 steps in a pass.
private struct SmallRun {
  let model: Sequential<Float>
  let trainer: Trainer<Sequential<Float>>
  let data = SyntheticDigits.dataset(count: 30, seed: 3)

  init(seed: UInt64) {
    var generator = Generator(seed: seed)
    model = Sequential(
      Conv2D(1, 4, kernel: 5, stride: 2, using: &generator), BatchNorm(4), ReLU(), MaxPool2D(2), Flatten(), Dropout(0.3),
      Dense(144, 10, using: &generator))
    trainer = Trainer(model, Adam(model.parameters, learningRate: 0.01), seed: seed)
  }

  private struct Enough: Error {}

  /// The losses of the next steps.
  func steps(_ count: Int) -> [Float] {
    var losses: [Float] = []
    while losses.count < count {
      do {
        try trainer.epoch(data, batch: 8) { _, _, found in
          losses.append(found.loss)
          if losses.count == count { throw Enough() }
        }
      } catch {}
    }
    return losses
  }
}

/// A folder of its own that is gone afterwards.
func withFolder(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder)
}
