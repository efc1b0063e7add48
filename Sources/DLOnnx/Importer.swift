import DLGraph

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

/// A model as a graph, and what became of its nodes.
public struct ImportedModel: Sendable {
  /// Nodes of one operation of ONNX.
  public struct Conversion: Sendable {
    public let operation: String
    public let count: Int
    /// The operations that are left of them in the graph, with their numbers: "3 conv".
    public let results: [String]
  }

  public var graph: Graph
  /// The inputs that became constants.
  public var constants: [(name: String, value: Constant)] = []
  /// In the order in which operations first appear.
  public var conversions: [Conversion] = []
  public var nodeCount = 0
  public var unusedNodes = 0
  /// The version of ONNX's own operator set.
  public var version = 0
}

/// Reads an ONNX file (https://onnx.ai) as a graph. progress: is told what is being done, now and then.
/// Throws Problems with everything that keeps the model from being converted; DLError if the file cannot be read at all.
public func importModel(
  _ path: String, _ options: ImportOptions = ImportOptions(), progress: @escaping (String) -> Void = { _ in }
) throws -> ImportedModel {
  progress("reading")
  let files = ExternalFiles(besides: path)
  return try Importer(files, options, progress).run(try readOnnx(path, files))
}

/// Turns the nodes of a model into those of a graph, one after the other.
final class Importer {
  var graph = Graph()
  let files: ExternalFiles
  let options: ImportOptions
  /// Versions of operator sets by their domain.
  var versions: [String: Int] = [:]
  private(set) var problems = Problems()
  var scope = Scope()
  /// The attributes of the function call that is being inlined.
  var attributes: [String: Onnx_AttributeProto] = [:]
  /// The names of the nodes around the graph that is being converted, each with a slash after it, and their number.
  var path = ""
  var depth = 0
  private var functions: [String: Onnx_FunctionProto] = [:]
  private var constants: [(name: String, value: Constant)] = []
  private var nodeCount = 0
  var budget = Budget()
  private var history = History()
  private let progress: (String) -> Void
  private var symbols: [String: Dim] = [:]

  init(_ files: ExternalFiles, _ options: ImportOptions, _ progress: @escaping (String) -> Void = { _ in }) {
    self.files = files
    self.options = options
    self.progress = progress
  }

  func run(_ file: consuming Onnx_ModelProto) throws -> ImportedModel {
    var source = file.graph
    file.clearGraph()
    graph.name = Name(source.name)
    for set in file.opsetImport { versions[domain(set.domain)] = Int(set.version) }
    // Files from before operator sets had versions name none.
    if versions[""] == nil { versions[""] = 1 }
    for function in file.functions {
      functions[key(domain(function.domain), function.name, function.overload)] = function
    }

    scope.define(source)
    // Each can be released once it is copied.
    source.initializer = []
    source.sparseInitializer = []
    try addInputs(source.input)
    let outputs = options.outputs.isEmpty ? source.output.map(\.name) : options.outputs
    let order = try orderNodes(source.node, outputs: outputs)
    for (done, index) in order.enumerated() {
      if done % 256 == 0 { progress("converting node \(done) of \(order.count)") }
      try convert(source.node[index])
    }
    try addOutputs(outputs)
    if !problems.list.isEmpty { throw problems }
    graph.mergeEqualConstants()
    graph.removeUnused()
    addMetadata(file, description: source.docString)
    try graph.validate()
    var result = ImportedModel(graph: graph, constants: constants)
    result.conversions = history.conversions(in: graph)
    result.nodeCount = nodeCount
    result.unusedNodes = source.node.count - order.count
    result.version = versions[""] ?? 0
    return result
  }

  func domain(_ name: String) -> String { name == "ai.onnx" ? "" : name }
  private func key(_ domain: String, _ name: String, _ overload: String) -> String { "\(domain):\(name):\(overload)" }

  // MARK: inputs and outputs

  /// Inputs that have an initializer are constants: older files list all initializers as inputs.
  private func addInputs(_ inputs: [Onnx_ValueInfoProto]) throws {
    for name in options.shapes.keys.sorted() + options.constants.keys.sorted() where !inputs.contains(where: { $0.name == name })
    {
      throw DLError(.notFound, "the model has no input '\(name)'; it has \(inputs.map(\.name).joined(separator: ", "))")
    }
    for input in inputs where scope.entries[input.name] == nil {
      do {
        let type = try type(of: input)
        if let value = options.constants[input.name] {
          let constant = try Constant(filling: type, with: value)
          scope.entries[input.name] = .value(try add(constant, named: input.name))
          constants.append((input.name, constant))
        } else {
          scope.entries[input.name] = .value(graph.addInput(Name(input.name), type))
        }
      } catch let error as DLError {
        problems.add(error.message, at: "input '\(input.name)'")
        scope.entries[input.name] = .failed
      }
    }
  }

