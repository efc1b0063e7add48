import DLGraph
import Foundation

/// What a model file says about itself besides the network.
public struct ModelDescription: Sendable {
  public var name: String
  public var description: String
  /// Names of the classes in the order of the outputs.
  public var labels: [String]
  /// How images become the input; nil if it takes no images.
  public var normalisation: Normalisation?
  public var inputName = "input"
  public var outputName = "probabilities"

  public init(name: String, description: String, labels: [String] = [], normalisation: Normalisation? = nil) {
    self.name = name
    self.description = description
    self.labels = labels
    self.normalisation = normalisation
  }
}

/// A tensor that a graph reads.
public struct GraphInput: Sendable {
  public let name: String
  /// Without the first dimension.
  public let shape: [Int]
  /// The name of the first dimension, which is free; nil: it is always 1.
  public let batch: String?

  public init(_ name: String, _ shape: [Int], batch: String? = "N") {
    self.name = name
    self.shape = shape
    self.batch = batch
  }
}

extension Network where Scalar == Float {
  /// The network as a graph: its forward pass at inference, traced.
  /// - Parameter outputs: a name for each result
  /// - Throws: what the graph's validation does, or invalidModel if the network fixes the first dimension of an output
  public func graph(
    inputs: [GraphInput], outputs: [String], _ description: ModelDescription
  ) throws(DLError) -> Graph {
    let tape = Tape<Float>(shapesOnly: true)
    let xs = inputs.map { tape.watch(Tensor(zeros: [1] + $0.shape)) }
    let ys = self(xs)
    precondition(ys.count == outputs.count, "\(outputs.count) names for \(ys.count) outputs")
    guard ys.allSatisfy({ $0.place?.tape === tape }), !tape.entries.isEmpty else {
      throw DLError(.invalidModel, "the network computes nothing from its input")
    }
    var graph = Graph()
    graph.name = Name(description.name)
    var names: [ObjectIdentifier: String] = [:]
    for (name, parameter) in parameters { names[ObjectIdentifier(parameter.value.buffer)] = name }

    // Values of the graph by those of the tape.
    var values: [Int: Int] = [:]
    for (input, x) in zip(inputs, xs) {
      let batch = input.batch.map { graph.symbol(Name($0)) } ?? .fixed(1)
      values[tape.index(of: x)] = graph.addInput(Name(input.name), TensorType(.f32, [batch] + input.shape.map { .fixed($0) }))
    }
    var usedNames = NodeNames()
    for entry in tape.entries {
      guard case .op(let op) = entry.operation else { throw DLError(.unsupported, "a loss is not part of a model") }
      for index in entry.inputs where values[index] == nil {
        let leaf = tape.values[index]
        let name = names[ObjectIdentifier(leaf.buffer)] ?? "constant_\(index)"
        values[index] = graph.addConstant(Name(name), try Constant(leaf.shape, leaf.scalars))
      }
      let layer = entry.inputs.lazy.compactMap { names[ObjectIdentifier(tape.values[$0].buffer)] }.first
      let name = usedNames.next(layer: layer, op)
      values[entry.output] = try graph.addNode(op, entry.inputs.map { values[$0]! }, name: Name(name))
    }
    for (name, y) in zip(outputs, ys) {
      let output = values[tape.index(of: y)]!
      let type = graph.values[output].type
      guard case .symbol = type.dims.first else {
        throw DLError(.invalidModel, "the output \(describe(type, symbols: graph.symbols)) has no free batch")
      }
      graph.values[output].name = Name(name)
      graph.outputs.append(output)
    }
    description.write(to: &graph)
    try graph.validate()
    return graph
  }
}

extension Layer where Scalar == Float {
  /// The same of one input and one output; the first dimension of both, the batch, is free.
  /// - Parameter input: the input's shape without the batch
  public func graph(input: [Int], _ description: ModelDescription) throws(DLError) -> Graph {
    try graph(inputs: [GraphInput(description.inputName, input)], outputs: [description.outputName], description)
  }

  /// Writes the network to a `.dlrt` file; see `graph(input:_:)`.
  public func export(to path: String, input: [Int], _ description: ModelDescription) throws(DLError) {
    let graph = try graph(input: input, description)
    try writeFile(path) { sink throws(DLError) in try writeModel(graph, to: sink) }
  }
}

/// Nodes are named by the layer whose parameters they read (conv1, of conv1.weight), the others by kind: relu_1, relu_2, …
private struct NodeNames {
  private var counts: [String: Int] = [:]

  mutating func next(layer parameter: String?, _ op: Op) -> String {
    guard let parameter, let dot = parameter.lastIndex(of: ".") else { return numbered("\(op.name)") }
    let layer = String(parameter[..<dot])
    // A layer that is used twice is two nodes.
    return counts[layer] == nil ? first(layer) : numbered(layer)
  }

  private mutating func first(_ name: String) -> String {
    counts[name] = 1
    return name
  }

  private mutating func numbered(_ name: String) -> String {
    counts[name, default: 0] += 1
    return "\(name)_\(counts[name]!)"
  }
}

extension ModelDescription {
  fileprivate func write(to graph: inout Graph) {
    graph.setMetadata("name", .text(Name(name)))
    graph.setMetadata("description", .text(Name(description)))
    if !labels.isEmpty { graph.setMetadata("labels", .texts(labels.map { Name($0) })) }
    guard let normalisation else { return }
    graph.setMetadata("preprocess.input", .text(Name(inputName)))
    graph.setMetadata("preprocess.color", .text(normalisation.mean.count == 1 ? "gray" : "rgb"))
    graph.setMetadata("preprocess.resize", .text("stretch"))
    graph.setMetadata("preprocess.scale", .real(normalisation.scale))
    graph.setMetadata("preprocess.mean", .reals(normalisation.mean))
    graph.setMetadata("preprocess.std", .reals(normalisation.std))
  }
}
