import DLGraph
import DLRuntime
import DLTrain
import DLZoo
import KernelTypes
import TestSupport
import Testing

/// What papers and other libraries say of each network.
private struct Published: Sendable, CustomTestStringConvertible {
  let name: String
  /// Learnt parameters.
  let parameters: Int
  /// Of one input, without the batch.
  let outputs: [[Int]]
  /// Multiply-accumulates of convolutions and dense layers for one input.
  let macs: Int

  init(_ name: String, _ parameters: Int, _ outputs: [Int]..., macs: Int) {
    (self.name, self.parameters, self.outputs, self.macs) = (name, parameters, outputs, macs)
  }
  var testDescription: String { name }
}

private let published = [
  Published("lenet5", 61_706, [10], macs: 416_520),
  Published("mlp", 266_610, [10], macs: 266_200),
  Published("alexnet", 60_965_224, [1000], macs: 724_406_816),
  Published("vgg16", 138_357_544, [1000], macs: 15_470_264_320),
  Published("resnet18", 11_689_512, [1000], macs: 1_814_073_344),
  Published("resnet50", 25_557_032, [1000], macs: 4_089_184_256),
  Published("googlenet", 6_624_904, [1000], macs: 1_498_376_192),
  Published("inception_v3", 23_834_568, [1000], macs: 5_713_216_096),
  Published("mobilenet_v1", 4_231_976, [1000], macs: 568_740_352),
  Published("mobilenet_v2", 3_504_872, [1000], macs: 300_774_272),
  Published("efficientnet_b0", 5_288_548, [1000], macs: 385_814_752),
  Published("unet", 31_037_698, [2, 256, 256], macs: 48_171_581_440),
  Published("unet_small", 1_942_594, [2, 256, 256], macs: 3_033_530_368),
  Published("facenet", 11_242_176, [128], macs: 484_913_152),
  Published("siamese", 38_951_745, [1], macs: 2 * 908_623_872 + 4096),
  Published("tiny_yolo", 15_861_773, [125, 13, 13], macs: 3_485_520_896),
  // torchvision's head of two layers and its predictors; 20 are for the boxes' image.
  Published("fast_rcnn", 14_362_055, [91], [364], macs: 14_359_552 + 20),
  Published("autoencoder", 5_289_123, [3, 128, 128], macs: 171_311_104),
  Published("conv1d", 150_307, [35], macs: 45_020_928),
  Published("conv3d", 16_273_893, [101], macs: 9_550_350_848),
]

@Suite struct ArchitectureTests {
  @Test func allAreListed() {
    #expect(Architecture.all.map(\.name) == published.map(\.name))
    #expect(Architecture.named("resnet51") == nil)
  }

  @Test(arguments: published) fileprivate func parametersShapesAndMACs(_ expected: Published) throws {
    let architecture = try #require(Architecture.named(expected.name))
    let learnt = architecture.model().parameters.learnt
    #expect(learnt.reduce(0) { $0 + $1.value.count } == expected.parameters)
    let graph = try architecture.graph()
    #expect(graph.outputs.map { graph.values[$0].type.dims } == expected.outputs.map { [.symbol(0)] + $0.map { .fixed($0) } })
    let one = try graph.fixing([1])
    var macs = 0
    for node in one.nodes {
      switch node.op {
      case .conv, .convTranspose, .gemm: macs += try #require(one.cost(of: node)).macs
      default: break
      }
    }
    #expect(macs == expected.macs)
  }

  @Test func theSameSeedGivesTheSameWeights() {
    let architecture = Architecture.named("unet_small")!
    func weights(_ seed: UInt64) -> [Float] { architecture.model(seed: seed).parameters.flatMap { $0.parameter.value.scalars } }
    #expect(weights(1) == weights(1))
    #expect(weights(1) != weights(2))
  }

