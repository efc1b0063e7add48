import CDLRT
import DLGraph
import DLRuntime
import KernelTypes

private func load(
  _ options: UnsafePointer<dlrt_load_options>?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
  _ open: (_ flags: UInt32) throws(DLError) -> Storage
) -> dlrt_status {
  report { () throws(DLError) in
    let out = try require(out, "model")
    let options = try readOptions(options, dlrt_load_options(), "options")
    guard options.flags & ~DLRT_LOAD_BORROW == 0 else {
      throw DLError(.invalidArgument, "options.flags: expected DLRT_LOAD_* only, found \(options.flags)")
    }
    let memoryLimit = try requireCount(options.memory_limit, "options.memory_limit")
    var level: ISA?
    if let name = options.isa { level = try isa(named: name, place: "options.isa") }
    let storage = try open(options.flags)
    out.pointee = try withOwnFloatingPointState { () throws(DLError) in
      let model = try Model(
        storage, isa: level, memoryLimit: memoryLimit, exact: options.exact != 0, lowMemory: options.low_memory != 0)
      return ModelHandle(model).retained()
    }
  }
}

@_cdecl("dlrt_model_load_file") @implementation
public func dlrt_model_load_file(
  _ path: UnsafePointer<CChar>!, _ options: UnsafePointer<dlrt_load_options>!, _ model: UnsafeMutablePointer<OpaquePointer?>!
) -> dlrt_status {
  load(options, model) { (flags) throws(DLError) in
    guard flags & DLRT_LOAD_BORROW == 0 else {
      throw DLError(.invalidArgument, "options.flags: DLRT_LOAD_BORROW is for load_memory")
    }
    return try .mapping(try require(path, "path"))
  }
}

@_cdecl("dlrt_model_load_memory") @implementation
public func dlrt_model_load_memory(
  _ data: UnsafeRawPointer!, _ size: Int, _ options: UnsafePointer<dlrt_load_options>!,
  _ model: UnsafeMutablePointer<OpaquePointer?>!
) -> dlrt_status {
  load(options, model) { (flags) throws(DLError) in
    let bytes = try requireBytes(try require(data, "data"), size, "data")
    // Constants must be aligned to their elements; a copy is.
    let aligned = UInt(bitPattern: bytes.baseAddress) % 64 == 0
    return flags & DLRT_LOAD_BORROW != 0 && aligned ? .borrow(bytes) : try .copy(bytes)
  }
}

@_cdecl("dlrt_model_destroy") @implementation
public func dlrt_model_destroy(_ model: OpaquePointer!) {
  if let model { Unmanaged<ModelHandle>.fromOpaque(UnsafeRawPointer(model)).release() }
}

@_cdecl("dlrt_model_isa") @implementation
public func dlrt_model_isa(_ model: OpaquePointer!, _ isa: UnsafeMutablePointer<UnsafePointer<CChar>?>!) -> dlrt_status {
  get(model, isa, "isa") { text($0.model.kernels.isa.name) }
}

@_cdecl("dlrt_model_memory") @implementation
public func dlrt_model_memory(_ model: OpaquePointer!, _ size: UnsafeMutablePointer<Int>!) -> dlrt_status {
  get(model, size, "size") { $0.model.packedBytes }
}

/// Writes one property of a model to an out-parameter.
private func get<T>(
  _ model: OpaquePointer?, _ out: UnsafeMutablePointer<T>?, _ argument: StaticString,
  _ property: (ModelHandle) throws(DLError) -> T
) -> dlrt_status {
  report { () throws(DLError) in
    let handle = try ModelHandle.from(model)
    let out = try require(out, argument)
    out.pointee = try property(handle)
  }
}

private func entry<T>(_ list: [T], _ index: Int, _ kind: StaticString) throws(DLError) -> T {
  guard list.indices.contains(index) else {
    throw DLError(.outOfRange, "\(kind) \(UInt(bitPattern: index)): the model has \(list.count) of them")
  }
  return list[index]
}

private func find(_ name: UnsafePointer<CChar>?, _ names: [Name], _ kind: StaticString) throws(DLError) -> Int {
  let wanted = Name(cString: try require(name, "name"))
  guard let index = names.firstIndex(where: { $0 == wanted }) else {
    var known: Message = ""
    for (i, name) in names.prefix(8).enumerated() { known += i == 0 ? name.quoted : ", \(name.quoted)" }
    if names.count > 8 { known += ", …" }
    throw DLError(.notFound, "no \(kind) \(wanted.quoted); the model has \(names.isEmpty ? "none" : known)")
  }
  return index
}

