import DLGraph
import FoundationEssentials

/// The version of ONNX's operator set that models are written in, the first with RMSNormalization, and that of the file format.
private let operatorSet = 23
private let formatVersion = 10

/// A graph as an ONNX model (https://onnx.ai). Names of inputs, outputs and free sizes are kept, metadata become properties.
/// Throws Problems with everything that ONNX cannot express.
public func exportModel(_ graph: Graph) throws -> ExportedModel { try Exporter(graph).run() }

/// Turns the nodes of a graph into those of an ONNX model, one after the other.
final class Exporter {
  let graph: Graph
  private var model = Onnx_ModelProto()
  private var tensors: [ExportedModel.Tensor] = []
  private var problems = Problems()
  private var valueNames = UniqueNames()
  private var nodeNames = UniqueNames()
  /// What each value of the graph is called; nil until it is asked for.
  private var names: [Name?]
  private var outputNames: [Name] = []

  init(_ graph: Graph) {
    self.graph = graph
    names = Array(repeating: nil, count: graph.values.count)
  }

  func run() throws -> ExportedModel {
    model.irVersion = Int64(formatVersion)
    model.opsetImport = [.with { $0.version = Int64(operatorSet) }]
    model.producerName = "dl-export"
    model.graph.name = graph.name.isEmpty ? "graph" : graph.name.description
    nameInterface()
    for node in graph.nodes {
      do { try NodeExporter(node, self).export() } catch {
        problems.add("\(node.op.name): \(error.message)", at: node.name.quoted.description)
      }
    }
    addInterface()
    addMetadata()
    if !problems.list.isEmpty { throw problems }
    return ExportedModel(proto: model, tensors: tensors)
  }

  // MARK: names

  /// Inputs and outputs have the first choice.
  private func nameInterface() {
    for (i, input) in graph.inputs.enumerated() { names[input] = valueNames.unique(graph.values[input].name, else: "input_\(i)") }
    for (i, output) in graph.outputs.enumerated() {
      if let input = names[output] {
        outputNames.append(input)
        continue
      }
      let wanted = graph.values[output].name
      let name = valueNames.unique(wanted, else: "output_\(i)")
      if !wanted.isEmpty && name != wanted {
        problems.add("an output has the name of an input, which names one value in ONNX", at: wanted.quoted.description)
      }
      outputNames.append(name)
      // A constant is copied to the output.
      if graph.values[output].constant == nil { names[output] = name }
    }
  }

  /// The name of a value. A constant becomes part of the model when it is first asked for.
  func name(of value: Int) -> String {
    if let known = names[value] { return known.description }
    let name = valueNames.unique(graph.values[value].name, else: "value_\(value)")
    names[value] = name
    if let constant = graph.values[value].constant {
      tensors.append(ExportedModel.Tensor(name: name.description, value: constant))
    }
    return name.description
  }

  // MARK: parts

  /// Appends a node. outputs: their names.
  func append(_ type: String, _ inputs: [String], _ attributes: [Onnx_AttributeProto], to outputs: [String], named name: Name) {
    var inputs = inputs
    while inputs.last?.isEmpty == true { inputs.removeLast() }
    model.graph.node.append(
      .with {
        $0.opType = type
        $0.name = nodeNames.unique(name, else: "node").description
        $0.input = inputs
        $0.output = outputs
        $0.attribute = attributes
      })
  }

  /// A name for a value that the graph does not have.
  func freshName(_ base: Name) -> String { valueNames.unique(base, else: "value").description }

  func append(_ constant: Constant, named base: Name) -> String {
    let name = freshName(base)
    tensors.append(ExportedModel.Tensor(name: name, value: constant))
    return name
  }

  private func addInterface() {
    model.graph.input = graph.inputs.map { info($0, name(of: $0)) }
    for (output, name) in zip(graph.outputs, outputNames) {
      if let constant = graph.values[output].constant {
        append("Identity", [append(constant, named: name)], [], to: [name.description], named: name)
      }
      model.graph.output.append(info(output, name.description))
    }
  }

  private func info(_ value: Int, _ name: String) -> Onnx_ValueInfoProto {
    let type = graph.values[value].type
    return .with {
      $0.name = name
      $0.type.tensorType.elemType = type.dtype.onnx
      $0.type.tensorType.shape.dim = type.dims.map { dim in
        .with {
          switch dim {
          case .fixed(let size): $0.dimValue = Int64(size)
          case .symbol(let symbol): $0.dimParam = graph.symbols[symbol].description
          case .unknown: break
          }
        }
      }
    }
  }

  // MARK: metadata

  /// What came from properties of an ONNX model goes back under its own key.
  private func addMetadata() {
    let keys = Set(graph.metadata.map { $0.key.description })
    for (key, value) in graph.metadata {
      let (key, text) = (key.description, value.text)
      if key == "description" {
        model.docString = text
      } else if key != "name" || text != model.graph.name {
        let original = key.hasPrefix("onnx.") ? String(key.dropFirst(5)) : key
        model.metadataProps.append(
          .with {
            $0.key = original.isEmpty || keys.contains(original) ? key : original
            $0.value = text
          })
      }
    }
  }
}

/// Gives out names, each once.
private struct UniqueNames {
  /// The next number to try after a name.
  private var next: [Name: Int] = [:]

  /// other: what is tried in place of an empty name.
  mutating func unique(_ wanted: Name, else other: @autoclosure () -> String) -> Name {
    let base = wanted.isEmpty ? Name(other()) : wanted
    guard var number = next[base] else {
      next[base] = 1
      return base
    }
    var name = base
    while next[name] != nil {
      name = Name("\(base)_\(number)")
      number += 1
    }
    next[base] = number
    next[name] = 1
    return name
  }
}

extension MetadataValue {
  /// As options of `dl-export convert` have them: numbers with commas, texts on lines.
  fileprivate var text: String {
    switch self {
    case .text(let text): text.description
    case .integer(let number): "\(number)"
    case .real(let number): "\(number)"
    case .integers(let numbers): numbers.map { "\($0)" }.joined(separator: ",")
    case .reals(let numbers): numbers.map { "\($0)" }.joined(separator: ",")
    case .texts(let texts): texts.map { $0.description }.joined(separator: "\n")
    }
  }
}
