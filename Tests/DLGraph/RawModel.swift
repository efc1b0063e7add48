import DLGraph

/// A .dlrt file field by field, by FORMAT.md and without the writer, so that a test can get any one of them wrong. As it
/// is, a valid model: y = relu(x), x f32 [N], an unused constant w f32 [2], and one metadata entry.
struct RawModel {
  var signature: [UInt8] = [0x89, 0x44, 0x4C, 0x52, 0x54, 0x0D, 0x0A, 0x1A, 0x0A, 0x00]
  var major: UInt16 = 1
  var reserved: [Field] = [.u64(0), .u64(0), .u64(0)]
  var sections = [
    Section("STRS"), Section("META", required: 0), Section("GRPH"), Section("TENS"), Section("WGTS"),
  ]
  /// Written in place of what the others come to.
  var sectionCount: UInt16?
  var fileSize: UInt64?
  var headerChecksum: UInt64?
  var tableChecksum: UInt64?

  struct Section {
    var kind: String
    var flags: UInt32
    var fields: [Field] = []
    /// Zero bytes before it, in addition to those up to the next multiple of 64.
    var gap = 0
    var gapByte: UInt8 = 0
    var offset: UInt64?
    var size: UInt64?
    var checksum: UInt64?

    init(_ kind: String, required: UInt32 = 1, _ fields: [Field] = []) {
      self.kind = kind
      flags = required
      self.fields = fields
    }
  }

  enum Field {
    case u8(UInt8), u16(UInt16), u32(UInt32), u64(UInt64), i64(Int64), f64(Double), bytes([UInt8])
  }

  static let names = ["graph", "x", "y", "w", "relu", "key", "value", "N"]

  init() {
    setStrings(RawModel.names)
    metadata = [.u32(1), .u32(5), .u16(5), .u16(0), .u32(4), .u32(6)]
    graph = [
      .u32(0), .u32(1), .u32(7),  // name, symbols
      .u32(1), .u32(0), .u32(1), .u32(1),  // inputs, outputs
      .u32(1), .u32(8), .u32(4), .u32(1), .u32(0), .u32(1), .u32(1), .u32(0),  // a node: relu
    ]
    tensors = [
      .u32(3),
      .u32(1), .u8(1), .u8(1), .u8(1), .u8(0), .i64(-2),
      .u32(2), .u8(0), .u8(0), .u8(0), .u8(0),
      .u32(3), .u8(2), .u8(1), .u8(1), .u8(0), .i64(2), .u64(0), .u64(8),
    ]
    weights = [.bytes([0, 0, 128, 63, 0, 0, 0, 64])]
  }

  mutating func setStrings(_ strings: [String]) {
    let texts = strings.map { Array($0.utf8) }
    stringFields = [.u32(UInt32(texts.count))] + texts.map { .u32(UInt32($0.count)) } + [.bytes(texts.flatMap { $0 })]
  }

  var stringFields: [Field] {
    get { self["STRS"] }
    set { self["STRS"] = newValue }
  }
  var metadata: [Field] {
    get { self["META"] }
    set { self["META"] = newValue }
  }
  var graph: [Field] {
    get { self["GRPH"] }
    set { self["GRPH"] = newValue }
  }
  var tensors: [Field] {
    get { self["TENS"] }
    set { self["TENS"] = newValue }
  }
  var weights: [Field] {
    get { self["WGTS"] }
    set { self["WGTS"] = newValue }
  }

  private subscript(kind: String) -> [Field] {
    get { sections.first { $0.kind == kind }?.fields ?? [] }
    set { for i in sections.indices where sections[i].kind == kind { sections[i].fields = newValue } }
  }

  /// A section as its unpacked size and a block.
  mutating func pack(_ kind: String, _ size: UInt32, _ block: [UInt8]) {
    self[kind] = [.u32(size), .bytes(block)]
    for i in sections.indices where sections[i].kind == kind { sections[i].flags |= 2 }
  }

  /// The node's op code and attributes, in place of relu without any.
  mutating func setNode(code: UInt32, inputs: [UInt32] = [0], attributes: [[Field]]) {
    graph = Array(graph[..<7]) + [.u32(1), .u32(code), .u32(4), .u32(UInt32(inputs.count))] + inputs.map { .u32($0) }
    graph += [.u32(1), .u32(1), .u32(UInt32(attributes.count))] + attributes.flatMap { $0 }
  }

  /// A required entry.
  static func entry(_ key: UInt32, _ type: UInt16, _ payload: [Field], flags: UInt16 = 1) -> [Field] {
    [.u32(key), .u16(type), .u16(flags), .u32(UInt32(encode(payload).count)), .bytes(encode(payload))]
  }

  /// The file, with every size, offset and checksum that is not given.
  var bytes: [UInt8] {
    var table: [UInt8] = []
    var content: [UInt8] = []
    let begin = 64 + 32 * sections.count
    for section in sections {
      while (begin + content.count) % 64 != 0 { content.append(section.gapByte) }
      content += [UInt8](repeating: section.gapByte, count: section.gap)
      let bytes = encode(section.fields)
      table += encode([
        .bytes(Array(section.kind.utf8)), .u32(section.flags), .u64(section.offset ?? UInt64(begin + content.count)),
        .u64(section.size ?? UInt64(bytes.count)), .u64(section.checksum ?? sum(bytes)),
      ])
      content += bytes
    }
    var header = encode([
      .bytes(signature), .u16(major), .u16(0), .u16(sectionCount ?? UInt16(sections.count)),
      .u64(fileSize ?? UInt64(begin + content.count)), .u64(tableChecksum ?? sum(table)),
    ])
    header += encode(reserved)
    return header + encode([.u64(headerChecksum ?? sum(header))]) + table + content
  }
}

func encode(_ fields: [RawModel.Field]) -> [UInt8] {
  fields.flatMap { field -> [UInt8] in
    switch field {
    case .u8(let n): [n]
    case .u16(let n): littleEndian(n)
    case .u32(let n): littleEndian(n)
    case .u64(let n): littleEndian(n)
    case .i64(let n): littleEndian(n)
    case .f64(let x): littleEndian(x.bitPattern)
    case .bytes(let bytes): bytes
    }
  }
}

private func littleEndian<T: FixedWidthInteger>(_ n: T) -> [UInt8] {
  (0..<MemoryLayout<T>.size).map { UInt8(truncatingIfNeeded: n >> T(8 * $0)) }
}

func sum(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { checksum(of: $0) } }

/// Reads a model from bytes in memory.
func read(_ bytes: [UInt8]) throws -> Graph { try bytes.withUnsafeBytes { try readModel(.copy($0)) } }
