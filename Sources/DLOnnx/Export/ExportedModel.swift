import DLGraph
import SwiftProtobuf

/// An ONNX model that has not been written yet. The constants stay where they are in memory, or in a mapped file.
public struct ExportedModel: Sendable {
  struct Tensor: Sendable {
    let name: String
    let value: Constant
  }

  /// All but the initializers.
  let proto: Onnx_ModelProto
  let tensors: [Tensor]

  /// Readers of protobuf take no more.
  private static let mostBytes = Int(Int32.max)

  /// Writes the file piece after piece, each weight straight from its constant. A message of protobuf may have its fields in any
  /// order and in several pieces: the initializers follow what protobuf itself encodes.
  /// Throws unsupported if the file would be too large, and what `write` throws.
  public func write(to write: (UnsafeRawBufferPointer) throws(DLError) -> Void) throws(DLError) {
    var model = proto
    model.clearGraph()
    let (outside, graph) = (try encoded(model), try encoded(proto.graph))
    var heads: [[UInt8]] = []
    var length = graph.count
    for tensor in tensors {
      let head = try tensor.head
      heads.append(head)
      length += head.count + tensor.value.bytes.count
      guard length <= ExportedModel.mostBytes else {
        throw DLError(.unsupported, "the model takes more than the \(ExportedModel.mostBytes) bytes that an ONNX file can have")
      }
    }
    func put(_ bytes: [UInt8]) throws(DLError) {
      try bytes.withUnsafeBufferPointer { (bytes) throws(DLError) in try write(UnsafeRawBufferPointer(bytes)) }
    }
    try put(outside + tag(7, length: length) + graph)
    for (head, tensor) in zip(heads, tensors) {
      try put(head)
      try write(tensor.value.bytes)
    }
  }
}

extension ExportedModel.Tensor {
  /// Its encoding as an initializer of a graph, up to the elements.
  fileprivate var head: [UInt8] {
    get throws(DLError) {
      var tensor = Onnx_TensorProto()
      tensor.name = name
      tensor.dims = value.sizes.map { Int64($0) }
      tensor.dataType = value.dtype.onnx
      let elements = value.bytes.count
      let content = try encoded(tensor) + tag(9, length: elements)
      return tag(5, length: content.count + elements) + content
    }
  }
}

private func encoded(_ message: some SwiftProtobuf.Message) throws(DLError) -> [UInt8] {
  do { return try message.serializedBytes() } catch {
    throw DLError(.unsupported, "protobuf cannot encode it: \("\(error)" as String)")
  }
}

/// The beginning of a field of `length` bytes.
private func tag(_ field: UInt8, length: Int) -> [UInt8] {
  var bytes = [field << 3 | 2]
  var rest = length
  while rest >= 128 {
    bytes.append(UInt8(rest & 127) | 128)
    rest >>= 7
  }
  return bytes + [UInt8(rest)]
}

extension DType {
  /// ONNX's number for the type.
  var onnx: Int32 {
    let type: Onnx_TensorProto.DataType =
      switch self {
      case .f32: .float
      case .f16: .float16
      case .bf16: .bfloat16
      case .f64: .double
      case .i8: .int8
      case .i16: .int16
      case .i32: .int32
      case .i64: .int64
      case .u8: .uint8
      case .u16: .uint16
      case .u32: .uint32
      case .u64: .uint64
      case .bool: .bool
      }
    return Int32(type.rawValue)
  }
}
