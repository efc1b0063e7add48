/// The sections of a .dlrt file, once the header, the section table and every checksum have been found good. Readers of its
/// sections are valid as long as it is.
struct Sections {
  private struct Section {
    /// Bytes of the file.
    var range: Range<Int>
    var isPacked: Bool
    /// What a packed one stands for.
    var unpacked: Storage?
  }

  private let storage: Storage
  /// In the order of `SectionKind.allCases`.
  private var sections: [Section?]

  init(_ storage: Storage) throws(DLError) {
    self.storage = storage
    sections = Array(repeating: nil, count: SectionKind.allCases.count)
    let file = UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
    let header = try Header(file)
    try readTable(file, header)
    for (i, kind) in SectionKind.allCases.enumerated() {
      guard let section = sections[i] else { throw DLError(.invalidModel, "section \(kind.name) is missing") }
      if section.isPacked {
        let unpacked = try unpacked(kind, file, section.range)
        sections[i]?.unpacked = unpacked
      }
    }
  }

  func range(_ kind: SectionKind) -> Range<Int> { section(kind)?.range ?? 0..<0 }

  func reader(_ kind: SectionKind) -> ByteReader {
    if let unpacked = section(kind)?.unpacked {
      return ByteReader(kind, UnsafeRawBufferPointer(start: unpacked.base, count: unpacked.byteCount), start: nil)
    }
    let range = range(kind)
    let bytes = UnsafeRawBufferPointer(start: storage.base + range.lowerBound, count: range.count)
    return ByteReader(kind, bytes, start: range.lowerBound)
  }

  private func section(_ kind: SectionKind) -> Section? {
    for (i, other) in SectionKind.allCases.enumerated() where other == kind { return sections[i] }
    return nil
  }

  /// A packed section is an unpacked size and a block.
  private func unpacked(
    _ kind: SectionKind, _ file: UnsafeRawBufferPointer, _ range: Range<Int>
  ) throws(DLError) -> Storage {
    var reader = ByteReader(kind, UnsafeRawBufferPointer(rebasing: file[range]), start: range.lowerBound)
    let rawSize: UInt32 = try reader.read("unpacked size")
    let block = try reader.readBytes("block", count: reader.remaining)
    guard let size = Int(exactly: rawSize), size <= Packing.mostUnpacked(block.count) else {
      throw reader.failure(at: 0, "unpacked size: \(block.count) bytes cannot hold \(rawSize)")
    }
    var fits = false
    let unpacked = try Storage.allocate(size) { fits = unpack(block, into: $0) }
    guard fits else { throw reader.failure(at: 0, "expected a block of \(size) bytes when unpacked") }
    return unpacked
  }

  /// Sections lie in the table's order, with nothing but zeros between them, and the last one ends the file.
  private mutating func readTable(_ file: UnsafeRawBufferPointer, _ header: Header) throws(DLError) {
    var end = header.tableEnd
    for index in 0..<header.sectionCount {
      let entry = Format.headerSize + index * Format.sectionEntrySize
      let rawKind = file.word(entry, UInt32.self)
      let flags = file.word(entry + 4, UInt32.self)
      let place: Message = "section \(index) (\(sectionName(rawKind))), table entry at byte \(entry): "
      guard flags & ~(Format.required | Format.packed) == 0 else {
        throw DLError(.unsupported, "\(place)expected flags of at most 3, found \(flags)")
      }
      let range = try readRange(file, entry, place, alignment: flags & Format.packed == 0 ? Format.alignment : 1, after: end)
      try requireZeros(file, end..<range.lowerBound)
      let found = checksum(range)
      let expected = file.word(entry + 24, UInt64.self)
      guard found == expected else {
        throw DLError(.invalidModel, "\(place)expected checksum \(hex(expected)), found \(hex(found)): the file is damaged")
      }
      try note(rawKind, flags, range, place)
      end = range.upperBound
    }
    guard end == file.count else {
      throw DLError(.invalidModel, "expected the last section to end the file at byte \(file.count), found its end at \(end)")
    }
  }

  /// The checksum of a range of the file. Very large ones are not held in memory as a whole; others are about to be read again.
  private func checksum(_ range: Range<Int>) -> UInt64 {
    let (piece, large) = (1 << 22, 1 << 27)  // pieces are multiples of the stripe
    var checksum = Checksum()
    let tail = range.upperBound - range.count % Checksum.stripe
    var at = range.lowerBound
    while at < tail {
      let end = min(at + piece, tail)
      checksum.addStripes(UnsafeRawBufferPointer(start: storage.base + at, count: end - at))
      if range.count > large { storage.discardPages(at..<end) }
      at = end
    }
    return checksum.finish(tail: UnsafeRawBufferPointer(start: storage.base + tail, count: range.upperBound - tail))
  }

  private func readRange(
    _ file: UnsafeRawBufferPointer, _ entry: Int, _ place: Message, alignment: Int, after end: Int
  ) throws(DLError) -> Range<Int> {
    let rawOffset = file.word(entry + 8, UInt64.self)
    let rawSize = file.word(entry + 16, UInt64.self)
    guard let offset = Int(exactly: rawOffset), let size = Int(exactly: rawSize), offset <= file.count,
      size <= file.count - offset
    else {
      throw DLError(
        .invalidModel, "\(place)expected offset and size within the file's \(file.count) bytes, found \(rawOffset) and \(rawSize)"
      )
    }
    guard offset % alignment == 0 else {
      throw DLError(.invalidModel, "\(place)expected an offset that is a multiple of \(alignment), found \(offset)")
    }
    guard offset >= end else {
      throw DLError(.invalidModel, "\(place)expected an offset of at least \(end), where what is before it ends, found \(offset)")
    }
    return offset..<offset + size
  }

