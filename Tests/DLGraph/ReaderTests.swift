import DLGraph
import Testing

/// Each check of the reader, with the message that says what it found.
@Suite struct ReaderTests {
  @Test func theModelAsItIsIsGood() throws {
    let graph = try read(RawModel().bytes)
    #expect(graph.name == "graph")
    #expect(graph.symbols == ["N"])
    #expect(graph.nodes.map { $0.op } == [.activation(.relu)])
    #expect(graph.values[0].type == TensorType(.f32, [.symbol(0)]))
    #expect(graph.values[1].type == graph.values[0].type)
    #expect(graph.values[2].constant.map { Array($0.floats) } == [1, 2])
    #expect(graph.metadata("key") == .text("value"))
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var message: String
    var status: Status
    var change: @Sendable (inout RawModel) -> Void

    init(_ message: String, _ status: Status = .invalidModel, _ change: @escaping @Sendable (inout RawModel) -> Void) {
      self.message = message
      self.status = status
      self.change = change
    }
    var testDescription: String { message }
  }

  @Test(
    arguments: headerRefusals + sectionRefusals + stringRefusals + metadataRefusals + tensorRefusals + graphRefusals + opRefusals)
  func refuses(_ refusal: Refusal) {
    var model = RawModel()
    refusal.change(&model)
    let bytes = model.bytes
    let error = #expect(throws: DLError.self) { try read(bytes) }
    #expect(error?.status == refusal.status)
    #expect(error?.message.contains(refusal.message) == true, "found: \(error?.message ?? "no error")")
  }

  /// Checked before the header says what the sizes are.
  @Test(
    arguments: [
      ([], "not a .dlrt file"), (Array("Once upon a time".utf8), "not a .dlrt file"),
      ([0x89, 0x44], "expected 64 bytes, found the file's end after 2"),
      ([0x89, 0x44, 0x4C, 0x52, 0x54, 0x0A, 0x1A, 0x0A], "header, byte 5: expected 13, found 10: line ends were converted"),
      ([0x09, 0x44, 0x4C, 0x52, 0x54, 0x0D], "a transfer cleared the eighth bit"),
    ] as [([UInt8], String)])
  func refusesOtherFiles(bytes: [UInt8], message: String) {
    let error = #expect(throws: DLError.self) { try read(bytes) }
    #expect(error?.message.contains(message) == true, "found: \(error?.message ?? "no error")")
  }

  @Test func refusesAnAppendedByte() {
    let error = #expect(throws: DLError.self) { try read(RawModel().bytes + [0]) }
    #expect(error?.message.contains("something was appended") == true)
  }

  @Test func skipsWhatIsNotRequired() throws {
    var model = RawModel()
    model.sections.insert(RawModel.Section("XTRA", required: 0, [.bytes([1, 2, 3])]), at: 2)
    model.sections[2].gap = 64
    model.metadata[0] = .u32(2)
    model.setStrings(RawModel.names + ["later"])
    model.metadata += RawModel.entry(8, 99, [.bytes([1, 2, 3])], flags: 0)
    model.setNode(code: 12, attributes: [RawModel.entry(11, 1, [.i64(0)]), RawModel.entry(999, 77, [.u8(1)], flags: 0)])
    let graph = try read(model.bytes)
    #expect(graph.nodes[0].op == .softmax(axis: 0))
    #expect(graph.metadata.count == 1)
  }

  /// The caller's memory may begin at any address; constants are aligned all the same.
  @Test(arguments: 0..<64) func readsMemoryOfAnyAlignment(shift: Int) throws {
    let bytes = RawModel().bytes
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 64, alignment: 64)
    defer { memory.deallocate() }
    let moved = UnsafeMutableRawBufferPointer(rebasing: memory[shift..<shift + bytes.count])
    moved.copyBytes(from: bytes)
    let constant = try #require(try readModel(.borrow(UnsafeRawBufferPointer(moved))).values[2].constant)
    #expect(Array(constant.floats) == [1, 2])
    let inPlace =
      UnsafeRawPointer(memory.baseAddress!) <= constant.storage.base && constant.storage.base < memory.baseAddress! + memory.count
    #expect(inPlace == (shift == 0))
  }
}

private typealias Refusal = ReaderTests.Refusal

private let headerRefusals: [Refusal] = [
  Refusal("header: expected checksum 0x1, found 0x") { $0.headerChecksum = 1 },
  Refusal("section table: expected checksum 0x1, found 0x") { $0.tableChecksum = 1 },
  Refusal("header, byte 10: expected format version 1, found 2.0", .unsupported) { $0.major = 2 },
  Refusal("header, byte 10: expected format version 1, found 0.0", .unsupported) { $0.major = 0 },
  Refusal("it is cut short") { $0.fileSize = 1 << 40 },
  Refusal("something was appended") { $0.fileSize = 64 },
  Refusal("header, byte 14: a table of 65535 sections does not fit") { $0.sectionCount = 65535 },
  Refusal("header, byte 40: expected 0 in a reserved field", .unsupported) { $0.reserved[1] = .u64(5) },
]

