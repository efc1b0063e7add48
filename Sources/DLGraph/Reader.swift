/// Reads a .dlrt file (FORMAT.md). Constants point into the storage; storage that is not 64-byte aligned, which a mapped
/// file always is, is copied first. The bytes may come from anywhere: whatever they are, this returns a validated graph or
/// throws, and it allocates in proportion to their number.
/// Throws invalidModel with the section, the byte, what was expected and what was found; unsupported for what a later
/// version wrote; outOfMemory.
public func readModel(_ storage: Storage) throws(DLError) -> Graph {
  if UInt(bitPattern: storage.base) % UInt(Format.alignment) != 0 {
    return try readModel(.copy(UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)))
  }
  let sections = try Sections(storage)
  defer { withExtendedLifetime(sections) {} }
  var strings = try StringTable(sections.reader(.strings))
  var graph = Graph()
  graph.metadata = try readMetadata(sections.reader(.metadata), &strings)
  var graphReader = sections.reader(.graph)
  try readSignature(of: &graph, &graphReader, &strings)
  let kinds = try readTensors(
    into: &graph, sections.reader(.tensors), weights: sections.range(.weights), storage, &strings)
  try readInterface(of: &graph, kinds, &graphReader)
  try readNodes(into: &graph, &graphReader, &strings)
  try graphReader.requireEnd()
  try validate(&graph)
  return graph
}

/// A mismatch inside a file is the file's: callers learn of types and shapes they got wrong themselves by the other statuses.
private func validate(_ graph: inout Graph) throws(DLError) {
  do { try graph.validate() } catch {
    switch error.status {
    case .shapeMismatch: throw DLError(.invalidModel, error.text)
    case .typeMismatch: throw DLError(.unsupported, error.text)
    default: throw error
    }
  }
}

// MARK: - graph

/// The graph's name and the symbols.
private func readSignature(of graph: inout Graph, _ reader: inout ByteReader, _ strings: inout StringTable) throws(DLError) {
  graph.name = try strings.read(&reader, "name of the graph")
  let count = try reader.readCount("number of symbols", recordSize: 4)
  for _ in 0..<count { graph.symbols.append(try strings.read(&reader, "name of a symbol")) }
}

/// Inputs, each tensor of kind input once, and outputs.
private func readInterface(of graph: inout Graph, _ kinds: [TensorKind], _ reader: inout ByteReader) throws(DLError) {
  let at = reader.position
  graph.inputs = try readTensorIndices(&reader, "inputs", below: kinds.count)
  for (i, input) in graph.inputs.enumerated() where kinds[input] != .input {
    throw reader.failure(at: at + 4 + 4 * i, "input \(i): tensor \(input) is not of kind input")
  }
  var inputTensors = 0
  for kind in kinds where kind == .input { inputTensors += 1 }
  guard inputTensors == graph.inputs.count else {
    throw reader.failure(
      at: at, "number of inputs: expected the \(inputTensors) tensors of kind input, found \(graph.inputs.count)")
  }
  graph.outputs = try readTensorIndices(&reader, "outputs", below: kinds.count)
}

private func readNodes(into graph: inout Graph, _ reader: inout ByteReader, _ strings: inout StringTable) throws(DLError) {
  let count = try reader.readCount("number of nodes", recordSize: 20)
  graph.nodes.reserveCapacity(count)
  for index in 0..<count {
    let at = reader.position
    let rawCode: UInt32 = try reader.read("operation code")
    let name = try strings.read(&reader, "name of a node")
    guard let code = OpCode(rawValue: rawCode) else {
      throw reader.failure(status: .unsupported, at: at, "node \(index) \(name.quoted): unknown operation code \(rawCode)")
    }
    let inputs = try readTensorIndices(&reader, "inputs", below: graph.values.count, orAbsent: true)
    let outputs = try readTensorIndices(&reader, "outputs", below: graph.values.count, orAbsent: true)
    do {
      let op = try Op(code, readAttributes(&reader, &strings))
      graph.nodes.append(Node(name: name, op: op, inputs: inputs, outputs: outputs))
    } catch { throw error.at("node \(index) \(name.quoted)") }
  }
}

