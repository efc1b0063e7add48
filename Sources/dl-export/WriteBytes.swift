import DLGraph

/// Writes a whole file at once, or leaves what was there.
func writeFile(_ path: String, bytes: [UInt8]) throws(DLError) {
  try writeFile(path) { write throws(DLError) in
    let result: Result<Void, DLError> = bytes.withUnsafeBytes { piece in
      do throws(DLError) { return .success(try write(piece)) } catch { return .failure(error) }
    }
    try result.get()
  }
}