private let sectionRefusals: [Refusal] = [
  Refusal("section 3 (TENS), table entry at byte 160: expected checksum 0x7, found 0x") { $0.sections[3].checksum = 7 },
  Refusal("expected offset and size within the file's") { $0.sections[1].offset = .max },
  Refusal("expected offset and size within the file's") { $0.sections[1].size = .max },
  Refusal("expected offset and size within the file's") { $0.sections[4].size = 1000 },
  Refusal("expected an offset that is a multiple of 64, found 300") { $0.sections[1].offset = 300 },
  Refusal("expected an offset of at least 224, where what is before it ends, found 0") { $0.sections[0].offset = 0 },
  Refusal("expected 0 between sections, found 9") { $0.sections[2].gapByte = 9 },
  Refusal("expected flags of at most 3, found 4", .unsupported) { $0.sections[0].flags = 4 },
  Refusal("section 4 (WGTS), table entry at byte 192: weights that are packed", .unsupported) { $0.sections[4].flags = 3 },
  Refusal("section STRS, byte 256: unpacked size: 2 bytes cannot hold 1000") { $0.pack("STRS", 1000, [0x10, 65]) },
  Refusal("section STRS, byte 256: unpacked size: 70000 bytes cannot hold 4000000") {
    $0.pack("STRS", 4_000_000, [UInt8](repeating: 0, count: 70_000))
  },
  Refusal("expected a block of 5 bytes when unpacked") { $0.pack("GRPH", 5, [0x40, 1, 2, 3, 4]) },
  Refusal("section TENS, unpacked byte 0: number of tensors: expected at most 0, which fit the section, found 3") {
    $0.pack("TENS", 4, [0x40, 3, 0, 0, 0])
  },
  Refusal("section 0 (NEW.), table entry at byte 64: this section is unknown and marked as required", .unsupported) {
    $0.sections[0].kind = "NEW\u{7}"
  },
  Refusal("section META is missing") { $0.sections.remove(at: 1) },
  Refusal("a second section META") { $0.sections.insert($0.sections[1], at: 2) },
  Refusal("expected the last section to end the file at byte") { model in
    model.weights = [.bytes([UInt8](repeating: 0, count: 64))]
    model.sections[4].size = 8
    model.sections[4].checksum = sum([UInt8](repeating: 0, count: 8))
  },
]

private let stringRefusals: [Refusal] = [
  Refusal("number of strings: expected at most") { $0.stringFields[0] = .u32(1 << 31) },
  Refusal("section STRS, byte 256: number of strings: expected 4 bytes, found the section's end after 0") {
    $0.stringFields = []
  },
  Refusal("string: expected 4294967295 bytes, found the section's end") { $0.stringFields[1] = .u32(.max) },
  Refusal("section STRS, byte") { $0.stringFields[1] = .u32(4) },
  Refusal("expected the section's end, found 1 more bytes") { $0.stringFields.append(.u8(65)) },
  Refusal("string 0: expected UTF-8 without zero bytes, found byte 0") { $0.setStrings(["gr\0ph"] + RawModel.names[1...]) },
  Refusal("string 0: expected UTF-8 without zero bytes, found byte 255") {
    $0.stringFields[$0.stringFields.count - 1] = .bytes([255] + Array("raphxywrelukeyvalueN".utf8))
  },
  Refusal("name of a tensor: expected a string below 8, found 8") { $0.tensors[1] = .u32(8) },
  Refusal("name of a tensor: string 5 is used a second time") { $0.tensors[1] = .u32(5) },
]

