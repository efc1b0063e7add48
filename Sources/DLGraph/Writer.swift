/// Writes a graph as a .dlrt file (FORMAT.md), in order, to a sink that is handed piece after piece; the weights are never
/// gathered in memory. The same graph always gives the same bytes. Throws what `Graph.validate` finds, and what sink throws.
public func writeModel(
  _ graph: Graph, to sink: (UnsafeRawBufferPointer) throws(DLError) -> Void
) throws(DLError) {
  try requireWritable(graph)
  var writer = ModelWriter()
  try writer.write(graph, to: sink)
}

/// The same file as bytes in memory.
public func encodeModel(_ graph: Graph) throws(DLError) -> [UInt8] {
  var bytes: [UInt8] = []
  try writeModel(graph) { piece throws(DLError) in bytes += piece }
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
  private static let zeros = [UInt8](repeating: 0, count: Format.alignment)

  mutating func write(_ graph: Graph, to sink: (UnsafeRawBufferPointer) throws(DLError) -> Void) throws(DLError) {
    let metadata = metadataSection(graph)
    let nodes = graphSection(graph)
    let tensors = tensorSection(graph)
    try requireText()
    // The strings come first in the file, but last here, when all the others have named theirs.
    let small: [(kind: SectionKind, bytes: [UInt8])] = [
      (.strings, stringSection()), (.metadata, metadata), (.graph, nodes), (.tensors, tensors),
    ]
    try emit(head(small, graph), to: sink)
    for section in small { try emit(section.bytes, to: sink) }
    for constant in graph.constants {
      try sink(constant.bytes)
      let padding = Format.aligned(constant.bytes.count) - constant.bytes.count
      if padding > 0 { try emit(Array(ModelWriter.zeros[..<padding]), to: sink, aligned: false) }
    }
  }

  /// Hands on bytes and the zeros up to where the next section begins.
  private func emit(
    _ bytes: [UInt8], to sink: (UnsafeRawBufferPointer) throws(DLError) -> Void, aligned: Bool = true
  ) throws(DLError) {
    var bytes = bytes
    if aligned { while bytes.count % Format.alignment != 0 { bytes.append(0) } }
    try bytes.withUnsafeBufferPointer { memory throws(DLError) in try sink(UnsafeRawBufferPointer(memory)) }
  }

  // MARK: header

  private func head(_ small: [(kind: SectionKind, bytes: [UInt8])], _ graph: Graph) -> [UInt8] {
    let count = small.count + 1
    var offset = Format.aligned(Format.headerSize + count * Format.sectionEntrySize)
    var table: [UInt8] = []
    for section in small {
      table.addSection(section.kind, offset, section.bytes.count, checksum(section.bytes))
      offset = Format.aligned(offset + section.bytes.count)
    }
    let weights = weightsChecksum(graph)
    table.addSection(.weights, offset, weights.size, weights.checksum)

    var header = Format.signature
    header.add(Format.major)
    header.add(Format.minor)
    header.add(UInt16(count))
    header.add(UInt64(offset + weights.size))
    header.add(checksum(table))
    for _ in 0..<3 { header.add(UInt64(0)) }
    header.add(checksum(header))
    return header + table
  }

  private func weightsChecksum(_ graph: Graph) -> (size: Int, checksum: UInt64) {
    var sum = Checksum()
    var size = 0
    for constant in graph.constants {
      let bytes = constant.bytes
      let whole = bytes.count & ~(Checksum.stripe - 1)
      sum.addStripes(UnsafeRawBufferPointer(rebasing: bytes[..<whole]))
      var rest = Array(bytes[whole...])
      while (whole + rest.count) % Format.alignment != 0 { rest.append(0) }
      rest.withUnsafeBytes { sum.addStripes($0) }
      size += whole + rest.count
    }
    return (size, sum.finish(tail: UnsafeRawBufferPointer(start: nil, count: 0)))
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
        bytes.add(UInt64(offset))
        bytes.add(UInt64(constant.bytes.count))
        offset += Format.aligned(constant.bytes.count)
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

  fileprivate mutating func addSection(_ kind: SectionKind, _ offset: Int, _ size: Int, _ checksum: UInt64) {
    add(kind.rawValue)
    add(kind == .metadata ? 0 : Format.required)
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
