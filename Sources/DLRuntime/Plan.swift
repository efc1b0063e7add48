import DLGraph
import KernelTypes

/// A program made ready for one set of input sizes: steps, and where each value lies.
final class Plan {
  enum Location {
    case input(Int, offset: Int = 0)
    case output(Int, offset: Int = 0)
    case constant(UnsafeRawPointer)
    case arena(Int)

    func moved(by bytes: Int) -> Location {
      switch self {
      case .input(let i, let offset): .input(i, offset: offset + bytes)
      case .output(let i, let offset): .output(i, offset: offset + bytes)
      case .constant(let pointer): .constant(pointer + bytes)
      case .arena(let offset): .arena(offset + bytes)
      }
    }
  }

  /// Sizes of each input, in order; what plans are looked up by.
  let inputSizes: [[Int]]
  let outputSizes: [[Int]]
  let outputBytes: [Int]
  let steps: [Step]
  /// What each step is a part of: an index into `Program.nodes`, or behind those the output that it copies.
  let origins: [Int]
  /// Scratch slot of each step; steps without scratch share one that is never touched.
  let scratchSlots: [Int]
  let locations: [Location]
  let arenaBytes: Int
  /// Of each value of the program.
  let types: [SizedType]
  /// What follows from the sizes alone; keeps the memory that `locations` point to.
  private let constants: [Constant]
  /// Addresses of the slots, filled by the session.
  let slots: UnsafeMutablePointer<UnsafeMutableRawPointer>
  /// The times of the last run; nil until a run is profiled.
  var profile: Profile?

  /// A convenience, because Embedded Swift (6.3) leaks an object whose designated initialiser throws halfway.
  convenience init(_ program: Program, _ kernels: KernelSet, inputSizes: [[Int]], threads: Int) throws(DLError) {
    let facts = try inferFacts(program, inputSizes)
    let types = try sizedTypes(facts, program)
    let sizes = types.map { $0.sizes }
    var builder = StepBuilder(kernels: kernels, types: types, layouts: program.values.map { $0.layout })
    var aliases = Aliases(program.values.count)
    /// Whether a run computes the node: not what is known already, and not no elements at all.
    let isLive = program.nodes.map { node in
      node.outputs.contains { $0 != Node.absent && facts[$0]?.constant == nil && sizes[$0].allSatisfy { $0 > 0 } }
    }
    for (n, node) in program.nodes.enumerated() where isLive[n] && builder.isView(node) {
      aliases.merge(node.output, into: node.inputs[0])
    }
    let views = Views(program, builder, isLive: isLive, isKnown: { facts[$0]?.constant != nil }, &aliases)
    builder.pitches = views.pitches
    builder.wholes = views.wholes
    var steps: [Step] = []
    var origins: [Int] = []
    for (n, node) in program.nodes.enumerated() where isLive[n] && !builder.isView(node) {
      steps += builder.steps(node).filter { $0.units > 0 }
      while origins.count < steps.count { origins.append(n) }
    }

    // Inputs and constants stay where they are. An output that a step computes is computed in place; others are copied.
    var fixed: [Location?] = program.values.map { _ in nil }
    for (v, value) in program.values.enumerated() {
      switch value.source {
      case .input(let i): fixed[aliases.root(v)] = .input(i)
      case .constant(let constant): fixed[aliases.root(v)] = .constant(constant.bytes.baseAddress!)
      case .packed: break
      case .node:
        if let constant = facts[v]?.constant { fixed[aliases.root(v)] = .constant(constant.bytes.baseAddress!) }
      }
    }
    var count = program.values.count
    for (i, output) in program.outputs.enumerated() {
      let root = aliases.root(output)
      if fixed[root] == nil, types[root].bytes == types[output].bytes {
        fixed[root] = .output(i)
      } else {
        aliases.append()
        fixed.append(.output(i))
        steps.append(copyStep(program.values[output].name, from: output, to: count, types[output]))
        origins.append(program.nodes.count + i)
        count += 1
      }
    }

    mergeInPlace(steps, types, fixed, &aliases)
    var lifetimes = valueLifetimes(steps, types, fixed, &aliases)
    var scratch: [(step: Int, piece: Int)] = []
    for (i, step) in steps.enumerated() where step.scratchFloats > 0 {
      let (floats, overflow) = step.scratchFloats.multipliedReportingOverflow(by: 4 * threads)
      if overflow { throw DLError(.outOfMemory, "scratch of node \(step.name.quoted) overflows") }
      scratch.append((i, lifetimes.pieces.count))
      lifetimes.pieces.append(Lifetime(bytes: floats, first: i, last: i))
    }
    guard let memory = MemoryPlan(lifetimes.pieces) else { throw DLError(.outOfMemory, "tensor memory overflows") }

    var locations: [Location] = []
    for v in 0..<count {
      let (root, offset) = aliases.place(v)
      locations.append(fixed[root]?.moved(by: offset) ?? .arena((lifetimes.piece[root].map { memory.offsets[$0] } ?? 0) + offset))
    }
    var slotsOfScratch = Array(repeating: 0, count: steps.count)
    for (step, piece) in scratch {
      slotsOfScratch[step] = locations.count
      locations.append(.arena(memory.offsets[piece]))
    }
    self.init(
      inputSizes: inputSizes, outputSizes: program.outputs.map { sizes[$0] },
      outputBytes: program.outputs.map { types[$0].bytes }, steps: steps, origins: origins, scratchSlots: slotsOfScratch,
      locations: locations, arenaBytes: memory.bytes, types: types, constants: facts.compactMap { $0?.constant })
  }

