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

extension Layer where Scalar == Float {
  /// The network as a graph: its forward pass at inference, traced. The first dimension of input and output, the batch, is free.
  /// - Parameter input: the input's shape without the batch
  /// - Throws: what the graph's validation does, or invalidModel if the network fixes the batch
  public func graph(input: [Int], _ description: ModelDescription) throws(DLError) -> Graph {
    let tape = Tape<Float>(shapesOnly: true)
    let x = tape.watch(Tensor(zeros: [1] + input))
    let y = self(x)
    guard y.place?.tape === tape, !tape.entries.isEmpty else {
      throw DLError(.invalidModel, "the network computes nothing from its input")
    }
    var graph = Graph()
    let symbol = graph.symbol("N")
    graph.name = Name(description.name)
    var names: [ObjectIdentifier: String] = [:]
    for (name, parameter) in parameters { names[ObjectIdentifier(parameter.value.buffer)] = name }

    // Values of the graph by those of the tape.
    var values: [Int: Int] = [:]
    values[tape.index(of: x)] = graph.addInput(
      Name(description.inputName), TensorType(.f32, [symbol] + input.map { .fixed($0) }))
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
    let output = values[tape.index(of: y)]!
    guard graph.values[output].type.dims.first == symbol else {
      throw DLError(.invalidModel, "the output \(describe(graph.values[output].type, symbols: graph.symbols)) has no free batch")
    }
    graph.values[output].name = Name(description.outputName)
    graph.outputs = [output]
    description.write(to: &graph)
    try graph.validate()
    return graph
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
