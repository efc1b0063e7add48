/// Writes a graph as a .dlrt file (FORMAT.md), in order, to a sink that is handed piece after piece; the weights are never
/// gathered in memory. The same graph always gives the same bytes. packed: whether sections other than the weights are
/// written in less space where they can be. Throws what `Graph.validate` finds, and what sink throws.
public func writeModel(
  _ graph: Graph, packed: Bool = true, to sink: (UnsafeRawBufferPointer) throws(DLError) -> Void
) throws(DLError) {
  try requireWritable(graph)
  var writer = ModelWriter()
  try writer.write(graph, packed: packed, to: sink)
}

/// The same file as bytes in memory.
public func encodeModel(_ graph: Graph, packed: Bool = true) throws(DLError) -> [UInt8] {
  var bytes: [UInt8] = []
  try writeModel(graph, packed: packed) { piece throws(DLError) in bytes += piece }
  return bytes
}

/// Nothing is written that the reader would refuse.
private func requireWritable(_ graph: Graph) throws(DLError) {
  var checked = graph
  try checked.validate()
  for (n, node) in graph.nodes.enumerated() {
    do {
      let (code, attributes) = node.op.encoded
      _ = try Op(code, Attributes(entries: attributes))
    } catch { throw error.at("node \(n) \(node.name.quoted)") }
  }
}

private struct ModelWriter {
  private var strings: [Name] = []

  private struct Section {
    var kind: SectionKind
    var flags: UInt32
    var bytes: [UInt8]

    init(_ kind: SectionKind, _ bytes: [UInt8], packed: Bool) {
      self.kind = kind
      self.bytes = bytes
      flags = kind == .metadata ? 0 : Format.required
      guard packed, let size = UInt32(exactly: bytes.count) else { return }
      let block = pack(bytes)
      guard block.count + 4 < bytes.count, bytes.count <= Packing.mostUnpacked(block.count) else { return }
      self.bytes = []
      self.bytes.add(size)
      self.bytes += block
      flags |= Format.packed
    }

    /// Where it begins, after bytes that end at an offset: what was packed is not read in place.
    func place(after end: Int) -> Int { flags & Format.packed != 0 ? end : Format.aligned(end) }
  }

  mutating func write(
    _ graph: Graph, packed: Bool, to sink: (UnsafeRawBufferPointer) throws(DLError) -> Void
  ) throws(DLError) {
    let metadata = Section(.metadata, metadataSection(graph), packed: packed)
    let nodes = Section(.graph, graphSection(graph), packed: packed)
    let tensors = Section(.tensors, tensorSection(graph), packed: packed)
    try requireText()
    // The strings come first in the file, but last here, when all the others have named theirs.
    let small = [Section(.strings, stringSection(), packed: packed), metadata, nodes, tensors]
    let head = try head(small, graph)
    try emit(head, to: sink)
    var end = head.count
    for section in small {
      try emit(zeros(section.place(after: end) - end) + section.bytes, to: sink)
      end = section.place(after: end) + section.bytes.count
    }
    try emit(zeros(Format.aligned(end) - end), to: sink)
    try writeWeights(graph, to: sink)
  }

  private func emit(
    _ bytes: [UInt8], to sink: (UnsafeRawBufferPointer) throws(DLError) -> Void
  ) throws(DLError) {
    guard !bytes.isEmpty else { return }
    try bytes.withUnsafeBufferPointer { memory throws(DLError) in try sink(UnsafeRawBufferPointer(memory)) }
  }

  private func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  /// Hands on the constants, with zeros between them up to where the next begins.
  private func writeWeights(
    _ graph: Graph, to sink: (UnsafeRawBufferPointer) throws(DLError) -> Void
  ) throws(DLError) {
    var end = 0
    for constant in graph.constants {
      let begin = constant.place(after: end)
      try emit(zeros(begin - end), to: sink)
      try sink(constant.bytes)
      end = begin + constant.bytes.count
    }
  }

  // MARK: header

  private func head(_ small: [Section], _ graph: Graph) throws(DLError) -> [UInt8] {
    let count = small.count + 1
    var end = Format.headerSize + count * Format.sectionEntrySize
    var table: [UInt8] = []
    for section in small {
      let begin = section.place(after: end)
      table.addSection(section.kind, section.flags, begin, section.bytes.count, checksum(section.bytes))
      end = begin + section.bytes.count
    }
    end = Format.aligned(end)
    let weights = try weightsChecksum(graph)
    table.addSection(.weights, Format.required, end, weights.size, weights.checksum)

    var header = Format.signature
    header.add(Format.major)
    header.add(Format.minor)
    header.add(UInt16(count))
    header.add(UInt64(end + weights.size))
    header.add(checksum(table))
    for _ in 0..<3 { header.add(UInt64(0)) }
    header.add(checksum(header))
    return header + table
  }

  private func weightsChecksum(_ graph: Graph) throws(DLError) -> (size: Int, checksum: UInt64) {
    var sum = Checksum()
    var size = 0
    /// Bytes that do not fill a stripe yet.
    var rest: [UInt8] = []
    try writeWeights(graph) { piece throws(DLError) in
      size += piece.count
      let filling = rest.isEmpty ? 0 : min(Checksum.stripe - rest.count, piece.count)
      rest += piece[..<filling]
      if rest.count == Checksum.stripe {
        rest.withUnsafeBytes { sum.addStripes($0) }
        rest = []
      }
      let end = piece.count - (piece.count - filling) % Checksum.stripe
      sum.addStripes(UnsafeRawBufferPointer(rebasing: piece[filling..<end]))
      rest += piece[end...]
    }
    return (size, rest.withUnsafeBytes { sum.finish(tail: $0) })
  }

