import CZlib
import Foundation

struct ArchiveError: Error { var message: String }

/// The bytes that a gzip or zlib stream holds.
func inflated(_ data: [UInt8]) throws -> [UInt8] {
  var stream = z_stream()
  guard inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
    throw ArchiveError(message: "zlib does not start")
  }
  defer { inflateEnd(&stream) }
  var input = data
  var output: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 1 << 16)
  var code = Z_OK
  try input.withUnsafeMutableBufferPointer { input in
    stream.next_in = input.baseAddress
    stream.avail_in = UInt32(input.count)
    while code != Z_STREAM_END {
      let room = chunk.count
      try chunk.withUnsafeMutableBufferPointer { chunk in
        stream.next_out = chunk.baseAddress
        stream.avail_out = UInt32(room)
        code = inflate(&stream, Z_NO_FLUSH)
        guard code == Z_OK || code == Z_STREAM_END else { throw ArchiveError(message: "damaged zlib stream (\(code))") }
      }
      output += chunk[..<(room - Int(stream.avail_out))]
    }
  }
  return output
}

/// The files of a tar archive (POSIX ustar) by their paths.
func untarred(_ tar: [UInt8]) throws -> [String: [UInt8]] {
  var files: [String: [UInt8]] = [:]
  var at = 0
  while at + 512 <= tar.count, tar[at] != 0 {
    func text(_ offset: Int, _ length: Int) -> String {
      String(decoding: tar[at + offset..<at + offset + length].prefix { $0 != 0 && $0 != 0x20 }, as: UTF8.self)
    }
    guard let size = Int(text(124, 12), radix: 8), at + 512 + size <= tar.count else {
      throw ArchiveError(message: "damaged tar header at \(at)")
    }
    if tar[at + 156] == 0x30 { files[text(0, 100)] = Array(tar[at + 512..<at + 512 + size]) }
    at += 512 + (size + 511) / 512 * 512
  }
  return files
}
