import CDLRT
import CPlatform
import DLGraph

/// Runs the body of an ABI function. An error becomes its status, and this thread's last message.
func report(_ body: () throws(DLError) -> Void) -> dlrt_status {
  do {
    try body()
    return DLRT_OK
  } catch {
    error.text.utf8.withUnsafeBufferPointer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { dlp_set_last_error($0.baseAddress, $0.count) }
    }
    return dlrt_status(rawValue: UInt32(error.status.rawValue))
  }
}

/// Computes with the runtime's own floating-point state: the host's rounding mode must not change an answer, nor its trapped
/// exceptions stop it.
func withOwnFloatingPointState<T>(_ body: () throws(DLError) -> T) throws(DLError) -> T {
  let saved = dlp_fpu_enter()
  defer { dlp_fpu_leave(saved) }
  return try body()
}

/// The pointer, or an error that names the argument.
func require<T>(_ pointer: T?, _ argument: StaticString) throws(DLError) -> T {
  guard let pointer else { throw DLError(.invalidArgument, "\(argument): expected a pointer, found NULL") }
  return pointer
}

/// A count or size that a caller gave as size_t.
func requireCount(_ count: Int, _ argument: StaticString) throws(DLError) -> Int {
  guard count >= 0 else {
    throw DLError(.invalidArgument, "\(argument): \(UInt(bitPattern: count)) is larger than memory can be")
  }
  return count
}

/// The caller's bytes. NULL is fine for none of them.
func requireBytes(_ data: UnsafeRawPointer?, _ size: Int, _ argument: StaticString) throws(DLError) -> UnsafeRawBufferPointer {
  let size = try requireCount(size, "size")
  if size == 0 { return UnsafeRawBufferPointer(start: data, count: 0) }
  return UnsafeRawBufferPointer(start: try require(data, argument), count: size)
}

/// The size that a caller gave a struct. Fields begin at words: a size that ends within one would give half a pointer.
private func structSize(_ pointer: UnsafeRawPointer, known: Int, _ argument: StaticString) throws(DLError) -> Int {
  let size = pointer.load(as: Int.self)
  guard size >= MemoryLayout<Int>.size, size <= 4096, size % MemoryLayout<Int>.size == 0 else {
    throw DLError(.invalidArgument, "\(argument).struct_size: expected \(known), found \(UInt(bitPattern: size))")
  }
  return size
}

/// Fills a caller's struct of this or another version, all but the struct_size it begins with: fields the caller does not have
/// are left out, fields this library does not have become zero.
func writeResult<T>(_ result: T, to pointer: UnsafeMutablePointer<T>, _ argument: StaticString) throws(DLError) {
  let raw = UnsafeMutableRawPointer(pointer)
  let known = MemoryLayout<T>.size
  let size = try structSize(raw, known: known, argument)
  withUnsafeBytes(of: result) { bytes in
    for i in MemoryLayout<Int>.size..<size { raw.storeBytes(of: i < known ? bytes[i] : 0, toByteOffset: i, as: UInt8.self) }
  }
}

/// Copies an options struct of this or another version: fields the caller does not have stay as they are in `defaults`, fields
/// this library does not have must be zero.
func readOptions<T>(_ pointer: UnsafePointer<T>?, _ defaults: T, _ argument: StaticString) throws(DLError) -> T {
  guard let pointer else { return defaults }
  let raw = UnsafeRawPointer(pointer)
  let known = MemoryLayout<T>.size
  let size = try structSize(raw, known: known, argument)
  for i in min(size, known)..<max(size, known) where i < size && raw.load(fromByteOffset: i, as: UInt8.self) != 0 {
    throw DLError(.invalidArgument, "\(argument): byte \(i) sets a field that this version of the library does not have")
  }
  var options = defaults
  withUnsafeMutableBytes(of: &options) { $0.copyMemory(from: UnsafeRawBufferPointer(start: raw, count: min(size, known))) }
  return options
}
