import CZlib
import DLGraph
import Foundation

/// The contents of a gzip file (RFC 1952), which may be several files one after the other.
/// - Parameter limit: bytes; more than that is refused, so that a small file cannot fill the memory.
/// - Throws: ioError for damaged or cut data
func gunzip(_ compressed: Data, limit: Int = 1 << 31) throws(DLError) -> [UInt8] {
  guard compressed.count <= Int(UInt32.max) else { throw DLError(.unsupported, "gzip: \(compressed.count) bytes are too many") }
  var stream = z_stream()
  // 15 bits of window, and 16 for "gzip, not zlib".
  guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
    throw DLError(.outOfMemory, "gzip: no memory")
  }
  defer { inflateEnd(&stream) }
  var input = [UInt8](compressed)
  var output: [UInt8] = []
  let code = input.withUnsafeMutableBufferPointer { input -> Int32 in
    stream.next_in = input.baseAddress
    stream.avail_in = UInt32(input.count)
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while output.count <= limit {
      let code = chunk.withUnsafeMutableBufferPointer { chunk -> Int32 in
        stream.next_out = chunk.baseAddress
        stream.avail_out = UInt32(chunk.count)
        let code = inflate(&stream, Z_NO_FLUSH)
        output.append(contentsOf: chunk[..<(chunk.count - Int(stream.avail_out))])
        return code
      }
      switch code {
      case Z_OK: continue
      case Z_STREAM_END where stream.avail_in > 0: inflateReset(&stream)
      default: return code
      }
    }
    return Z_OK
  }
  guard output.count <= limit else { throw DLError(.unsupported, "gzip: more than \(limit) bytes") }
  switch code {
  case Z_STREAM_END: return output
  case Z_MEM_ERROR: throw DLError(.outOfMemory, "gzip: no memory")
  case Z_BUF_ERROR: throw DLError(.ioError, "gzip: the data end too early")
  default: throw DLError(.ioError, "gzip: the data are damaged")
  }
}