private let metadataRefusals: [Refusal] = [
  Refusal("number of metadata entries: expected at most 1, which fit the section, found 2") { $0.metadata[0] = .u32(2) },
  Refusal("flags of an entry: expected 0 or 1, found 4", .unsupported) { $0.metadata[3] = .u16(4) },
  Refusal("payload of an entry: expected 5 bytes, found the section's end after 4") { $0.metadata[4] = .u32(5) },
  Refusal("section META, byte 336: payload of an entry: expected 4 bytes, found 8") {
    $0.metadata = [.u32(1)] + RawModel.entry(5, 5, [.u32(6), .u32(7)])
  },
  Refusal("payload of an entry: expected 8 bytes, found 4") { $0.metadata[2] = .u16(1) },
  Refusal("payload of an entry: expected 8 bytes, found 4") { $0.metadata[2] = .u16(2) },
  Refusal("payload of an entry: expected a multiple of 8 bytes, found 4") { $0.metadata[2] = .u16(3) },
  Refusal("payload of an entry: expected a multiple of 8 bytes, found 4") { $0.metadata[2] = .u16(4) },
  Refusal("payload of an entry: expected a multiple of 4 bytes, found 5") {
    $0.metadata = [.u32(1)] + RawModel.entry(5, 6, [.u32(6), .u8(7)])
  },
  Refusal("text: expected a string below 8, found 77") { $0.metadata[5] = .u32(77) },
  Refusal("key of a metadata entry: expected a string below 8, found 4000000000") { $0.metadata[1] = .u32(4_000_000_000) },
  Refusal("metadata 'key': unknown type 7, marked as required", .unsupported) {
    $0.metadata = [.u32(1)] + RawModel.entry(5, 7, [])
  },
  Refusal("expected the section's end, found 2 more bytes") { $0.metadata.append(.u16(0)) },
  Refusal("metadata entry 1: the name 'key' is taken") {
    $0.setStrings(RawModel.names + ["key"])
    $0.metadata = [.u32(2)] + RawModel.entry(5, 3, []) + RawModel.entry(8, 4, [.f64(1)])
  },
]

private let tensorRefusals: [Refusal] = [
  Refusal("number of tensors: expected at most") { $0.tensors[0] = .u32(1 << 31) },
  Refusal("tensor 0 'x': unknown kind 3", .unsupported) { $0.tensors[2] = .u8(3) },
  Refusal("tensor 1: expected dtype, rank and encoding 0 of a computed tensor, found 1, 0, 0") { $0.tensors[9] = .u8(1) },
  Refusal("tensor 0: unknown dtype 14", .unsupported) { $0.tensors[3] = .u8(14) },
  Refusal("tensor 0: unknown dtype 0", .unsupported) { $0.tensors[3] = .u8(0) },
  Refusal("tensor 0: expected a rank of at most 8, found 9", .unsupported) { $0.tensors[4] = .u8(9) },
  Refusal("tensor 2: unknown encoding 1", .unsupported) { $0.tensors[16] = .u8(1) },
  Refusal("tensor 0: unknown encoding 1", .unsupported) { $0.tensors[5] = .u8(1) },
  Refusal("tensor 0: expected a symbol below 1, found dimension -3") { $0.tensors[6] = .i64(-3) },
  Refusal("tensor 0: expected a symbol below 1, found dimension -9223372036854775808") { $0.tensors[6] = .i64(.min) },
  Refusal("tensor 0: [9223372036854775807] is larger than memory can be") { $0.tensors[6] = .i64(.max) },
  Refusal("tensor 2: expected a size of a constant, found -1") { $0.tensors[17] = .i64(-1) },
  Refusal("tensor 2: expected a size of a constant, found -2") { $0.tensors[17] = .i64(-2) },
  Refusal("tensor 2: expected the 12 bytes of its type, found 8") { $0.tensors[17] = .i64(3) },
  Refusal("tensor 2: expected the 8 bytes of its type, found 18446744073709551615") { $0.tensors[19] = .u64(.max) },
  Refusal("tensor 2: expected 8 bytes within the weights' 8, found them at 64") { $0.tensors[18] = .u64(64) },
  Refusal("tensor 2: expected 8 bytes within the weights' 8, found them at 18446744073709551615") { $0.tensors[18] = .u64(.max) },
  Refusal("tensor 2: expected an offset that is a multiple of 4, found 2") {
    $0.tensors[18] = .u64(2)
    $0.weights += [.u64(0)]
  },
  Refusal("tensor 2: expected an offset that is a multiple of 64, found 4") {
    $0.tensors[17] = .i64(256)
    $0.tensors[18] = .u64(4)
    $0.tensors[19] = .u64(1024)
    $0.weights = [.bytes([UInt8](repeating: 0, count: 1028))]
  },
  Refusal("tensor 3: expected an offset of at least 8, where the constants before it end, found 0") {
    $0.setStrings(RawModel.names + ["again"])
    $0.tensors[0] = .u32(4)
    $0.tensors += [.u32(8), .u8(2), .u8(1), .u8(1), .u8(0), .i64(2), .u64(0), .u64(8)]
  },
  Refusal("dtype: expected 1 bytes, found the section's end after 0") { $0.tensors.removeLast(6) },
  Refusal("byte size of a constant: expected 8 bytes, found the section's end after 0") { $0.tensors.removeLast() },
  Refusal("expected the section's end, found 1 more bytes") { $0.tensors.append(.u8(0)) },
]

