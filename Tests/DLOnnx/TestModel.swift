import DLGraph
import DLRuntime
import Foundation
import SwiftProtobuf
import Testing

@testable import DLOnnx

/// Builds ONNX models in code, node after node.
struct TestModel {
  var proto = Onnx_ModelProto()

  init(opset: Int = 17) {
    proto.irVersion = 8
    proto.opsetImport = [.with { $0.version = Int64(opset) }]
    proto.graph.name = "test"
  }

  mutating func input(_ name: String, _ dims: [Int], _ type: Onnx_TensorProto.DataType = .float) {
    proto.graph.input.append(.tensor(name, dims.map { .size($0) }, type))
  }
  mutating func output(_ names: String...) {
    for name in names { proto.graph.output.append(.with { $0.name = name }) }
  }
  mutating func constant(_ name: String, _ dims: [Int], _ values: [Float]) {
    proto.graph.initializer.append(.floats(name, dims, values))
  }
  mutating func constant(_ name: String, _ dims: [Int], integers values: [Int]) {
    proto.graph.initializer.append(.integers(name, dims, values))
  }
  mutating func node(
    _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: Onnx_AttributeProto..., domain: String = ""
  ) {
    proto.graph.node.append(.op(type, inputs, outputs, attributes, domain: domain))
  }

  // MARK: importing

  var encoded: Data {
    get throws { try proto.serializedData() }
  }

  func imported(_ options: ImportOptions = ImportOptions()) throws -> ImportedModel {
    try importBytes(encoded, options)
  }
  func graph(_ options: ImportOptions = ImportOptions()) throws -> Graph { try imported(options).graph }

  /// The problems that keep it from being converted.
  func problems() throws -> [String] {
    do {
      _ = try graph()
      return []
    } catch let problems as Problems { return problems.list.map { "\($0.text) at \($0.places.joined(separator: " "))" } }
  }

  /// Its outputs for f32 inputs in the order of the graph's.
  func run(_ inputs: [[Float]], sizes: [[Int]]? = nil, _ options: ImportOptions = ImportOptions()) throws -> [[Float]] {
    let graph = try graph(options)
    let session = Session(try Model(graph), pool: try ThreadPool(threads: 1))
    for (i, values) in inputs.enumerated() {
      let known = sizes?[i] ?? graph.values[graph.inputs[i]].type.sizes ?? []
      try values.withUnsafeBytes { try session.setInput(i, .f32, known, $0) }
    }
    try session.run()
    return try graph.outputs.indices.map { index in
      let output = try session.output(index)
      #expect(output.dtype == .f32)
      return Array(output.data.bindMemory(to: Float.self))
    }
  }
}

/// Imports the bytes of a file, which is written to a folder of its own.
func importBytes(_ bytes: Data, _ options: ImportOptions = ImportOptions()) throws -> ImportedModel {
  try withTemporaryFolder { folder in
    let path = folder.appendingPathComponent("model.onnx").path
    try bytes.write(to: URL(fileURLWithPath: path))
    return try importModel(path, options)
  }
}

func withTemporaryFolder<T>(_ body: (URL) throws -> T) throws -> T {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dlrt-onnx-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

extension Graph {
  /// "conv relu".
  var operations: String { nodes.map { "\($0.op.name)" }.joined(separator: " ") }
  func names(_ indices: [Int]) -> [String] { indices.map { values[$0].name.description } }
}

// MARK: - protobuf

extension Onnx_NodeProto {
  static func op(
    _ type: String, _ inputs: [String], _ outputs: [String], _ attributes: [Onnx_AttributeProto] = [], domain: String = ""
  ) -> Self {
    .with {
      $0.opType = type
      $0.domain = domain
      $0.name = "n_\(outputs.first ?? type)"
      $0.input = inputs
      $0.output = outputs
      $0.attribute = attributes
    }
  }
}

extension Onnx_AttributeProto {
  static func tensor(_ name: String, _ value: Onnx_TensorProto) -> Self {
    .with { ($0.name, $0.type, $0.t) = (name, .tensor, value) }
  }
  static func graph(_ name: String, _ value: Onnx_GraphProto) -> Self {
    .with { ($0.name, $0.type, $0.g) = (name, .graph, value) }
  }
  static func reference(_ name: String, to outer: String, _ type: Onnx_AttributeProto.AttributeType) -> Self {
    .with { ($0.name, $0.refAttrName, $0.type) = (name, outer, type) }
  }
}

extension Onnx_TensorProto {
  static func floats(_ name: String, _ dims: [Int], _ values: [Float]) -> Self {
    .with { ($0.name, $0.dataType, $0.dims, $0.floatData) = (name, 1, dims.map { Int64($0) }, values) }
  }
  static func integers(_ name: String, _ dims: [Int], _ values: [Int]) -> Self {
    .with { ($0.name, $0.dataType, $0.dims, $0.int64Data) = (name, 7, dims.map { Int64($0) }, values.map { Int64($0) }) }
  }
}

extension Onnx_TensorShapeProto.Dimension {
  static func size(_ size: Int) -> Self { .with { $0.dimValue = Int64(size) } }
  static func named(_ name: String) -> Self { .with { $0.dimParam = name } }
}

extension Onnx_ValueInfoProto {
  static func tensor(
    _ name: String, _ dims: [Onnx_TensorShapeProto.Dimension], _ type: Onnx_TensorProto.DataType = .float
  ) -> Self {
    .with {
      $0.name = name
      $0.type.tensorType.elemType = Int32(type.rawValue)
      $0.type.tensorType.shape.dim = dims
    }
  }
}

/// The graph of a branch or loop.
func body(_ inputs: [String], _ nodes: [Onnx_NodeProto], _ outputs: [String]) -> Onnx_GraphProto {
  .with {
    $0.name = "body"
    $0.input = inputs.map { name in .with { $0.name = name } }
    $0.node = nodes
    $0.output = outputs.map { name in .with { $0.name = name } }
  }
}
