import ArgumentParser
import DLImage
import DLTrain
import Foundation

@main
struct TrainLeNet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-lenet", abstract: "Trains LeNet-5 to read digits and writes it as a .dlrt file.")

  @Option(help: "Folder with the MNIST files, by default data/mnist in $DLRT_DATA. Synthetic digits without.")
  var data: String?
  @Option(help: "Where the trained model goes.") var out = "build/demo/lenet5.dlrt"
  @Option(help: "Where a digit of the test set goes.") var jpeg = "build/demo/digit.jpg"
  @Option(help: "Passes over the training set.") var epochs = 3
  @Option(help: "Images in a batch.") var batch = 64
  @Option(help: "Learning rate of the first step; it falls to zero with the last.") var rate: Float = 0.003
  @Option(help: "Equal seeds give equal models.") var seed: UInt64 = 1
  @Option(help: "Threads; all processors unless given.") var threads: Int?
  @Option(help: "Folder to write a checkpoint to after each pass, and to go on from.") var checkpoint: String?

  func validate() throws {
    guard epochs >= 0, batch > 0, rate > 0, threads ?? 1 > 0 else {
      throw ValidationError("--epochs must not be negative; --batch, --rate and --threads must be positive.")
    }
  }

  func run() throws {
    if let threads { Threads.count = threads }
    let (train, test) = try digits()
    var generator = Generator(seed: seed)
    let model = leNet5(using: &generator)
    let trainer = Trainer(model, Adam(model.parameters, learningRate: rate), seed: seed)
    let folder = checkpoint.map { URL(fileURLWithPath: $0) }
    if let folder, trainer.hasCheckpoint(in: folder) { try trainer.resume(from: folder) }

    let start = ContinuousClock.now
    while trainer.state.epoch < epochs {
      let epoch = trainer.state.epoch
      let progress = Progress("epoch \(epoch + 1)/\(epochs)")
      trainer.epoch(train, batch: batch) { step, steps, found in
        progress.update(step, of: steps, found)
        // The steps get smaller and smaller, which settles the weights.
        let done = Float(epoch * steps + step) / Float(epochs * steps)
        trainer.optimiser.learningRate = rate * (1 - done)
      }
      if let folder { try trainer.save(to: folder) }
    }
    let seconds = start.duration(to: .now) / .seconds(1)
    let share = accuracy(of: model, on: test)
    print(String(format: "test accuracy %.2f %% on %d images, trained in %.1f s", 100 * share, test.count, seconds))

    try export(model, test)
  }

  /// MNIST if it is there, else digits drawn for the purpose.
  private func digits() throws -> (train: ImageDataset, test: ImageDataset) {
    let standard = ProcessInfo.processInfo.environment["DLRT_DATA"].map { $0 + "/data/mnist" }
    guard let path = data ?? standard.flatMap({ FileManager.default.fileExists(atPath: $0) ? $0 : nil }) else {
      print("synthetic digits: 20000 to train on, 2000 to test with")
      let all = SyntheticDigits.dataset(count: 22_000, seed: 0)
      return (all.subset(0..<20_000), all.subset(20_000..<22_000))
    }
    let folder = URL(fileURLWithPath: path)
    let (train, test) = try (ImageDataset.mnist(folder, .train), ImageDataset.mnist(folder, .test))
    print("MNIST: \(train.count) digits to train on, \(test.count) to test with")
    return (train, test)
  }

  /// The model, ending in a softmax so that it answers with probabilities, and a digit to try it on.
  private func export(_ model: Sequential<Float>, _ test: ImageDataset) throws {
    for file in [out, jpeg] {
      let folder = URL(fileURLWithPath: file).deletingLastPathComponent()
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    let description = ModelDescription(
      name: "LeNet-5", description: "Handwritten digits, white on black, 28 x 28 pixels.", labels: (0...9).map { "\($0)" },
      normalisation: test.normalisation)
    try Sequential(model, Softmax()).export(to: out, input: test.shape, description)

    let digit = try Image(width: test.shape[2], height: test.shape[1], channels: 1) { pixels in
      _ = pixels.update(fromContentsOf: test.image(0))
    }
    let encoded = try digit.encodeJPEG(quality: 95)
    try Data(bytes: encoded.base, count: encoded.byteCount).write(to: URL(fileURLWithPath: jpeg))
    print("wrote \(out) and \(jpeg), a \(test.labels[0]):\n\(textArt(test.image(0), width: test.shape[2]))")
  }
}