private let graphRefusals: [Refusal] = [
  Refusal("number of symbols: expected at most") { $0.graph[1] = .u32(.max) },
  Refusal("symbol 1: the name 'N' is taken") {
    $0.setStrings(RawModel.names + ["N"])
    $0.graph[1] = .u32(2)
    $0.graph.insert(.u32(8), at: 3)
  },
  Refusal("inputs: expected at most") { $0.graph[3] = .u32(.max) },
  Refusal("inputs: expected an index below 3, found 3") { $0.graph[4] = .u32(3) },
  Refusal("input 0: tensor 2 is not of kind input") { $0.graph[4] = .u32(2) },
  Refusal("number of inputs: expected the 1 tensors of kind input, found 0") {
    $0.graph[3] = .u32(0)
    $0.graph.remove(at: 4)
  },
  Refusal("number of inputs: expected the 1 tensors of kind input, found 2") {
    $0.graph[3] = .u32(2)
    $0.graph.insert(.u32(0), at: 5)
  },
  Refusal("outputs: expected an index below 3, found 7") { $0.graph[6] = .u32(7) },
  Refusal("the graph has no outputs") {
    $0.graph[5] = .u32(0)
    $0.graph.remove(at: 6)
  },
  Refusal("output 1: the name 'y' is taken") {
    $0.graph[5] = .u32(2)
    $0.graph.insert(.u32(1), at: 7)
  },
  Refusal("output 0: value 1 is never computed") {
    $0.graph = Array($0.graph[..<7]) + [.u32(0)]
  },
  Refusal("number of nodes: expected at most 1, which fit the section, found 2147483648") { $0.graph[7] = .u32(1 << 31) },
  Refusal("node 0 'relu': unknown operation code 999", .unsupported) { $0.graph[8] = .u32(999) },
  Refusal("node 0 'relu' (relu): reads 'y' before it is computed") { $0.graph[11] = .u32(1) },
  Refusal("node 0 'relu' (relu): writes 'x', which already has a value") { $0.graph[13] = .u32(0) },
  Refusal("node 0 'relu' (relu): has 0 outputs, expected 1") {
    $0.graph[12] = .u32(0)
    $0.graph.remove(at: 13)
    $0.graph[6] = .u32(0)
  },
  Refusal("node 0 'relu' (relu): takes 1 to 1 inputs, found 2") { $0.setNode(code: 8, inputs: [0, 2], attributes: []) },
  Refusal("node 'relu' (add): cannot broadcast") {
    $0.tensors[6] = .i64(3)
    $0.setNode(code: 15, inputs: [0, 2], attributes: [])
  },
  Refusal("input 0: expected a floating-point type, found i64", .unsupported) { $0.tensors[3] = .u8(8) },
  Refusal("expected the section's end, found 4 more bytes") { $0.graph.append(.u32(0)) },
]

private let opRefusals: [Refusal] = [
  Refusal("number of attributes: expected at most") { $0.graph[14] = .u32(1) },
  Refusal("node 0 'relu': attribute axis is missing") { $0.setNode(code: 12, attributes: []) },
  Refusal("node 0 'relu': attribute axis: expected type integer, found real") {
    $0.setNode(code: 12, attributes: [RawModel.entry(11, 2, [.f64(1)])])
  },
  Refusal("attribute axis is given twice") {
    $0.setNode(code: 12, attributes: [RawModel.entry(11, 1, [.i64(0)]), RawModel.entry(11, 1, [.i64(0)])])
  },
  Refusal("unknown attribute 1000 of type 1, marked as required", .unsupported) {
    $0.setNode(code: 8, attributes: [RawModel.entry(1000, 1, [.i64(0)])])
  },
  Refusal("unknown attribute 11 of type 9, marked as required", .unsupported) {
    $0.setNode(code: 12, attributes: [RawModel.entry(11, 9, [.i64(0)])])
  },
  Refusal("attribute slope: expected type real, found integers") {
    $0.setNode(code: 9, attributes: [RawModel.entry(10, 3, [.i64(0)])])
  },
  Refusal("attribute slope: expected a finite f32") { $0.setNode(code: 9, attributes: [RawModel.entry(10, 2, [.f64(1e39)])]) },
  Refusal("attribute slope: expected a finite f32") { $0.setNode(code: 9, attributes: [RawModel.entry(10, 2, [.f64(.nan)])]) },
  Refusal("attribute sizes: expected type integers, found text") {
    $0.setNode(code: 19, attributes: [RawModel.entry(17, 5, [.u32(6)])])
    $0.metadata = [.u32(0)]
  },
  Refusal("attribute sizes: expected at most 8 entries, found 9") {
    $0.setNode(code: 19, attributes: [RawModel.entry(17, 3, .init(repeating: Int64(1), count: 9))])
  },
  Refusal("attribute transpose_a: expected 0 or 1, found 2") {
    $0.setNode(code: 6, inputs: [0, 2], attributes: [RawModel.entry(8, 1, [.i64(2)]), RawModel.entry(9, 1, [.i64(0)])])
  },
]

extension [RawModel.Field] {
  fileprivate init(repeating value: Int64, count: Int) { self = (0..<count).map { _ in .i64(value) } }
}
