import DLGraph
import DLImage
import DLRuntime
import DLTrain
import Foundation
import TestSupport
import Testing

@Suite struct ExportTests {
  private let description = ModelDescription(
    name: "small", description: "a test", labels: ["a", "b", "c"], normalisation: Normalisation(mean: [0.5], std: [0.25]))

  /// Every layer once, after some training so that statistics and biases are not what they start as.
  private func model() -> Sequential<Float> {
    var generator = Generator(seed: 8)
    let logits = Sequential<Float>(
      Conv2D(1, 4, kernel: 3, padding: 1, using: &generator), BatchNorm(4), ReLU(), MaxPool2D(2), LocalResponseNorm(3),
      Conv2D(4, 6, kernel: 3, stride: 2, groups: 2, using: &generator), LeakyReLU(slope: 0.1), AveragePool2D(2), Tanh(),
      Dropout(0.2), Flatten(), Dense(6, 5, using: &generator), Sigmoid(), Dense(5, 3, using: &generator))
    let optimiser = Adam(logits.parameters, learningRate: 0.05)
    for step in 0..<20 {
      let tape = Tape<Float>(training: Generator(seed: UInt64(step)))
      let loss = softmaxCrossEntropy(logits(tape.watch(images(8))), [0, 1, 2, 0, 1, 2, 0, 1])
      optimiser.update(tape.gradients(of: loss, for: optimiser.targets.map(\.value)))
    }
    return Sequential(logits, Softmax())
  }

  private func images(_ count: Int) -> Tensor<Float> {
    let wide = values([count, 1, 12, 12], seed: 3)
    return Tensor(wide.shape, wide.scalars.map { Float($0) })
  }

  @Test func theGraphComputesWhatTheModelDoes() throws {
    let model = model()
    let graph = try model.graph(input: [1, 12, 12], description)
    for count in [1, 5] {
      let x = images(count)
      let expected = model(x).scalars
      let found = try evaluate(graph, x)
      #expect(found.count == expected.count)
      for (f, e) in zip(found, expected) { #expect(abs(f - e) < 1e-5) }
    }
  }

  /// Node after node by the reference operations.
  private func evaluate(_ graph: Graph, _ x: Tensor<Float>) throws -> [Float] {
    try evaluateGraph(graph, [TestTensor(x.shape, Array(x.scalars))])[0].map { Float($0) }
  }

  @Test func theFileRunsInTheRuntime() throws {
    let model = model()
    let session = Session(try Model(exported(model)), pool: try ThreadPool(threads: 1))
    for count in [3, 1] {
      let x = images(count)
      let found = try run(session, x)
      let expected = model(x).scalars
      #expect(found.count == expected.count)
      for (f, e) in zip(found, expected) { #expect(abs(f - e) < 1e-5) }
    }
  }

  /// The contents of the file.
  private func exported(_ model: Sequential<Float>) throws -> Storage {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("small.dlrt").path
    try model.export(to: file, input: [1, 12, 12], description)
    return try .mapping(file)
  }

  private func run(_ session: Session, _ x: Tensor<Float>) throws -> [Float] {
    let scalars = x.scalars
    let target = try session.prepareInput(0, .f32, x.shape)
    scalars.withUnsafeBytes { target.copyMemory(from: $0) }
    try session.run()
    return Array(try session.output(0).data.bindMemory(to: Float.self))
  }

  @Test func metadataSayHowToUseIt() throws {
    let graph = try model().graph(input: [1, 12, 12], description)
    #expect(graph.values[graph.inputs[0]].name == "input")
    #expect(graph.values[graph.outputs[0]].name == "probabilities")
    #expect(graph.values[graph.inputs[0]].type.dims == [.symbol(0), .fixed(1), .fixed(12), .fixed(12)])
    #expect(graph.symbols == ["N"])
    #expect(graph.metadata("labels") == .texts(["a", "b", "c"]))
    #expect(graph.metadata("name") == .text("small"))
    #expect(graph.values.contains { $0.name == "0.0.weight" })
    let preprocessing = try Preprocessing(graph: graph, input: 0)
    #expect(preprocessing.color == .gray)
    #expect(preprocessing.mean == [0.5] && preprocessing.std == [0.25] && preprocessing.scale == 1.0 / 255)
  }

  @Test func whatCannotBeExportedIsRefused() {
    struct Fixed: Layer {
      typealias Scalar = Float
      func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { reshape(x, [4, 1]) }
    }
    struct Nothing: Layer {
      typealias Scalar = Float
      func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { x }
    }
    #expect(throws: DLError.self) { try Fixed().graph(input: [4], description) }
    #expect(throws: DLError.self) { try Nothing().graph(input: [4], description) }
  }
}
