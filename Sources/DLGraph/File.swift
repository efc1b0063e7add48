import CPlatform

/// Writes a file piece after piece. Its name appears when `body` has returned and everything is on the disk; when something
/// throws, whatever had that name before is still there. A pipe or device is written directly.
/// path: UTF-8. Throws ioError, and what body throws.
public func writeFile(
  _ path: UnsafePointer<CChar>, _ body: ((UnsafeRawBufferPointer) throws(DLError) -> Void) throws(DLError) -> Void
) throws(DLError) {
  var file: OpaquePointer?
  let code = dlp_create_file(path, &file)
  guard code == 0 else { throw systemError("cannot create '\(cString: path)'", code) }
  do {
    try body { bytes throws(DLError) in
      let code = dlp_write(file, bytes.baseAddress, bytes.count)
      if code != 0 { throw systemError("cannot write '\(cString: path)'", code) }
    }
  } catch {
    dlp_abandon_file(file)
    throw error
  }
  let commitCode = dlp_commit_file(file)
  if commitCode != 0 { throw systemError("cannot write '\(cString: path)'", commitCode) }
}

/// "what: no such file or directory".
func systemError(_ what: Message, _ code: Int32) -> DLError {
  var text = [CChar](repeating: 0, count: 64)
  dlp_error_text(code, &text, text.count)
  return DLError(.ioError, "\(what): \(cString: &text)")
}