  private func checksum(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { Checksum.of($0) } }

  // MARK: sections

  private mutating func index(_ name: Name) -> UInt32 {
    strings.append(name)
    return UInt32(strings.count - 1)
  }

  private func requireText() throws(DLError) {
    for name in strings {
      guard name.utf8.withUnsafeBytes({ firstInvalidByte($0) }) == nil, name.utf8.count <= Int(UInt32.max / 2) else {
        throw DLError(.invalidArgument, "the name \(name.quoted): expected UTF-8 without zero bytes")
      }
    }
  }

  private func stringSection() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.add(UInt32(strings.count))
    for name in strings { bytes.add(UInt32(name.utf8.count)) }
    for name in strings { bytes += name.utf8 }
    return bytes
  }

  private mutating func metadataSection(_ graph: Graph) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.add(UInt32(graph.metadata.count))
    for entry in graph.metadata {
      let key = index(entry.key)
      addEntry(&bytes, key: key, entry.value, flags: 0)
    }
    return bytes
  }

  private mutating func graphSection(_ graph: Graph) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.add(index(graph.name))
    bytes.add(UInt32(graph.symbols.count))
    for symbol in graph.symbols { bytes.add(index(symbol)) }
    bytes.addIndices(graph.inputs)
    bytes.addIndices(graph.outputs)
    bytes.add(UInt32(graph.nodes.count))
    for node in graph.nodes {
      let (code, attributes) = node.op.encoded
      bytes.add(code.rawValue)
      bytes.add(index(node.name))
      bytes.addIndices(node.inputs)
      bytes.addIndices(node.outputs)
      bytes.add(UInt32(attributes.count))
      for attribute in attributes { addEntry(&bytes, key: attribute.id.rawValue, attribute.value, flags: Format.required) }
    }
    return bytes
  }

  private mutating func tensorSection(_ graph: Graph) -> [UInt8] {
    var isInput = [Bool](repeating: false, count: graph.values.count)
    for input in graph.inputs { isInput[input] = true }
    var bytes: [UInt8] = []
    var offset = 0
    bytes.add(UInt32(graph.values.count))
    for (i, value) in graph.values.enumerated() {
      bytes.add(index(value.name))
      if let constant = value.constant {
        bytes.addType(.constant, constant.type)
        offset = constant.place(after: offset)
        bytes.add(UInt64(offset))
        bytes.add(UInt64(constant.bytes.count))
        offset += constant.bytes.count
      } else if isInput[i] {
        bytes.addType(.input, value.type)
      } else {
        bytes.add(UInt32(TensorKind.computed.rawValue))
      }
    }
    return bytes
  }

  private mutating func addEntry(_ bytes: inout [UInt8], key: UInt32, _ value: MetadataValue, flags: UInt32) {
    var payload: [UInt8] = []
    switch value {
    case .integer(let n): payload.add(n)
    case .real(let x): payload.add(x.bitPattern)
    case .integers(let list): for n in list { payload.add(n) }
    case .reals(let list): for x in list { payload.add(x.bitPattern) }
    case .text(let name): payload.add(index(name))
    case .texts(let list): for name in list { payload.add(index(name)) }
    }
    bytes.add(key)
    bytes.add(value.entryType.rawValue)
    bytes.add(UInt16(flags))
    bytes.add(UInt32(payload.count))
    bytes += payload
  }
}

extension Graph {
  fileprivate var constants: [Constant] { values.compactMap { $0.constant } }
}

extension Constant {
  /// Where in the weights section it begins, after others that end at a byte.
  fileprivate func place(after end: Int) -> Int {
    Format.aligned(end, to: Format.alignment(dtype, bytes: bytes.count))
  }
}

extension [UInt8] {
  fileprivate mutating func add<T: FixedWidthInteger>(_ value: T) {
    var bits = value
    for _ in 0..<MemoryLayout<T>.size {
      append(UInt8(truncatingIfNeeded: bits))
      bits = T.bitWidth > 8 ? bits >> 8 : 0
    }
  }

  fileprivate mutating func addIndices(_ indices: [Int]) {
    add(UInt32(indices.count))
    for index in indices { add(index == Node.absent ? Format.absent : UInt32(index)) }
  }

  fileprivate mutating func addSection(_ kind: SectionKind, _ flags: UInt32, _ offset: Int, _ size: Int, _ checksum: UInt64) {
    add(kind.rawValue)
    add(flags)
    add(UInt64(offset))
    add(UInt64(size))
    add(checksum)
  }

  fileprivate mutating func addType(_ kind: TensorKind, _ type: TensorType) {
    add(kind.rawValue)
    add(type.dtype.rawValue)
    add(UInt8(type.rank))
    add(Encoding.dense.rawValue)
    for dim in type.dims {
      switch dim {
      case .fixed(let size): add(Int64(size))
      case .unknown: add(Int64(-1))
      case .symbol(let symbol): add(Int64(-2 - symbol))
      }
    }
  }
}
