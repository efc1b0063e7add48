import CDLRT
import DLGraph
import DLImage
import DLRuntime

/// What a `dlrt_model *` points to: a model, and the strings callers may hold on to.
final class ModelHandle {
  let model: Model
  let inputNames: [CText]
  let outputNames: [CText]
  let metadata: [(key: CText, value: CText)]
  let labels: [CText]

  init(_ model: Model) {
    self.model = model
    let graph = model.graph
    inputNames = graph.inputs.map { CText(graph.values[$0].name) }
    outputNames = graph.outputs.map { CText(graph.values[$0].name) }
    metadata = graph.metadata.map { (CText($0.key), CText(Name(utf8: describe($0.value).utf8))) }
    if case .texts(let texts)? = graph.metadata("labels") { labels = texts.map { CText($0) } } else { labels = [] }
  }

  func retained() -> OpaquePointer { OpaquePointer(Unmanaged.passRetained(self).toOpaque()) }

  static func from(_ handle: OpaquePointer?) throws(DLError) -> ModelHandle {
    Unmanaged<ModelHandle>.fromOpaque(UnsafeRawPointer(try require(handle, "model"))).takeUnretainedValue()
  }
}

/// What a `dlrt_session *` points to.
final class SessionHandle {
  let model: ModelHandle
  let session: Session
  /// For each input, once a JPEG was set.
  var preprocessing: [Preprocessing?]
  /// What profile entries point to: `Model.profileNames`, once profiling was on.
  var profileNames: [CText] = []

  init(_ model: ModelHandle, _ pool: ThreadPool, memoryLimit: Int) {
    self.model = model
    session = Session(model.model, pool: pool, memoryLimit: memoryLimit)
    preprocessing = model.inputNames.map { _ in nil }
  }

  func retained() -> OpaquePointer { OpaquePointer(Unmanaged.passRetained(self).toOpaque()) }

  static func from(_ handle: OpaquePointer?) throws(DLError) -> SessionHandle {
    Unmanaged<SessionHandle>.fromOpaque(UnsafeRawPointer(try require(handle, "session"))).takeUnretainedValue()
  }
}

/// A name as a C string that lives as long as this object.
final class CText {
  let pointer: UnsafePointer<CChar>

  init(_ name: Name) {
    let memory = UnsafeMutablePointer<CChar>.allocate(capacity: name.utf8.count + 1)
    for (i, byte) in name.utf8.enumerated() { memory[i] = CChar(bitPattern: byte) }
    memory[name.utf8.count] = 0
    pointer = UnsafePointer(memory)
  }

  deinit { pointer.deallocate() }
}

/// A metadata value as text; the entries of lists are separated by ", ".
private func describe(_ value: MetadataValue) -> Message {
  func list<T>(_ entries: [T], _ text: (T) -> Message) -> Message {
    var result: Message = ""
    for (i, entry) in entries.enumerated() { result += i == 0 ? text(entry) : ", \(text(entry))" }
    return result
  }
  switch value {
  case .text(let text): return "\(text)"
  case .integer(let number): return "\(number)"
  case .real(let number): return "\(number)"
  case .integers(let numbers): return list(numbers) { "\($0)" }
  case .reals(let numbers): return list(numbers) { "\($0)" }
  case .texts(let texts): return list(texts) { "\($0)" }
  }
}

/// A tensor type as callers see it.
func describe(_ type: TensorType, name: CText) -> dlrt_tensor_info {
  var info = dlrt_tensor_info()
  info.name = name.pointer
  info.dtype = dlrt_dtype(rawValue: UInt32(type.dtype.rawValue))
  info.rank = type.rank
  setDims(&info.dims, type.dims.map { $0.size ?? -1 })
  return info
}

/// Fills a C array of DLRT_MAX_RANK dimensions.
func setDims<T>(_ dims: inout T, _ sizes: [Int]) {
  withUnsafeMutableBytes(of: &dims) { memory in
    for (i, size) in sizes.prefix(maximumRank).enumerated() {
      memory.storeBytes(of: Int64(size), toByteOffset: i * MemoryLayout<Int64>.size, as: Int64.self)
    }
  }
}