  private func type(of input: Onnx_ValueInfoProto) throws -> TensorType {
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
      do {
        guard var value = try value(name) else { continue }
        if graph.values[value].constant != nil || taken.contains(value) { value = try copied(value) }
        taken.insert(value)
        graph.values[value].name = Name(name)
        graph.outputs.append(value)
      } catch let error as DLError { problems.add(error.message, at: "output '\(name)'") }
    }
  }

  private func copied(_ value: Int) throws -> Int {
    let dtype = graph.values[value].type.dtype
    return appendNode(
      dtype.isFloat ? .activation(.identity) : .cast(dtype), [value], [graph.fact(value) ?? Fact(graph.values[value].type)])[0]
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

  /// Turns one node into nodes of the graph. What is wrong with it is noted, so that all problems are found at once; only what
  /// makes going on pointless is thrown.
  func convert(_ given: Onnx_NodeProto) throws {
    nodeCount += 1
    try budget.take(nodes: 1)
    try take(bytes: path.utf8.count)
    let node = withAttributes(given)
    do {
      let name = domain(node.domain)
      let function = functions[key(name, node.opType, node.overload)]
      let converter = name.isEmpty ? converters[node.opType] : nil
      if function == nil && converter == nil {
        throw DLError(.unsupported, name.isEmpty ? "this operation" : "this operation of domain \(name)")
      }
      // The problem with an input that could not be converted is with the node that computes it.
      guard let inputs = try values(of: node.input) else { return fail(node) }
      let firstNode = graph.nodes.count
      let firstValue = graph.values.count
      let outputs: [Int]
      if let function {
        outputs = try inline(function, node, inputs)
      } else if let converter {
        let call = Call(node, version: versions[""] ?? 1, self, inputs: inputs)
        outputs = try converter(call)
        try call.requireAllRead()
      } else {
        return
      }
      try nameNodes(from: firstNode, node)
      if function == nil { history.add(node.opType, graph.nodes[firstNode...]) }
      try bind(node.output, to: outputs, namingFrom: firstValue)
    } catch let error as DLError where error.status != .outOfMemory {
      if !error.text.utf8.isEmpty { problems.add("\(node.opType): \(error.message)", at: "'\(path)\(node.label)'") }
      fail(node)
    }
  }

  /// nil where one of them could not be converted.
  private func values(of names: [String]) throws -> [Int?]? {
    var values: [Int?] = []
    for name in names {
      if name.isEmpty || isAbsent(name) {
        values.append(nil)
      } else if let known = try value(name) {
        values.append(known)
      } else {
        return nil
      }
    }
    return values
  }

  private func isAbsent(_ name: String) -> Bool {
    if case .absent = scope.owner(of: name)?.entries[name] { true } else { false }
  }

  private func bind(_ names: [String], to outputs: [Int], namingFrom firstValue: Int) throws {
    for (index, name) in names.enumerated() where !name.isEmpty {
      guard index < outputs.count, outputs[index] != Node.absent else {
        throw DLError(.unsupported, "output \(index) '\(name)'")
      }
      let value = outputs[index]
      if value >= firstValue { graph.values[value].name = Name(path + name) }
      scope.entries[name] = .value(value)
    }
  }

  /// Attributes that refer to those of the function around the node, as they were given to it.
  private func withAttributes(_ node: Onnx_NodeProto) -> Onnx_NodeProto {
    guard node.attribute.contains(where: { !$0.refAttrName.isEmpty }) else { return node }
    var node = node
    node.attribute = node.attribute.compactMap { attribute in
      if attribute.refAttrName.isEmpty { return attribute }
      guard var given = attributes[attribute.refAttrName] else { return nil }
      given.name = attribute.name
      return given
    }
    return node
  }

  private func fail(_ node: Onnx_NodeProto) {
    for output in node.output where !output.isEmpty { scope.entries[output] = .failed }
  }

  /// The last of the nodes a node became bears its name, those before it also that of their operation.
  private func nameNodes(from first: Int, _ node: Onnx_NodeProto) throws {
    let name = path + node.label
    try take(bytes: name.utf8.count * (graph.nodes.count - first))
    for index in first..<graph.nodes.count where graph.nodes[index].name.isEmpty {
      let last = index == graph.nodes.count - 1
      graph.nodes[index].name = Name(last ? name : "\(name)/\(graph.nodes[index].op.name)")
      for output in graph.nodes[index].outputs where !last { graph.values[output].name = graph.nodes[index].name }
    }
  }

  /// Appends a node, of whose outputs the graph infers what is known. Small results of constants become constants themselves.
  func append(_ op: Op, _ inputs: [Int], outputs count: Int = 1) throws -> [Int] {
    try budget.take(nodes: 1)
    let known = inputs.map { graph.fact($0) }
    let facts = try inferFacts(of: op, known, outputs: count, symbols: graph.symbols)
    if let constants = try folded(op, known, facts), budget.has(bytes: byteCount(constants), source: files.byteCount) {
      return try constants.map { try add($0, named: "") }
    }
    return appendNode(op, inputs, facts)
  }

  private func byteCount(_ constants: [Constant]) -> Int { constants.reduce(0) { $0 + $1.bytes.count } }

  private func appendNode(_ op: Op, _ inputs: [Int], _ facts: [Fact]) -> [Int] {
    let first = graph.values.count
    for fact in facts { graph.values.append(Value(name: "", type: fact.type, elements: fact.elements)) }
    let outputs = Array(first..<graph.values.count)
    graph.nodes.append(Node(name: "", op: op, inputs: inputs, outputs: outputs))
    return outputs
  }

  func add(_ constant: Constant, named name: String) throws -> Int {
    try take(bytes: constant.bytes.count + name.utf8.count)
    return graph.addConstant(Name(name), constant)
  }

  private func take(bytes: Int) throws { try budget.take(bytes: bytes, source: files.byteCount) }
  func take(nodes: Int) throws { try budget.take(nodes: nodes) }

  /// The value of a name, nil if it could not be converted. An initializer becomes a constant when it is first asked for.
  func value(_ name: String) throws -> Int? {
    guard let owner = scope.owner(of: name), let entry = owner.entries[name] else {
      throw DLError(.invalidModel, "nothing computes '\(name)'")
    }
    let constant: Constant
    switch entry {
    case .value(let value): return value
    case .failed, .absent: return nil
    case .tensor(let tensor): constant = try DLOnnx.constant(tensor, files)
    case .sparseTensor(let tensor): constant = try DLOnnx.constant(tensor, files)
    }
    let value = try add(constant, named: name)
    owner.entries[name] = .value(value)
    return value
  }
}