  /// The small ones for random inputs on every instruction set, against the naive operations.
  @Test(arguments: ["lenet5", "mlp", "conv1d", "autoencoder", "mobilenet_v2", "fast_rcnn"])
  func runsInTheRuntime(name: String) throws {
    let architecture = Architecture.named(name)!
    let graph = try architecture.graph(seed: 3, logits: true)
    let inputs = architecture.randomInputs()
    try expectOutputs(of: graph, inputs, try evaluateGraph(graph, inputs))
  }

  /// Two images through one network, against the layers of training; the naive operations take too long.
  @Test func siameseRunsInTheRuntime() throws {
    let architecture = Architecture.named("siamese")!
    let graph = try architecture.graph(seed: 3)
    var inputs = architecture.randomInputs()
    let model = architecture.model(seed: 3)
    func similarity() -> [[Double]] {
      let images = inputs.map { Tensor<Float>($0.sizes, $0.values) }
      return model(images).map { $0.scalars.map { Double($0) } }
    }
    try expectOutputs(of: graph, inputs, similarity())
    // The embeddings are of both images, by the same weights: swapped ones are as alike, and the same image differs in nothing.
    let found = similarity()
    inputs.swapAt(0, 1)
    #expect(similarity() == found)
    inputs[0] = inputs[1]
    #expect(similarity() == [[0.5]] && found != [[0.5]])
    try expectOutputs(of: graph, inputs, [[0.5]])
  }

  private func expectOutputs(of graph: Graph, _ inputs: [TestTensor], _ expected: [[Double]]) throws {
    for isa in availableKernels().map({ $0.isa }) {
      let session = Session(try Model(graph, isa: isa), pool: try ThreadPool(threads: 1))
      for (i, input) in inputs.enumerated() {
        let target = try session.prepareInput(i, .f32, input.sizes)
        input.values.withUnsafeBytes { target.copyMemory(from: $0) }
      }
      try session.run()
      for (i, expected) in expected.enumerated() {
        let found = Array(try session.output(i).data.bindMemory(to: Float.self))
        #expect(found.count == expected.count)
        let scale = expected.reduce(0) { max($0, abs($1)) }
        let worst = zip(found, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
        #expect(worst < 1e-4 * scale, "\(isa.name), output \(i): \(worst) of \(scale)")
      }
    }
  }

  /// Depth must not make numbers vanish or grow: outputs of all networks that a test can afford to run are of ordinary size.
  @Test(arguments: ["mobilenet_v2", "efficientnet_b0", "resnet18", "googlenet", "facenet", "autoencoder"])
  func activationsKeepTheirScale(name: String) throws {
    let architecture = Architecture.named(name)!
    let input = architecture.randomInputs()[0]
    let model = architecture.model(seed: 2)
    let y = model([Tensor<Float>(input.sizes, input.values.map { 1.7 * $0 })])[0].scalars
    let mean = y.reduce(0, +) / Float(y.count)
    let deviation = (y.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(y.count)).squareRoot()
    #expect(deviation > 0.02 && deviation < 50, "\(deviation)")
  }

  @Test func embeddingsHaveLengthOneAndTripletsLearn() {
    let embed = Architecture.named("facenet")!.model(seed: 1)
    let faces = TestTensor(random: [3, 3, 112, 112], seed: 1)
    let e = embed([Tensor<Float>(faces.sizes, faces.values)])[0]
    #expect(sum(e * e, axes: [1]).scalars.allSatisfy { abs($0 - 1) < 1e-5 })
    #expect(squaredDistance(e, e).scalars == [0, 0, 0])
    let far = tripletLoss(anchor: e, positive: e, negative: e, margin: 0.5)
    #expect(abs(far.item - 0.5) < 1e-6)
  }
}

extension Architecture {
  /// One of everything in −1 ..< 1; some boxes within the image, with their corners in any order.
  fileprivate func randomInputs() -> [TestTensor] {
    inputs.enumerated().map { i, input in
      if input.name != "boxes" { return TestTensor(random: [1] + input.shape, seed: 5 + UInt64(i)) }
      var boxes = TestTensor(random: [7] + input.shape, seed: 5)
      boxes.values = boxes.values.map { 400 * ($0 + 1) }
      return boxes
    }
  }
}
