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

  func input(_ index: Int) throws(DLError) -> Int {
    guard let value = optional(index) else { throw DLError(.invalidModel, "input \(index) is missing") }
    return value
  }

  func type(_ value: Int) -> TensorType { importer.graph.values[value].type }
  func rank(_ value: Int) -> Int { type(value).rank }

  /// All inputs, none left out.
  func allInputs() throws(DLError) -> [Int] {
    var values: [Int] = []
    for index in inputs.indices { values.append(try input(index)) }
    return values
  }

  func constant(_ value: Int) -> Constant? { importer.graph.values[value].constant }

  /// The integers of an input that must be known without running the model; nil if it is left out.
  func integers(_ index: Int, _ what: StaticString) throws(DLError) -> [Int]? {
    guard let value = optional(index) else { return nil }
    guard let constant = constant(value) else {
      throw DLError(.unsupported, "\(what): expected a constant, found what the model computes")
    }
    guard constant.dtype == .i64 || constant.dtype == .i32 else {
      throw DLError(.invalidModel, "\(what): expected integers, found \(constant.dtype.name)")
    }
    return constant.integers
  }

  /// Whether the model uses an output.
  func wantsOutput(_ index: Int) -> Bool { index < node.output.count && !node.output[index].isEmpty }

  // MARK: attributes

  private func read(_ name: String, _ type: Onnx_AttributeProto.AttributeType) throws(DLError) -> Onnx_AttributeProto? {
    guard let attribute = unread.removeValue(forKey: name) else { return nil }
    // Files of IR version 1 do not say the type.
    guard attribute.type == type || attribute.type == .undefined else {
      throw DLError(
        .invalidModel, "attribute \(name): expected the type \("\(type)" as String), found \("\(attribute.type)" as String)")
    }
    return attribute
  }

  func int(_ name: String) throws(DLError) -> Int? {
    guard let attribute = try read(name, .int) else { return nil }
    return Int(attribute.i)
  }
  func int(_ name: String, default other: Int) throws(DLError) -> Int { try int(name) ?? other }
  func bool(_ name: String, default other: Bool = false) throws(DLError) -> Bool { try int(name, default: other ? 1 : 0) != 0 }
  func ints(_ name: String) throws(DLError) -> [Int]? { try read(name, .ints)?.ints.map { Int($0) } }
  func float(_ name: String) throws(DLError) -> Float? { try read(name, .float)?.f }
  func float(_ name: String, default other: Float) throws(DLError) -> Float { try float(name) ?? other }
  func floats(_ name: String) throws(DLError) -> [Float]? { try read(name, .floats)?.floats }
  func string(_ name: String) throws(DLError) -> String? {
    guard let attribute = try read(name, .string) else { return nil }
    return String(decoding: attribute.s, as: UTF8.self)
  }
  func string(_ name: String, default other: String) throws(DLError) -> String { try string(name) ?? other }
  func tensor(_ name: String) throws(DLError) -> Constant? {
    guard let attribute = try read(name, .tensor) else { return nil }
    return try DLOnnx.constant(attribute.t, importer.files)
  }
  func sparseTensor(_ name: String) throws(DLError) -> Constant? {
    guard let attribute = try read(name, .sparseTensor) else { return nil }
    return try DLOnnx.constant(attribute.sparseTensor, importer.files)
  }
  func graph(_ name: String) throws(DLError) -> Onnx_GraphProto {
    guard let attribute = try read(name, .graph) else { throw DLError(.invalidModel, "attribute \(name) is missing") }
    return attribute.g
  }

  /// Attributes that change nothing when a model is run.
  func ignore(_ names: String...) { for name in names { unread[name] = nil } }

  func required<T>(_ value: T?, _ name: StaticString) throws(DLError) -> T {
    guard let value else { throw DLError(.invalidModel, "\(name) is missing") }
    return value
  }

  /// An attribute that no converter reads means something this importer does not know.
  func requireAllRead() throws(DLError) {
    if let name = unread.keys.min() { throw DLError(.unsupported, "attribute \(name)") }
  }

  // MARK: building

  func add(_ op: Op, _ inputs: [Int]) throws(DLError) -> Int { try importer.append(op, inputs) }
  func add(_ op: Op, _ inputs: Int...) throws(DLError) -> Int { try importer.append(op, inputs) }
  func add(_ constant: Constant) -> Int { importer.graph.addConstant(Name(node.output.first ?? ""), constant) }
}
