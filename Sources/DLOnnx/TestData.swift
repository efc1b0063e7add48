import DLGraph
import FoundationEssentials
import SwiftProtobuf

/// Reads a tensor that is a file of its own (*.pb), as ONNX's test data are. Throws ioError, invalidModel, unsupported.
public func readTensor(_ path: String) throws -> (name: String, value: Constant) {
  let file = try Storage.mapping(path)
  let bytes = Data(bytes: file.base, count: file.byteCount)
  guard let tensor = try? Onnx_TensorProto(serializedBytes: bytes) else {
    throw DLError(.invalidModel, "'\(path)' is not a tensor of ONNX")
  }
  do {
    return (tensor.name, try constant(tensor, ExternalFiles(besides: path)))
  } catch let error as DLError { throw error.at("'\(path)'") }
}
