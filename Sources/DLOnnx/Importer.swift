import DLGraph
import Foundation

/// What a user may say about a model beyond what its file says.
public struct ImportOptions: Sendable {
  /// Sizes of inputs, in place of those of the file; −1 for a free one.
  public var shapes: [String: [Int]] = [:]
  /// Inputs that become constants.
  public var constants: [String: Double] = [:]
  /// Values to make the outputs, in place of those of the file.
  public var outputs: [String] = []

  public init() {}
}

/// Reads an ONNX file (https://onnx.ai) as a graph.
/// Throws Problems with everything that keeps the model from being converted; DLError if the file cannot be read at all.
public func importModel(_ path: String, _ options: ImportOptions = ImportOptions()) throws -> Graph {
  try Importer(ExternalFiles(besides: path), options).run(try readOnnx(path))
}

/// Turns the nodes of a model into those of a graph, one after the other.
final class Importer {
  var graph = Graph()
  let files: ExternalFiles
  let options: ImportOptions
  /// Versions of operator sets by their domain.
  private(set) var versions: [String: Int] = [:]
  private(set) var problems = Problems()
  private(set) var scope = Scope()
  private var symbols: [String: Dim] = [:]

  init(_ files: ExternalFiles, _ options: ImportOptions) {
    self.files = files
    self.options = options
  }

  func run(_ file: consuming Onnx_ModelProto) throws -> Graph {
    var source = file.graph
    file.clearGraph()
    graph.name = Name(source.name)
    for set in file.opsetImport { versions[domain(set.domain)] = Int(set.version) }
    // Files from before operator sets had versions name none.
    if versions[""] == nil { versions[""] = 1 }

    define(&source)
    try addInputs(source.input)
    let outputs = options.outputs.isEmpty ? source.output.map(\.name) : options.outputs
    for index in try orderNodes(source.node, outputs: outputs) { convert(source.node[index]) }
    try addOutputs(outputs)
    if !problems.list.isEmpty { throw problems }
    graph.removeUnused()
    addMetadata(file, description: source.docString)
    try graph.validate()
    return graph
  }

  private func domain(_ name: String) -> String { name == "ai.onnx" ? "" : name }

  /// Makes the initializers of a graph known, taking them out of it so that each can be released once it is copied.
  private func define(_ source: inout Onnx_GraphProto) {
    for tensor in source.initializer { scope.entries[tensor.name] = .tensor(tensor) }
    for tensor in source.sparseInitializer { scope.entries[tensor.values.name] = .sparseTensor(tensor) }
    source.initializer = []
    source.sparseInitializer = []
  }

  // MARK: inputs and outputs

  /// Inputs that have an initializer are constants: older files list all initializers as inputs.
  private func addInputs(_ inputs: [Onnx_ValueInfoProto]) throws {
    for name in options.shapes.keys.sorted() + options.constants.keys.sorted() where !inputs.contains(where: { $0.name == name })
    {
      throw DLError(.notFound, "the model has no input '\(name)'; it has \(inputs.map(\.name).joined(separator: ", "))")
    }
    for input in inputs where scope.entries[input.name] == nil {
      do throws(DLError) {
        let type = try type(of: input)
        if let value = options.constants[input.name] {
          let constant = try Constant(filling: type, with: value)
          scope.entries[input.name] = .value(graph.addConstant(Name(input.name), constant))
        } else {
          scope.entries[input.name] = .value(graph.addInput(Name(input.name), type))
        }
      } catch {
        problems.add(error.message, at: "input '\(input.name)'")
        scope.entries[input.name] = .failed
      }
    }
  }

  private func type(of input: Onnx_ValueInfoProto) throws(DLError) -> TensorType {
    switch input.type.value {
    case .tensorType(let tensor):
      let dtype = try dtype(tensor.elemType)
      if let sizes = options.shapes[input.name] {
        return TensorType(dtype, sizes.enumerated().map { $1 >= 0 ? .fixed($1) : symbol("\(input.name)_\($0)") })
      }
      guard tensor.hasShape else { throw DLError(.unsupported, "its shape is not known; --shape can give it") }
      guard tensor.shape.dim.count <= maximumRank else {
        throw DLError(.unsupported, "its rank is \(tensor.shape.dim.count), above \(maximumRank)")
      }
      return TensorType(dtype, tensor.shape.dim.enumerated().map { dim($1, "\(input.name)_\($0)") })
    case .sequenceType: throw DLError(.unsupported, "its type is a sequence")
    case .mapType: throw DLError(.unsupported, "its type is a map")
    case .optionalType: throw DLError(.unsupported, "its type is optional")
    case .sparseTensorType: throw DLError(.unsupported, "its type is a sparse tensor")
    case .opaqueType, nil: throw DLError(.unsupported, "its type is not known")
    }
  }

