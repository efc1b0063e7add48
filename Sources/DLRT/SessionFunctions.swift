import CDLRT
import DLGraph
import DLImage
import DLRuntime

// MARK: - pool

private func makePool(_ threads: Int) throws(DLError) -> ThreadPool {
  guard 0...256 ~= threads else {
    throw DLError(.invalidArgument, "threads: expected 0 to 256, found \(UInt(bitPattern: threads))")
  }
  return try ThreadPool(threads: threads)
}

@_cdecl("dlrt_pool_create") @implementation
public func dlrt_pool_create(_ threads: Int, _ pool: UnsafeMutablePointer<OpaquePointer?>!) -> dlrt_status {
  report { () throws(DLError) in
    let out = try require(pool, "pool")
    out.pointee = OpaquePointer(Unmanaged.passRetained(try makePool(threads)).toOpaque())
  }
}

@_cdecl("dlrt_pool_destroy") @implementation
public func dlrt_pool_destroy(_ pool: OpaquePointer!) {
  if let pool { Unmanaged<ThreadPool>.fromOpaque(UnsafeRawPointer(pool)).release() }
}

// MARK: - session

@_cdecl("dlrt_session_create") @implementation
public func dlrt_session_create(
  _ model: OpaquePointer!, _ options: UnsafePointer<dlrt_session_options>!, _ session: UnsafeMutablePointer<OpaquePointer?>!
) -> dlrt_status {
  report { () throws(DLError) in
    let handle = try ModelHandle.from(model)
    let out = try require(session, "session")
    var defaults = dlrt_session_options()
    defaults.threads = 1
    let options = try readOptions(options, defaults, "options")
    let memoryLimit = try requireCount(options.memory_limit, "options.memory_limit")
    let pool: ThreadPool
    if let shared = options.pool {
      pool = Unmanaged<ThreadPool>.fromOpaque(UnsafeRawPointer(shared)).takeUnretainedValue()
    } else {
      pool = try makePool(options.threads == 0 ? 1 : options.threads)
    }
    out.pointee = SessionHandle(handle, pool, memoryLimit: memoryLimit).retained()
  }
}

@_cdecl("dlrt_session_destroy") @implementation
public func dlrt_session_destroy(_ session: OpaquePointer!) {
  if let session { Unmanaged<SessionHandle>.fromOpaque(UnsafeRawPointer(session)).release() }
}

/// dtype and sizes as callers give them.
private func tensorArguments(
  _ dtype: dlrt_dtype, _ dims: UnsafePointer<Int64>?, _ rank: Int
) throws(DLError) -> (DType, [Int]) {
  guard let known = DType(rawValue: UInt8(truncatingIfNeeded: dtype.rawValue)), dtype.rawValue < 256 else {
    throw DLError(.invalidArgument, "dtype: expected a dlrt_dtype, found \(dtype.rawValue)")
  }
  guard 0...maximumRank ~= rank else {
    throw DLError(.shapeMismatch, "rank: expected 0 to \(maximumRank), found \(UInt(bitPattern: rank))")
  }
  if rank == 0 { return (known, []) }
  let dims = try require(dims, "dims")
  var sizes: [Int] = []
  for i in 0..<rank { sizes.append(Int(dims[i])) }
  return (known, sizes)
}

/// Checks a caller's tensor and hands it to the session.
private func giveInput(
  _ session: OpaquePointer?, _ dtype: dlrt_dtype, _ dims: UnsafePointer<Int64>?, _ rank: Int, _ data: UnsafeRawPointer?,
  _ size: Int, _ give: (Session, DType, [Int], UnsafeRawBufferPointer) throws(DLError) -> Void
) -> dlrt_status {
  report { () throws(DLError) in
    let handle = try SessionHandle.from(session)
    let (dtype, sizes) = try tensorArguments(dtype, dims, rank)
    try give(handle.session, dtype, sizes, try requireBytes(data, size, "data"))
  }
}

@_cdecl("dlrt_session_set_input") @implementation
public func dlrt_session_set_input(
  _ session: OpaquePointer!, _ index: Int, _ dtype: dlrt_dtype, _ dims: UnsafePointer<Int64>!, _ rank: Int,
  _ data: UnsafeRawPointer!, _ size: Int
) -> dlrt_status {
  giveInput(session, dtype, dims, rank, data, size) { (session, dtype, sizes, data) throws(DLError) in
    try session.setInput(index, dtype, sizes, data)
  }
}

