/// Reads a section from its beginning; every read is checked against the section's end. Errors name the section and the
/// byte of the file.
struct ByteReader {
  let section: SectionKind
  private let bytes: UnsafeRawBufferPointer
  /// Where in the file the section begins; nil: it was unpacked.
  private let start: Int?
  private(set) var position = 0

  init(_ section: SectionKind, _ bytes: UnsafeRawBufferPointer, start: Int?) {
    self.section = section
    self.bytes = bytes
    self.start = start
  }

  var remaining: Int { bytes.count - position }

  func failure(status: Status = .invalidModel, at position: Int? = nil, _ message: Message) -> DLError {
    let place: StaticString = start == nil ? "unpacked byte" : "byte"
    return DLError(status, "section \(section.name), \(place) \((start ?? 0) + (position ?? self.position)): \(message)")
  }

  mutating func read<T: FixedWidthInteger & BitwiseCopyable>(_ what: StaticString, as type: T.Type = T.self) throws(DLError) -> T
  {
    guard remaining >= MemoryLayout<T>.size else {
      throw failure("\(what): expected \(MemoryLayout<T>.size) bytes, found the section's end after \(remaining)")
    }
    let value = bytes.loadUnaligned(fromByteOffset: position, as: T.self)
    position += MemoryLayout<T>.size
    return T(littleEndian: value)
  }

  /// A count of records of at least `recordSize` bytes, which must fit what is left: nobody allocates for more.
  mutating func readCount(_ what: StaticString, recordSize: Int) throws(DLError) -> Int {
    let at = position
    let count: UInt32 = try read(what)
    guard let fits = Int(exactly: count), fits <= remaining / recordSize else {
      throw failure(at: at, "\(what): expected at most \(remaining / recordSize), which fit the section, found \(count)")
    }
    return fits
  }

  /// An index below `limit`.
  mutating func readIndex(_ what: StaticString, below limit: Int, orAbsent: Bool = false) throws(DLError) -> Int {
    let at = position
    let index: UInt32 = try read(what)
    if orAbsent && index == Format.absent { return Node.absent }
    guard let fits = Int(exactly: index), fits < limit else {
      throw failure(at: at, "\(what): expected an index below \(limit), found \(index)")
    }
    return fits
  }

  mutating func readBytes(_ what: StaticString, count: Int) throws(DLError) -> UnsafeRawBufferPointer {
    guard count <= remaining else {
      throw failure("\(what): expected \(count) bytes, found the section's end after \(remaining)")
    }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  /// To be called after the last record.
  func requireEnd() throws(DLError) {
    guard remaining == 0 else { throw failure("expected the section's end, found \(remaining) more bytes") }
  }
}