  /// unnamed: what a free size without a name is called.
  private func dim(_ dim: Onnx_TensorShapeProto.Dimension, _ unnamed: String) -> Dim {
    switch dim.value {
    case .dimValue(let size) where size >= 0: .fixed(Int(size))
    case .dimParam(let name) where !name.isEmpty: symbol(name)
    default: symbol(unnamed)
    }
  }

  private func symbol(_ name: String) -> Dim {
    if let known = symbols[name] { return known }
    graph.symbols.append(Name(name))
    symbols[name] = .symbol(graph.symbols.count - 1)
    return .symbol(graph.symbols.count - 1)
  }

  /// Every output is a value of its own that bears its name.
  private func addOutputs(_ names: [String]) throws {
    var taken = Set(graph.inputs)
    for name in names {
      do throws(DLError) {
        guard var value = try value(name) else { continue }
        if graph.values[value].constant != nil || taken.contains(value) { value = try append(.activation(.identity), [value]) }
        taken.insert(value)
        graph.values[value].name = Name(name)
        graph.outputs.append(value)
      } catch { problems.add(error.message, at: "output '\(name)'") }
    }
  }

  private func addMetadata(_ file: Onnx_ModelProto, description: String) {
    var keys: Set<String> = []
    func add(_ key: String, _ value: String) {
      if !value.isEmpty, keys.insert(key).inserted { graph.metadata.append((Name(key), .text(Name(value)))) }
    }
    add("name", graph.name.description)
    add("description", file.docString.isEmpty ? description : file.docString)
    let producer = [file.producerName, file.producerVersion].filter { !$0.isEmpty }
    add("producer", producer.joined(separator: " "))
    for entry in file.metadataProps { add("onnx.\(entry.key)", entry.value) }
  }

  // MARK: nodes

  /// Turns one node into nodes of the graph. What is wrong with it is noted, so that all problems are found at once.
  func convert(_ node: Onnx_NodeProto) {
    do throws(DLError) {
      let name = domain(node.domain)
      guard name.isEmpty, let converter = converters[node.opType] else {
        throw DLError(.unsupported, name.isEmpty ? "this operation" : "this operation of domain \(name)")
      }
      var inputs: [Int?] = []
      for input in node.input {
        if input.isEmpty {
          inputs.append(nil)
        } else if let known = try value(input) {
          inputs.append(known)
        } else {
          // The problem is with the node that computes the input.
          return fail(node)
        }
      }
      let call = Call(node, version: versions[""] ?? 1, self, inputs: inputs)
      let firstNode = graph.nodes.count
      let firstValue = graph.values.count
      let outputs = try converter(call)
      try call.requireAllRead()
      guard outputs.count >= node.output.count else {
        throw DLError(.unsupported, "output \(outputs.count) '\(node.output[outputs.count])'")
      }
      nameNodes(from: firstNode, node)
      for (name, value) in zip(node.output, outputs) where !name.isEmpty {
        if value >= firstValue { graph.values[value].name = Name(name) }
        scope.entries[name] = .value(value)
      }
    } catch {
      problems.add("\(node.opType): \(error.message)", at: node.place)
      fail(node)
    }
  }

  private func fail(_ node: Onnx_NodeProto) {
    for output in node.output where !output.isEmpty { scope.entries[output] = .failed }
  }

  /// The last of the nodes a node became bears its name, those before it also that of their operation.
  private func nameNodes(from first: Int, _ node: Onnx_NodeProto) {
    let name = node.name.isEmpty ? node.output.first ?? "" : node.name
    for index in first..<graph.nodes.count {
      let last = index == graph.nodes.count - 1
      graph.nodes[index].name = Name(last ? name : "\(name)/\(graph.nodes[index].op.name)")
      if !last { graph.values[graph.nodes[index].outputs[0]].name = graph.nodes[index].name }
    }
  }

  /// Appends a node, whose output has the type that the graph infers.
  func append(_ op: Op, _ inputs: [Int]) throws(DLError) -> Int {
    let type = try inferType(of: op, inputs.map { graph.values[$0].type }, symbols: graph.symbols)
    graph.values.append(Value(name: "", type: type))
    graph.nodes.append(Node(name: "", op: op, inputs: inputs, outputs: [graph.values.count - 1]))
    return graph.values.count - 1
  }

  /// The value of a name, nil if it could not be converted. An initializer becomes a constant when it is first asked for.
  private func value(_ name: String) throws(DLError) -> Int? {
    guard let owner = scope.owner(of: name), let entry = owner.entries[name] else {
      throw DLError(.invalidModel, "nothing computes '\(name)'")
    }
    let constant: Constant
    switch entry {
    case .value(let value): return value
    case .failed: return nil
    case .tensor(let tensor): constant = try DLOnnx.constant(tensor, files)
    case .sparseTensor(let tensor): constant = try DLOnnx.constant(tensor, files)
    }
    let value = graph.addConstant(Name(name), constant)
    owner.entries[name] = .value(value)
    return value
  }
}
