import DLGraph
import DLTrain

/// A well-known network: how it is built, what goes in and what comes out.
///
///     let graph = try Architecture.named("resnet50")!.graph(seed: 1)   // random weights
///     let model = Architecture.named("lenet5")!.model(seed: 1)         // made of DLTrain's layers, to train
public struct Architecture: Sendable {
  /// What its output means.
  public enum Task: Sendable {
    /// Logits of classes; a graph ends with their softmax unless told otherwise.
    case classification
    /// Logits of classes for each region of an image, ending as those do, and what moves its box for each class.
    case detection
    /// Anything else; the name of the output.
    case other(String)
  }

  /// As on the command line: letters, digits, underscores.
  public let name: String
  /// One line: what it is for, and the paper.
  public let summary: String
  /// Shapes without the batch are [channels, spatial…] or [features].
  public let inputs: [GraphInput]
  public let task: Task
  /// How images become the input; nil if it takes none.
  public let normalisation: Normalisation?
  /// Names of the classes; none for those with too many to list.
  public let labels: [String]
  let make: @Sendable (inout LayerMaker) -> any Network<Float>

  init(
    _ name: String, _ summary: String, input: [Int], task: Task = .classification, normalisation: Normalisation? = .imageNet,
    labels: [String] = [], _ make: @escaping @Sendable (inout LayerMaker) -> any Network<Float>
  ) {
    let input = GraphInput(normalisation == nil ? "x" : "image", input)
    self.init(name, summary, inputs: [input], task: task, normalisation: normalisation, labels: labels, make)
  }

  init(
    _ name: String, _ summary: String, inputs: [GraphInput], task: Task, normalisation: Normalisation? = nil,
    labels: [String] = [], _ make: @escaping @Sendable (inout LayerMaker) -> any Network<Float>
  ) {
    self.name = name
    self.summary = summary
    self.inputs = inputs
    self.task = task
    self.normalisation = normalisation
    self.labels = labels
    self.make = make
  }

  public static let all: [Architecture] = [
    lenet5, mlp, alexnet, vgg16, resnet18, resnet50, googlenet, inceptionV3, mobilenetV1, mobilenetV2, efficientnetB0, unet,
    unetSmall, faceEmbedding, siamese, tinyYolo, fastRCNN, autoencoder, conv1D, conv3D,
  ]

  public static func named(_ name: String) -> Architecture? { all.first { $0.name == name } }

  /// The network with random weights (He et al. 2015): the same seed gives the same weights. A classifier gives logits.
  /// Those of one input and one output are layers (`as? any Layer<Float>`), which a `Trainer` takes.
  public func model(seed: UInt64 = 1) -> any Network<Float> {
    var maker = LayerMaker(seed: seed)
    return make(&maker)
  }

  /// The same as a graph with a free batch size, made without computing anything.
  /// - Parameter logits: whether to leave out the softmax at the end of a classifier
  public func graph(seed: UInt64 = 1, logits: Bool = false) throws(DLError) -> Graph {
    var description = ModelDescription(name: name, description: summary, labels: labels, normalisation: normalisation)
    description.inputName = inputs[0].name
    var network = model(seed: seed)
    let scores = logits ? "logits" : "probabilities"
    let outputs: [String]
    switch task {
    case .classification: outputs = [scores]
    case .detection: outputs = [scores, "deltas"]
    case .other(let output): return try network.graph(inputs: inputs, outputs: [output], description)
    }
    if !logits { network = Classifier(network) }
    return try network.graph(inputs: inputs, outputs: outputs, description)
  }
}

/// A network whose first output is logits, and the softmax after it.
private struct Classifier: Network {
  let network: any Network<Float>

  init(_ network: any Network<Float>) { self.network = network }
  func callAsFunction(_ xs: [Tensor<Float>]) -> [Tensor<Float>] {
    var ys = network(xs)
    ys[0] = softmax(ys[0])
    return ys
  }
  var parameters: Parameters<Float> { network.parameters }
}

extension Normalisation {
  /// Mean and deviation of ImageNet's photographs.
  public static let imageNet = Normalisation(mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])
}