  private init(
    inputSizes: [[Int]], outputSizes: [[Int]], outputBytes: [Int], steps: [Step], origins: [Int], scratchSlots: [Int],
    locations: [Location], arenaBytes: Int, types: [SizedType],
    constants: [Constant]
  ) {
    self.inputSizes = inputSizes
    self.outputSizes = outputSizes
    self.outputBytes = outputBytes
    self.steps = steps
    self.origins = origins
    self.scratchSlots = scratchSlots
    self.locations = locations
    self.arenaBytes = arenaBytes
    self.types = types
    self.constants = constants
    slots = .allocate(capacity: max(locations.count, 1))
  }

  deinit { slots.deallocate() }
}

/// A type without free dimensions.
struct SizedType {
  var dtype: DType
  var sizes: [Int]

  var bytes: Int { byteCount(dtype, sizes) ?? 0 }
}

/// What is known of every value for the given input sizes, with all that follows from sizes alone computed; checks free
/// dimensions that must agree.
private func inferFacts(_ program: Program, _ inputSizes: [[Int]]) throws(DLError) -> [Fact?] {
  var facts: [Fact?] = program.values.map { _ in nil }
  for (v, value) in program.values.enumerated() {
    switch value.source {
    case .constant(let constant): facts[v] = Fact(constant)
    case .packed: facts[v] = Fact(value.type)
    case .input, .node: break
    }
  }
  var symbols: [(symbol: Int, size: Int, input: Name)] = []
  for (i, v) in program.inputs.enumerated() {
    let value = program.values[v]
    for (d, dim) in value.type.dims.enumerated() {
      guard case .symbol(let s) = dim else { continue }
      let size = inputSizes[i][d]
      if let known = symbols.first(where: { $0.symbol == s }), known.size != size {
        throw DLError(
          .shapeMismatch,
          "input \(value.name.quoted): dimension \(d): expected \(known.size) as in input \(known.input.quoted), found \(size)"
        )
      }
      symbols.append((s, size, value.name))
    }
    facts[v] = Fact(TensorType(value.type.dtype, sizes: inputSizes[i]))
  }
  for node in program.nodes {
    guard let op = node.op else {
      facts[node.output] = facts[node.inputs[0]]
      continue
    }
    do {
      let inputs = node.inputs.map { $0 == Node.absent ? nil : facts[$0] }
      var inferred = try inferFacts(of: op, inputs, outputs: node.outputs.count)
      if case .reference = node.operation, let constants = try fold(op, inputs, inferred, limit: foldingLimit) {
        inferred = constants.map { Fact($0) }
      }
      for (output, fact) in zip(node.outputs, inferred) where output != Node.absent { facts[output] = fact }
    } catch { throw error.at("node \(node.name.quoted) (\(op.name))") }
  }
  return facts
}

/// The most bytes that a node computed at planning may make: shapes and the little that is computed from them.
private let foldingLimit = 65_536

private func sizedTypes(_ facts: [Fact?], _ program: Program) throws(DLError) -> [SizedType] {
  var types: [SizedType] = []
  for (v, fact) in facts.enumerated() {
    // A value that no live node computes keeps no size.
    guard let fact else {
      types.append(SizedType(dtype: program.values[v].type.dtype, sizes: [0]))
      continue
    }
    guard let sizes = fact.type.sizes else {
      throw DLError(.unsupported, "the size of value \(program.values[v].name.quoted) depends on the elements of others")
    }
    types.append(SizedType(dtype: fact.type.dtype, sizes: sizes))
  }
  return types
}

private func copyStep(_ name: Name, from: Int, to: Int, _ type: SizedType) -> Step {
  let bytes = type.bytes
  return Step(name: name, kernel: "copy", reads: [from], write: to, cost: Double(bytes)) { slots, _, _, _ in
    slots[to].copyMemory(from: slots[from], byteCount: bytes)
  }
}

/// Lets a step write over what it reads, where that is not read again and both are arena memory.
private func mergeInPlace(_ steps: [Step], _ types: [SizedType], _ fixed: [Plan.Location?], _ aliases: inout Aliases) {
  var lastRead = fixed.map { _ in -1 }
  for (i, step) in steps.enumerated() { for r in step.reads { lastRead[aliases.root(r)] = i } }
  for (i, step) in steps.enumerated() {
    guard let place = step.inPlace else { continue }
    let from = aliases.root(step.reads[place])
    let to = aliases.root(step.write)
    guard from != to, fixed[from] == nil, fixed[to] == nil, lastRead[from] == i,
      !step.reads.indices.contains(where: { $0 != place && aliases.root(step.reads[$0]) == from }),
      // A part shares its memory with others.
      types[from].bytes == types[step.reads[place]].bytes, types[to].bytes == types[step.write].bytes,
      types[from].bytes == types[to].bytes
    else { continue }
    aliases.merge(to, into: from)
    lastRead[from] = lastRead[to]
  }
}

private func valueLifetimes(
  _ steps: [Step], _ types: [SizedType], _ fixed: [Plan.Location?], _ aliases: inout Aliases
) -> (pieces: [Lifetime], piece: [Int?]) {
  var pieces: [Lifetime] = []
  var piece: [Int?] = fixed.map { _ in nil }
  for (i, step) in steps.enumerated() {
    for v in step.writes + step.reads {
      let root = aliases.root(v)
      if fixed[root] != nil { continue }
      if let p = piece[root] {
        pieces[p].last = i
      } else {
        piece[root] = pieces.count
        pieces.append(Lifetime(bytes: types[root].bytes, first: i, last: i))
      }
    }
  }
  return (pieces, piece)
}
