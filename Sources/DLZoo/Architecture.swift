import DLGraph
import DLTrain

/// A well-known network: how it is built, what goes in and what comes out.
///
///     let graph = try Architecture.named("resnet50")!.graph(seed: 1)   // random weights
///     let model = Architecture.named("lenet5")!.model(seed: 1)         // a DLTrain layer, to train
public struct Architecture: Sendable {
  /// What its output means.
  public enum Task: Sendable {
    /// Logits of classes; a graph ends with their softmax unless told otherwise.
    case classification
    /// Anything else; the name of the output.
    case other(String)
  }

  /// As on the command line: letters, digits, underscores.
  public let name: String
  /// One line: what it is for, and the paper.
  public let summary: String
  /// Shape of an input without the batch: [channels, spatial…] or [features].
  public let input: [Int]
  public let task: Task
  /// How images become the input; nil if it takes none.
  public let normalisation: Normalisation?
  /// Names of the classes; none for those with too many to list.
  public let labels: [String]
  let make: @Sendable (inout LayerMaker) -> any Layer<Float>

  init(
    _ name: String, _ summary: String, input: [Int], task: Task = .classification, normalisation: Normalisation? = .imageNet,
    labels: [String] = [], _ make: @escaping @Sendable (inout LayerMaker) -> any Layer<Float>
  ) {
    self.name = name
    self.summary = summary
    self.input = input
    self.task = task
    self.normalisation = normalisation
    self.labels = labels
    self.make = make
  }

  public static let all: [Architecture] = [
    lenet5, mlp, alexnet, vgg16, resnet18, resnet50, googlenet, inceptionV3, mobilenetV1, mobilenetV2, efficientnetB0, unet,
    unetSmall, faceEmbedding, tinyYolo, autoencoder, conv1D, conv3D,
  ]

  public static func named(_ name: String) -> Architecture? { all.first { $0.name == name } }

  /// The network with random weights (He et al. 2015): the same seed gives the same weights. A classifier gives logits.
  public func model(seed: UInt64 = 1) -> any Layer<Float> {
    var maker = LayerMaker(seed: seed)
    return make(&maker)
  }

  /// The same as a graph with a free batch size, made without computing anything.
  /// - Parameter logits: whether to leave out the softmax at the end of a classifier
  public func graph(seed: UInt64 = 1, logits: Bool = false) throws(DLError) -> Graph {
    var description = ModelDescription(name: name, description: summary, labels: labels, normalisation: normalisation)
    description.inputName = normalisation == nil ? "x" : "image"
    let model = model(seed: seed)
    switch task {
    case .other(let output): description.outputName = output
    case .classification where logits: description.outputName = "logits"
    case .classification: return try Classifier(model).graph(input: input, description)
    }
    return try model.graph(input: input, description)
  }
}

/// A network of logits and the softmax after it.
private struct Classifier: Layer {
  let logits: any Layer<Float>

  init(_ logits: any Layer<Float>) { self.logits = logits }
  func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { softmax(logits(x)) }
  var parameters: Parameters<Float> { logits.parameters }
}

extension Normalisation {
  /// Mean and deviation of ImageNet's photographs.
  public static let imageNet = Normalisation(mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])
}
