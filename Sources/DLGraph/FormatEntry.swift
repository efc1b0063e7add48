/// A typed value under a key, as node attributes (key: attribute id) and metadata (key: a string) store it:
/// key u32, type u16, flags u16, payload size u32, payload.
struct Entry {
  static let headerSize = 12

  let key: UInt32
  let type: UInt16
  let required: Bool
  private let payload: UnsafeRawBufferPointer
  /// Where the payload begins, for messages.
  private let position: Int

  init(_ reader: inout ByteReader) throws(DLError) {
    key = try reader.read("key of an entry")
    type = try reader.read("type of an entry")
    let at = reader.position
    let flags: UInt16 = try reader.read("flags of an entry")
    guard UInt32(flags) & ~Format.required == 0 else {
      throw reader.failure(status: .unsupported, at: at, "flags of an entry: expected 0 or 1, found \(flags)")
    }
    required = UInt32(flags) & Format.required != 0
    let size: UInt32 = try reader.read("size of an entry")
    position = reader.position
    payload = try reader.readBytes("payload of an entry", count: Int(clamping: size))
  }

  /// The value, or nil for a type that this version does not know.
  func value(_ reader: inout ByteReader, _ strings: inout StringTable) throws(DLError) -> MetadataValue? {
    guard let type = EntryType(rawValue: type) else { return nil }
    switch type {
    case .integer: return .integer(try words(reader, 8, one: true).map { integer($0) }[0])
    case .real: return .real(try words(reader, 8, one: true).map { real($0) }[0])
    case .integers: return .integers(try words(reader, 8).map { integer($0) })
    case .reals: return .reals(try words(reader, 8).map { real($0) })
    case .text: return .text(try texts(reader, &strings, one: true)[0])
    case .texts: return .texts(try texts(reader, &strings))
    }
  }

  /// The payload's words, of which there must be `one` or any whole number.
  private func words(_ reader: ByteReader, _ size: Int, one: Bool = false) throws(DLError) -> Range<Int> {
    guard payload.count % size == 0, !one || payload.count == size else {
      let multiple: StaticString = one ? "" : "a multiple of "
      throw reader.failure(
        at: position, "payload of an entry: expected \(multiple)\(size) bytes, found \(payload.count)")
    }
    return 0..<payload.count / size
  }

  private func integer(_ i: Int) -> Int64 {
    Int64(littleEndian: payload.loadUnaligned(fromByteOffset: 8 * i, as: Int64.self))
  }

  private func real(_ i: Int) -> Double { Double(bitPattern: UInt64(bitPattern: integer(i))) }

  private func texts(_ reader: ByteReader, _ strings: inout StringTable, one: Bool = false) throws(DLError) -> [Name] {
    var names: [Name] = []
    for i in try words(reader, 4, one: one) {
      let index = UInt32(littleEndian: payload.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self))
      names.append(try strings.take(index, reader, at: position + 4 * i, "text"))
    }
    return names
  }
}