  private func requireZeros(_ file: UnsafeRawBufferPointer, _ range: Range<Int>) throws(DLError) {
    for i in range where file[i] != 0 {
      throw DLError(.invalidModel, "byte \(i): expected 0 between sections, found \(file[i])")
    }
  }

  private mutating func note(
    _ rawKind: UInt32, _ flags: UInt32, _ range: Range<Int>, _ place: Message
  ) throws(DLError) {
    guard let kind = SectionKind(rawValue: rawKind) else {
      if flags & Format.required != 0 {
        throw DLError(.unsupported, "\(place)this section is unknown and marked as required")
      }
      return
    }
    let isPacked = flags & Format.packed != 0
    guard !isPacked || kind != .weights else { throw DLError(.unsupported, "\(place)weights that are packed") }
    for (i, other) in SectionKind.allCases.enumerated() where other == kind {
      guard sections[i] == nil else { throw DLError(.invalidModel, "\(place)a second section \(kind.name)") }
      sections[i] = Section(range: range, isPacked: isPacked)
    }
  }
}

/// What the first 64 bytes say.
private struct Header {
  var sectionCount: Int
  /// Where the section table, which follows the header, ends.
  var tableEnd: Int

  init(_ file: UnsafeRawBufferPointer) throws(DLError) {
    try Header.checkSignature(file)
    guard file.count >= Format.headerSize else {
      throw DLError(.invalidModel, "header: expected \(Format.headerSize) bytes, found the file's end after \(file.count)")
    }
    let found = Checksum.of(UnsafeRawBufferPointer(rebasing: file[..<Format.headerChecksumOffset]))
    let expected = file.word(Format.headerChecksumOffset, UInt64.self)
    guard found == expected else {
      throw DLError(.invalidModel, "header: expected checksum \(hex(expected)), found \(hex(found)): the file is damaged")
    }
    let major = file.word(10, UInt16.self)
    let minor = file.word(12, UInt16.self)
    guard major == Format.major else {
      throw DLError(.unsupported, "header, byte 10: expected format version \(Format.major), found \(major).\(minor)")
    }
    let size = file.word(16, UInt64.self)
    guard size == file.count else {
      let what: Message = size > file.count ? "it is cut short" : "something was appended"
      throw DLError(.invalidModel, "header, byte 16: expected a file of \(size) bytes, found \(file.count): \(what)")
    }
    sectionCount = Int(file.word(14, UInt16.self))
    tableEnd = Format.headerSize + sectionCount * Format.sectionEntrySize
    guard tableEnd <= file.count else {
      throw DLError(
        .invalidModel, "header, byte 14: a table of \(sectionCount) sections does not fit the file's \(file.count) bytes")
    }
    let table = Checksum.of(UnsafeRawBufferPointer(rebasing: file[Format.headerSize..<tableEnd]))
    let expectedTable = file.word(24, UInt64.self)
    guard table == expectedTable else {
      throw DLError(
        .invalidModel, "section table: expected checksum \(hex(expectedTable)), found \(hex(table)): the file is damaged")
    }
    for offset in [32, 40, 48] where file.word(offset, UInt64.self) != 0 {
      throw DLError(.unsupported, "header, byte \(offset): expected 0 in a reserved field")
    }
  }

  /// Says what happened to a file that began as a .dlrt file, as far as its first bytes tell.
  private static func checkSignature(_ file: UnsafeRawBufferPointer) throws(DLError) {
    let signature = Format.signature
    var matching = 0
    while matching < min(signature.count, file.count), file[matching] == signature[matching] { matching += 1 }
    if matching == signature.count || (matching == file.count && matching > 0) { return }
    if matching >= 5 {
      throw DLError(
        .invalidModel,
        "header, byte \(matching): expected \(signature[matching]), found \(file[matching]): line ends were converted, as by a text-mode transfer"
      )
    }
    if file.count >= 5, file[0] == signature[0] & 0x7F, file[1..<5].elementsEqual(signature[1..<5]) {
      throw DLError(.invalidModel, "header, byte 0: expected 137, found 9: a transfer cleared the eighth bit of the bytes")
    }
    throw DLError(.invalidModel, "not a .dlrt file: it does not begin with the signature")
  }
}

extension UnsafeRawBufferPointer {
  /// A little-endian integer; the caller has checked that it lies inside.
  fileprivate func word<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: T.Type) -> T {
    T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
  }
}

private func hex(_ value: UInt64) -> Message { "0x\(hex: value)" }

/// The kind of a section as text, where its characters are printable ASCII.
private func sectionName(_ kind: UInt32) -> Name {
  var characters: [UInt8] = []
  for shift: UInt32 in [0, 8, 16, 24] {
    let byte = UInt8(truncatingIfNeeded: kind >> shift)
    characters.append(0x20..<0x7F ~= byte ? byte : 0x2E)
  }
  return Name(utf8: Array(characters))
}