/// A count and as many indices of tensors.
private func readTensorIndices(
  _ reader: inout ByteReader, _ what: StaticString, below limit: Int, orAbsent: Bool = false
) throws(DLError) -> [Int] {
  let count = try reader.readCount(what, recordSize: 4)
  var indices: [Int] = []
  indices.reserveCapacity(count)
  for _ in 0..<count { indices.append(try reader.readIndex(what, below: limit, orAbsent: orAbsent)) }
  return indices
}

private func readAttributes(_ reader: inout ByteReader, _ strings: inout StringTable) throws(DLError) -> Attributes {
  var attributes = Attributes()
  for _ in 0..<(try reader.readCount("number of attributes", recordSize: Entry.headerSize)) {
    let at = reader.position
    let entry = try Entry(&reader)
    guard let id = AttributeID(rawValue: entry.key), let value = try entry.value(&reader, &strings) else {
      if entry.required {
        throw reader.failure(
          status: .unsupported, at: at, "unknown attribute \(entry.key) of type \(entry.type), marked as required")
      }
      continue
    }
    for other in attributes.entries where other.id == id {
      throw reader.failure(at: at, "attribute \(id.name) is given twice")
    }
    attributes.entries.append(Attribute(id, value))
  }
  return attributes
}

// MARK: - tensors

private func readTensors(
  into graph: inout Graph, _ reader: ByteReader, weights: Range<Int>, _ storage: Storage, _ strings: inout StringTable
) throws(DLError) -> [TensorKind] {
  var reader = reader
  var kinds: [TensorKind] = []
  /// Where in the weights section the next constant may begin.
  var free = 0
  let count = try reader.readCount("number of tensors", recordSize: 8)
  graph.values.reserveCapacity(count)
  kinds.reserveCapacity(count)
  for index in 0..<count {
    let at = reader.position
    let name = try strings.read(&reader, "name of a tensor")
    let rawKind: UInt8 = try reader.read("kind of tensor")
    guard let kind = TensorKind(rawValue: rawKind) else {
      throw reader.failure(status: .unsupported, at: at + 4, "tensor \(index) \(name.quoted): unknown kind \(rawKind)")
    }
    let (type, bytes) = try readType(&reader, kind, symbols: graph.symbols.count, tensor: index)
    var value = Value(name: name, type: type)
    if kind == .constant {
      let offset = try readPlace(&reader, type.dtype, size: bytes, weights: weights.count, free: &free, tensor: index)
      value.constant = try Constant(type.dtype, type.sizes ?? [], storage, offset: weights.lowerBound + offset)
    }
    graph.values.append(value)
    kinds.append(kind)
  }
  try reader.requireEnd()
  return kinds
}

/// dtype, rank, encoding and dimensions, and the bytes of a tensor of fixed sizes. Of computed tensors all are zero, and
/// inferred later.
private func readType(
  _ reader: inout ByteReader, _ kind: TensorKind, symbols: Int, tensor: Int
) throws(DLError) -> (TensorType, bytes: Int) {
  let at = reader.position
  let rawDType: UInt8 = try reader.read("dtype")
  let rank: UInt8 = try reader.read("rank")
  let encoding: UInt8 = try reader.read("encoding")
  if kind == .computed {
    guard rawDType == 0, rank == 0, encoding == 0 else {
      throw reader.failure(
        at: at,
        "tensor \(tensor): expected dtype, rank and encoding 0 of a computed tensor, found \(rawDType), \(rank), \(encoding)")
    }
    return (TensorType(.f32, []), 0)
  }
  guard let dtype = DType(rawValue: rawDType) else {
    throw reader.failure(status: .unsupported, at: at, "tensor \(tensor): unknown dtype \(rawDType)")
  }
  guard rank <= maximumRank else {
    throw reader.failure(
      status: .unsupported, at: at + 1, "tensor \(tensor): expected a rank of at most \(maximumRank), found \(rank)")
  }
  guard Encoding(rawValue: encoding) != nil, kind == .constant || encoding == 0 else {
    throw reader.failure(status: .unsupported, at: at + 2, "tensor \(tensor): unknown encoding \(encoding)")
  }
  var dims: [Dim] = []
  for _ in 0..<rank { dims.append(try readDim(&reader, kind, symbols: symbols, tensor: tensor)) }
  let type = TensorType(dtype, dims)
  guard let sizes = type.sizes else { return (type, 0) }
  guard let bytes = byteCount(dtype, sizes) else {
    throw reader.failure(at: at, "tensor \(tensor): \(describe(sizes)) is larger than memory can be")
  }
  return (type, bytes)
}