@_cdecl("dlrt_model_input_count") @implementation
public func dlrt_model_input_count(_ model: OpaquePointer!, _ count: UnsafeMutablePointer<Int>!) -> dlrt_status {
  get(model, count, "count") { $0.inputNames.count }
}

@_cdecl("dlrt_model_output_count") @implementation
public func dlrt_model_output_count(_ model: OpaquePointer!, _ count: UnsafeMutablePointer<Int>!) -> dlrt_status {
  get(model, count, "count") { $0.outputNames.count }
}

@_cdecl("dlrt_model_input_info") @implementation
public func dlrt_model_input_info(
  _ model: OpaquePointer!, _ index: Int, _ info: UnsafeMutablePointer<dlrt_tensor_info>!
) -> dlrt_status {
  get(model, info, "info") { (handle) throws(DLError) in
    describe(handle.model.graph.values[try entry(handle.model.graph.inputs, index, "input")].type, name: handle.inputNames[index])
  }
}

@_cdecl("dlrt_model_output_info") @implementation
public func dlrt_model_output_info(
  _ model: OpaquePointer!, _ index: Int, _ info: UnsafeMutablePointer<dlrt_tensor_info>!
) -> dlrt_status {
  get(model, info, "info") { (handle) throws(DLError) in
    describe(
      handle.model.graph.values[try entry(handle.model.graph.outputs, index, "output")].type, name: handle.outputNames[index])
  }
}

@_cdecl("dlrt_model_find_input") @implementation
public func dlrt_model_find_input(
  _ model: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ index: UnsafeMutablePointer<Int>!
) -> dlrt_status {
  get(model, index, "index") { (handle) throws(DLError) in
    try find(name, handle.model.graph.inputs.map { handle.model.graph.values[$0].name }, "input")
  }
}

@_cdecl("dlrt_model_find_output") @implementation
public func dlrt_model_find_output(
  _ model: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ index: UnsafeMutablePointer<Int>!
) -> dlrt_status {
  get(model, index, "index") { (handle) throws(DLError) in
    try find(name, handle.model.graph.outputs.map { handle.model.graph.values[$0].name }, "output")
  }
}

@_cdecl("dlrt_model_metadata_count") @implementation
public func dlrt_model_metadata_count(_ model: OpaquePointer!, _ count: UnsafeMutablePointer<Int>!) -> dlrt_status {
  get(model, count, "count") { $0.metadata.count }
}

@_cdecl("dlrt_model_metadata_entry") @implementation
public func dlrt_model_metadata_entry(
  _ model: OpaquePointer!, _ index: Int, _ key: UnsafeMutablePointer<UnsafePointer<CChar>?>!,
  _ value: UnsafeMutablePointer<UnsafePointer<CChar>?>!
) -> dlrt_status {
  report { () throws(DLError) in
    let handle = try ModelHandle.from(model)
    let keyOut = try require(key, "key")
    let valueOut = try require(value, "value")
    let found = try entry(handle.metadata, index, "metadata entry")
    keyOut.pointee = found.key.pointer
    valueOut.pointee = found.value.pointer
  }
}

@_cdecl("dlrt_model_find_metadata") @implementation
public func dlrt_model_find_metadata(
  _ model: OpaquePointer!, _ key: UnsafePointer<CChar>!, _ value: UnsafeMutablePointer<UnsafePointer<CChar>?>!
) -> dlrt_status {
  get(model, value, "value") { (handle) throws(DLError) in
    handle.metadata[try find(key, handle.model.graph.metadata.map { $0.key }, "metadata entry")].value.pointer
  }
}

@_cdecl("dlrt_model_label_count") @implementation
public func dlrt_model_label_count(_ model: OpaquePointer!, _ count: UnsafeMutablePointer<Int>!) -> dlrt_status {
  get(model, count, "count") { $0.labels.count }
}

@_cdecl("dlrt_model_label") @implementation
public func dlrt_model_label(
  _ model: OpaquePointer!, _ index: Int, _ label: UnsafeMutablePointer<UnsafePointer<CChar>?>!
) -> dlrt_status {
  get(model, label, "label") { (handle) throws(DLError) in try entry(handle.labels, index, "label").pointer }
}
