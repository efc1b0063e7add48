import DLGraph

/// One node of the model on its way into the graph: its inputs, its attributes, and what a converter builds from them.
final class Call {
  let node: Onnx_NodeProto
  /// The version of the operator set that gives the node its meaning.
  let version: Int
  let importer: Importer
  /// Values of the graph; nil where an optional input is left out.
  let inputs: [Int?]
  private var unread: [String: Onnx_AttributeProto]

  init(_ node: Onnx_NodeProto, version: Int, _ importer: Importer, inputs: [Int?]) {
    self.node = node
    self.version = version
    self.importer = importer
    self.inputs = inputs
    unread = Dictionary(node.attribute.map { ($0.name, $0) }) { first, _ in first }
  }

  // MARK: inputs

  func optional(_ index: Int) -> Int? { index < inputs.count ? inputs[index] : nil }

  func input(_ index: Int) throws -> Int {
    guard let value = optional(index) else { throw DLError(.invalidModel, "input \(index) is missing") }
    return value
  }

  func type(_ value: Int) -> TensorType { importer.graph.values[value].type }
  func dtype(_ value: Int) -> DType { type(value).dtype }
  func rank(_ value: Int) -> Int { type(value).rank }

  /// All inputs, none left out.
  func allInputs() throws -> [Int] {
    var values: [Int] = []
    for index in inputs.indices { values.append(try input(index)) }
    return values
  }

  /// The integers of an input that must be known without running the model; nil if it is left out.
  func knownIntegers(_ index: Int, _ what: StaticString) throws -> [Int]? {
    guard let value = optional(index) else { return nil }
    guard let known = known(value) else {
      throw DLError(.unsupported, "\(what): expected a constant, found what the model computes")
    }
    return known
  }

  /// The elements of an integer tensor that are known without running the model.
  func known(_ value: Int) -> [Int]? { importer.graph.fact(value)?.knownIntegers }

  /// The number that a constant consists of.
  func knownNumber(_ value: Int) -> Double? {
    guard let reals = importer.graph.fact(value)?.knownReals, reals.count == 1 else { return nil }
    return reals[0]
  }

  /// Whether the model uses an output.
  func wantsOutput(_ index: Int) -> Bool { index < node.output.count && !node.output[index].isEmpty }

  // MARK: attributes

  private func read(_ name: String, _ type: Onnx_AttributeProto.AttributeType) throws -> Onnx_AttributeProto? {
    guard let attribute = unread.removeValue(forKey: name) else { return nil }
    // Files of IR version 1 do not say the type.
    guard attribute.type == type || attribute.type == .undefined else {
      throw DLError(
        .invalidModel, "attribute \(name): expected the type \("\(type)" as String), found \("\(attribute.type)" as String)")
    }
    return attribute
  }

  func int(_ name: String) throws -> Int? {
    guard let attribute = try read(name, .int) else { return nil }
    return Int(attribute.i)
  }
  func int(_ name: String, default other: Int) throws -> Int { try int(name) ?? other }
  func bool(_ name: String, default other: Bool = false) throws -> Bool { try int(name, default: other ? 1 : 0) != 0 }
  func ints(_ name: String) throws -> [Int]? { try read(name, .ints)?.ints.map { Int($0) } }
  func float(_ name: String) throws -> Float? { try read(name, .float)?.f }
  func float(_ name: String, default other: Float) throws -> Float { try float(name) ?? other }
  func floats(_ name: String) throws -> [Float]? { try read(name, .floats)?.floats }
  func string(_ name: String) throws -> String? {
    guard let attribute = try read(name, .string) else { return nil }
    return String(decoding: attribute.s, as: UTF8.self)
  }
  func strings(_ name: String) throws -> [String]? {
    try read(name, .strings)?.strings.map { String(decoding: $0, as: UTF8.self) }
  }
  func string(_ name: String, default other: String) throws -> String { try string(name) ?? other }
  /// An attribute that is one of a few words.
  func choice<T>(_ name: String, _ words: [String: T], default other: String) throws -> T {
    let word = try string(name, default: other)
    guard let choice = words[word] else { throw DLError(.unsupported, "\(name) '\(word)'") }
    return choice
  }
  func tensor(_ name: String) throws -> Constant? {
    guard let attribute = try read(name, .tensor) else { return nil }
    return try DLOnnx.constant(attribute.t, importer.files)
  }
  func sparseTensor(_ name: String) throws -> Constant? {
    guard let attribute = try read(name, .sparseTensor) else { return nil }
    return try DLOnnx.constant(attribute.sparseTensor, importer.files)
  }
  func graph(_ name: String) throws -> Onnx_GraphProto {
    guard let attribute = try read(name, .graph) else { throw DLError(.invalidModel, "attribute \(name) is missing") }
    return attribute.g
  }

  /// Attributes that change nothing when a model is run.
  func ignore(_ names: String...) { for name in names { unread[name] = nil } }

  func required<T>(_ value: T?, _ name: StaticString) throws -> T {
    guard let value else { throw DLError(.invalidModel, "\(name) is missing") }
    return value
  }

  /// An attribute that no converter reads means something this importer does not know.
  func requireAllRead() throws {
    if let name = unread.keys.min() { throw DLError(.unsupported, "attribute \(name)") }
  }
}
