import DLGraph
import FoundationEssentials
import Glibc
import SwiftProtobuf

/// Reads and decodes an ONNX file. The file is mapped; of its tensors one copy is made. Throws ioError or invalidModel.
func readOnnx(_ path: String, _ files: ExternalFiles) throws -> Onnx_ModelProto {
  let file = try Storage.mapping(path)
  files.byteCount += file.byteCount
  let bytes = Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: file.base), count: file.byteCount, deallocator: .none)
  defer { withExtendedLifetime(file) {} }
  let model: Onnx_ModelProto
  do {
    model = try Onnx_ModelProto(serializedBytes: bytes, extensions: nil, partial: true)
  } catch {
    throw DLError(.invalidModel, "this is not an ONNX model, or it is damaged: \(describe(error))")
  }
  guard model.hasGraph else { throw DLError(.invalidModel, "this is not an ONNX model: it has no graph") }
  return model
}

private func describe(_ error: any Error) -> String {
  switch error as? BinaryDecodingError {
  case .truncated: "it ends within a field"
  case .invalidUTF8: "a name is not UTF-8"
  case .messageDepthLimit: "graphs are nested too deeply"
  case .malformedProtobuf: "a field is malformed"
  default: "\(error)"
  }
}

/// The files beside a model that hold its larger tensors.
final class ExternalFiles {
  private let folder: String
  private var open: [String: Storage] = [:]
  /// Of the model's own file too.
  var byteCount = 0

  /// model: the path of the ONNX file.
  init(besides model: String) { folder = model.lastIndex(of: "/").map { String(model[...$0]) } ?? "./" }

  /// The bytes of a tensor that is stored in a file of its own, which must lie in the folder of the model or below it.
  func place(of tensor: Onnx_TensorProto, bytes expected: Int) throws -> (Storage, offset: Int) {
    var location: String?
    var offset = 0
    for entry in tensor.externalData {
      switch entry.key {
      case "location": location = entry.value
      case "offset": offset = try number(entry)
      case "length":
        let length = try number(entry)
        guard length == expected else {
          throw DLError(.invalidModel, "external data: expected the \(expected) bytes of its type, found a length of \(length)")
        }
      default: break
      }
    }
    guard let location, !location.isEmpty else { throw DLError(.invalidModel, "external data: the location is missing") }
    let file = try storage(location)
    guard offset <= file.byteCount, expected <= file.byteCount - offset else {
      throw DLError(
        .invalidModel, "external data: \(expected) bytes at \(offset) are not within the \(file.byteCount) of '\(location)'")
    }
    return (file, offset)
  }

  private func number(_ entry: Onnx_StringStringEntryProto) throws -> Int {
    guard let n = Int(entry.value), n >= 0 else {
      throw DLError(.invalidModel, "external data: expected a number of 0 or more as \(entry.key), found '\(entry.value)'")
    }
    return n
  }

  private func storage(_ location: String) throws -> Storage {
    if let known = open[location] { return known }
    guard !location.hasPrefix("/"), !location.contains("\0"), !location.split(separator: "/").contains(".."),
      let root = realpath(folder, nil)
    else { throw DLError(.invalidModel, "external data: '\(location)' is not a path within the model's folder") }
    defer { free(root) }
    let path = folder + location
    guard let resolved = realpath(path, nil) else { throw DLError(.ioError, "cannot open '\(path)', which holds tensors") }
    defer { free(resolved) }
    // Links may not lead out either.
    let prefix = String(cString: root) == "/" ? "/" : String(cString: root) + "/"
    guard String(cString: resolved).hasPrefix(prefix) else {
      throw DLError(.invalidModel, "external data: '\(location)' leads out of the model's folder")
    }
    let file = try Storage.mapping(path)
    open[location] = file
    byteCount += file.byteCount
    return file
  }
}