/// A size, −1 for one that only a run knows, or −2 − s for symbol s. Constants have sizes only.
private func readDim(_ reader: inout ByteReader, _ kind: TensorKind, symbols: Int, tensor: Int) throws(DLError) -> Dim {
  let at = reader.position
  let raw: Int64 = try reader.read("dimension")
  if raw >= 0 {
    guard let size = Int(exactly: raw) else {
      throw reader.failure(status: .unsupported, at: at, "tensor \(tensor): size \(raw) is too large for this system")
    }
    return .fixed(size)
  }
  guard kind == .input else { throw reader.failure(at: at, "tensor \(tensor): expected a size of a constant, found \(raw)") }
  if raw == -1 { return .unknown }
  // -2 - raw cannot overflow: raw is negative.
  guard let symbol = Int(exactly: -2 - raw), symbol < symbols else {
    throw reader.failure(at: at, "tensor \(tensor): expected a symbol below \(symbols), found dimension \(raw)")
  }
  return .symbol(symbol)
}

/// Where in the weights section a constant of `expected` bytes begins. Constants lie there in the table's order, so that none
/// overlap.
private func readPlace(
  _ reader: inout ByteReader, _ dtype: DType, size expected: Int, weights: Int, free: inout Int, tensor: Int
) throws(DLError) -> Int {
  let at = reader.position
  let rawOffset: UInt64 = try reader.read("offset of a constant")
  let rawSize: UInt64 = try reader.read("byte size of a constant")
  guard rawSize == expected else {
    throw reader.failure(at: at + 8, "tensor \(tensor): expected the \(expected) bytes of its type, found \(rawSize)")
  }
  guard let offset = Int(exactly: rawOffset), offset <= weights, expected <= weights - offset else {
    throw reader.failure(
      at: at, "tensor \(tensor): expected \(expected) bytes within the weights' \(weights), found them at \(rawOffset)")
  }
  let alignment = Format.alignment(dtype, bytes: expected)
  guard offset % alignment == 0 else {
    throw reader.failure(
      at: at, "tensor \(tensor): expected an offset that is a multiple of \(alignment), found \(offset)")
  }
  guard offset >= free else {
    throw reader.failure(
      at: at, "tensor \(tensor): expected an offset of at least \(free), where the constants before it end, found \(offset)")
  }
  free = offset + expected
  return offset
}

// MARK: - metadata

private func readMetadata(
  _ reader: ByteReader, _ strings: inout StringTable
) throws(DLError) -> [(key: Name, value: MetadataValue)] {
  var reader = reader
  var metadata: [(key: Name, value: MetadataValue)] = []
  for _ in 0..<(try reader.readCount("number of metadata entries", recordSize: Entry.headerSize)) {
    let at = reader.position
    let entry = try Entry(&reader)
    let key = try strings.take(entry.key, reader, at: at, "key of a metadata entry")
    if let value = try entry.value(&reader, &strings) {
      metadata.append((key, value))
    } else if entry.required {
      throw reader.failure(status: .unsupported, at: at, "metadata \(key.quoted): unknown type \(entry.type), marked as required")
    }
  }
  try reader.requireEnd()
  return metadata
}
