/// The strings of a file. Each may be used once: what a reader holds is then in proportion to the file, however often a
/// hostile one would like to refer to its longest string.
struct StringTable {
  private var names: [Name?] = []

  init(_ reader: ByteReader) throws(DLError) {
    var reader = reader
    let count = try reader.readCount("number of strings", recordSize: 4)
    var lengths: [Int] = []
    lengths.reserveCapacity(count)
    for _ in 0..<count {
      // A length above what is left is found below, before it is used.
      let length: UInt32 = try reader.read("length of a string")
      lengths.append(Int(clamping: length))
    }
    names.reserveCapacity(count)
    for length in lengths {
      let at = reader.position
      let bytes = try reader.readBytes("string", count: length)
      if let bad = firstInvalidByte(bytes) {
        throw reader.failure(at: at + bad, "string \(names.count): expected UTF-8 without zero bytes, found byte \(bytes[bad])")
      }
      names.append(Name(utf8: Array(bytes)))
    }
    try reader.requireEnd()
  }

  /// Reads the index of a string and takes that string.
  mutating func read(_ reader: inout ByteReader, _ what: StaticString) throws(DLError) -> Name {
    let at = reader.position
    return try take(reader.read(what), reader, at: at, what)
  }

  mutating func take(_ index: UInt32, _ reader: ByteReader, at: Int, _ what: StaticString) throws(DLError) -> Name {
    guard let index = Int(exactly: index), index < names.count else {
      throw reader.failure(at: at, "\(what): expected a string below \(names.count), found \(index)")
    }
    guard let name = names[index] else { throw reader.failure(at: at, "\(what): string \(index) is used a second time") }
    names[index] = nil
    return name
  }
}

/// Where well-formed UTF-8 (Unicode, table 3-7) ends, or nil. Zero bytes are refused: callers in C could not see past them.
func firstInvalidByte(_ bytes: UnsafeRawBufferPointer) -> Int? {
  var i = 0
  while i < bytes.count {
    let first = bytes[i]
    if 1..<0x80 ~= first {
      i += 1
      continue
    }
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)  // shorter forms exist below
    case 0xED: (length, second) = (3, 0x80...0x9F)  // surrogates above
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: length = 4
    case 0xF4: (length, second) = (4, 0x80...0x8F)  // past U+10FFFF above
    default: return i
    }
    guard length <= bytes.count - i, second ~= bytes[i + 1] else { return i }
    for k in 2..<max(length, 2) where !(0x80...0xBF ~= bytes[i + k]) { return i }
    i += length
  }
  return nil
}