@_cdecl("dlrt_session_bind_input") @implementation
public func dlrt_session_bind_input(
  _ session: OpaquePointer!, _ index: Int, _ dtype: dlrt_dtype, _ dims: UnsafePointer<Int64>!, _ rank: Int,
  _ data: UnsafeRawPointer!, _ size: Int
) -> dlrt_status {
  giveInput(session, dtype, dims, rank, data, size) { (session, dtype, sizes, data) throws(DLError) in
    try session.bindInput(index, dtype, sizes, data)
  }
}

@_cdecl("dlrt_session_set_input_jpeg") @implementation
public func dlrt_session_set_input_jpeg(
  _ session: OpaquePointer!, _ index: Int, _ jpeg: UnsafeRawPointer!, _ size: Int
) -> dlrt_status {
  report { () throws(DLError) in
    let handle = try SessionHandle.from(session)
    try handle.setJPEG(index, try requireBytes(try require(jpeg, "jpeg"), size, "jpeg"))
  }
}

@_cdecl("dlrt_session_bind_output") @implementation
public func dlrt_session_bind_output(
  _ session: OpaquePointer!, _ index: Int, _ data: UnsafeMutableRawPointer!, _ size: Int
) -> dlrt_status {
  report { () throws(DLError) in
    let handle = try SessionHandle.from(session)
    try handle.session.bindOutput(index, data, try requireCount(size, "size"))
  }
}

@_cdecl("dlrt_session_run") @implementation
public func dlrt_session_run(_ session: OpaquePointer!) -> dlrt_status {
  report { () throws(DLError) in try SessionHandle.from(session).session.run() }
}

@_cdecl("dlrt_session_output") @implementation
public func dlrt_session_output(
  _ session: OpaquePointer!, _ index: Int, _ tensor: UnsafeMutablePointer<dlrt_tensor>!
) -> dlrt_status {
  report { () throws(DLError) in
    let handle = try SessionHandle.from(session)
    let out = try require(tensor, "tensor")
    let (data, dtype, sizes) = try handle.session.output(index)
    var result = dlrt_tensor()
    result.data = data.baseAddress
    result.size = data.count
    result.dtype = dlrt_dtype(rawValue: UInt32(dtype.rawValue))
    result.rank = sizes.count
    setDims(&result.dims, sizes)
    out.pointee = result
  }
}

@_cdecl("dlrt_session_copy_output") @implementation
public func dlrt_session_copy_output(
  _ session: OpaquePointer!, _ index: Int, _ data: UnsafeMutableRawPointer!, _ size: Int
) -> dlrt_status {
  report { () throws(DLError) in
    let handle = try SessionHandle.from(session)
    let output = try handle.session.output(index).data
    let size = try requireCount(size, "size")
    guard size == output.count else {
      throw DLError(.shapeMismatch, "output \(index): expected \(output.count) bytes, found \(size)")
    }
    if size > 0 { UnsafeMutableRawBufferPointer(start: try require(data, "data"), count: size).copyMemory(from: output) }
  }
}

@_cdecl("dlrt_session_memory") @implementation
public func dlrt_session_memory(_ session: OpaquePointer!, _ size: UnsafeMutablePointer<Int>!) -> dlrt_status {
  report { () throws(DLError) in
    let handle = try SessionHandle.from(session)
    try require(size, "size").pointee = handle.session.memory
  }
}

@_cdecl("dlrt_session_top_k") @implementation
public func dlrt_session_top_k(
  _ session: OpaquePointer!, _ index: Int, _ k: Int, _ classes: UnsafeMutablePointer<dlrt_class>!,
  _ count: UnsafeMutablePointer<Int>!
) -> dlrt_status {
  report { () throws(DLError) in
    let handle = try SessionHandle.from(session)
    let count = try require(count, "count")
    let k = try requireCount(k, "k")
    let found = try handle.topK(index, k)
    if found.count > 0 {
      let classes = try require(classes, "classes")
      for (i, entry) in found.enumerated() { classes[i] = entry }
    }
    count.pointee = found.count
  }
}
