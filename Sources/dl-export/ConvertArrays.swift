import CZlib
import DLGraph

/// numpy's files: one array (.npy), https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, or several with
/// their names in an archive (.npz).
enum NumpyFile {
  /// Throws invalidArgument for what is none, and unsupported for types and orders that models do not have.
  static func read(array bytes: [UInt8]) throws(DLError) -> Constant {
    guard bytes.count >= 10, bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else {
      throw DLError(.invalidArgument, "this is no array of numpy")
    }
    let short = bytes[6] == 1
    let start = short ? 10 : 12
    guard bytes.count >= start else { throw DLError(.invalidArgument, "it is cut off") }
    let length = (8..<start).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
    guard length <= bytes.count - start else { throw DLError(.invalidArgument, "it is cut off") }
    let header = String(decoding: bytes[start..<(start + length)], as: UTF8.self)
    guard let descr = text(after: "'descr': '", upTo: "'", in: header),
      let shape = text(after: "'shape': (", upTo: ")", in: header)
    else { throw DLError(.invalidArgument, "its header is not understood") }
    guard header.contains("'fortran_order': False") else { throw DLError(.unsupported, "an array in Fortran's order") }
    guard let dtype = DType(numpy: descr) else { throw DLError(.unsupported, "numpy's type '\(descr)'") }
    var sizes: [Int] = []
    for part in shape.split(separator: ",") {
      guard let size = Int(part.filter { $0 != " " }) else { throw DLError(.invalidArgument, "its shape is '\(shape)'") }
      sizes.append(size)
    }
    guard byteCount(dtype, sizes) == bytes.count - start - length else {
      throw DLError(.invalidArgument, "\(describe(sizes)) does not match its \(bytes.count - start - length) bytes")
    }
    let storage = try Storage.allocate(bytes.count - start - length) { memory in
      for i in memory.indices { memory[i] = bytes[start + length + i] }
    }
    return try Constant(dtype, sizes, storage)
  }

  static func bytes(of array: Constant) -> [UInt8] {
    let shape = array.sizes.map { "\($0)," }.joined(separator: " ")
    var header = "{'descr': '\(array.dtype.numpy)', 'fortran_order': False, 'shape': (\(shape)), }"
    // The elements begin at a multiple of 64.
    header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    let length = header.utf8.count
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)]
    bytes += Array(header.utf8)
    withExtendedLifetime(array.storage) { bytes += array.bytes }
    return bytes
  }

  /// The arrays of an archive by their names.
  static func read(archive bytes: [UInt8]) throws(DLError) -> [(name: String, array: Constant)] {
    var arrays: [(String, Constant)] = []
    for (name, content) in try ZipFile.entries(bytes) where name.hasSuffix(".npy") {
      do { arrays.append((String(name.dropLast(4)), try read(array: content))) } catch { throw error.at("'\(name)'") }
    }
    return arrays
  }

  private static func text(after begin: String, upTo end: Character, in text: String) -> String? {
    guard let from = text.firstRange(of: begin)?.upperBound, let to = text[from...].firstIndex(of: end) else { return nil }
    return String(text[from..<to])
  }
}

extension DType {
  fileprivate var numpy: String {
    switch self {
    case .f32: "<f4"
    case .f16: "<f2"
    case .f64: "<f8"
    case .i8: "|i1"
    case .i16: "<i2"
    case .i32: "<i4"
    case .i64: "<i8"
    case .u8: "|u1"
    case .u16, .bf16: "<u2"
    case .u32: "<u4"
    case .u64: "<u8"
    case .bool: "|b1"
    }
  }

  fileprivate init?(numpy: String) {
    guard let found = DType.allCases.first(where: { $0 != .bf16 && $0.numpy == numpy }) else { return nil }
    self = found
  }
}

/// A zip archive (PKWARE's APPNOTE.TXT), as far as numpy writes it.
enum ZipFile {
  /// Names and contents. At most 2 GB each, so that a small file cannot fill the memory.
  static func entries(_ bytes: [UInt8]) throws(DLError) -> [(String, [UInt8])] {
    func number(_ at: Int, _ size: Int) throws(DLError) -> Int {
      guard at >= 0, at + size <= bytes.count else { throw DLError(.invalidArgument, "the archive is damaged") }
      return (0..<size).reversed().reduce(0) { $0 << 8 | Int(bytes[at + $1]) }
    }
    // The directory at the end says where everything is; before it a comment of up to 65,535 bytes may stand.
    var end = bytes.count - 22
    while end >= max(0, bytes.count - 22 - 65_535), try number(end, 4) != 0x0605_4b50 { end -= 1 }
    guard end >= 0, try number(end, 4) == 0x0605_4b50 else { throw DLError(.invalidArgument, "this is no zip archive") }
    var at = try number(end + 16, 4)
    var entries: [(String, [UInt8])] = []
    for _ in 0..<(try number(end + 10, 2)) {
      guard try number(at, 4) == 0x0201_4b50 else { throw DLError(.invalidArgument, "the archive is damaged") }
      let (method, packed, size) = (try number(at + 10, 2), try number(at + 20, 4), try number(at + 24, 4))
      let nameLength = try number(at + 28, 2)
      let local = try number(at + 42, 4)
      let start = local + 30 + (try number(local + 26, 2)) + (try number(local + 28, 2))
      guard at + 46 + nameLength <= bytes.count, start <= bytes.count, packed <= bytes.count - start, size <= 1 << 31 else {
        throw DLError(.invalidArgument, "the archive is damaged")
      }
      let name = String(decoding: bytes[(at + 46)..<(at + 46 + nameLength)], as: UTF8.self)
      let content = Array(bytes[start..<(start + packed)])
      switch method {
      case 0: entries.append((name, content))
      case 8: entries.append((name, try inflated(content, size: size)))
      default: throw DLError(.unsupported, "compression method \(method) of '\(name)'")
      }
      at += 46 + nameLength + (try number(at + 30, 2)) + (try number(at + 32, 2))
    }
    return entries
  }

  private static func inflated(_ packed: [UInt8], size: Int) throws(DLError) -> [UInt8] {
    var stream = z_stream()
    guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw DLError(.outOfMemory, "no memory")
    }
    defer { inflateEnd(&stream) }
    var input = packed
    var output = [UInt8](repeating: 0, count: size)
    let code = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        return inflate(&stream, Z_FINISH)
      }
    }
    guard code == Z_STREAM_END, stream.avail_out == 0 else { throw DLError(.invalidArgument, "the archive is damaged") }
    return output
  }
}
