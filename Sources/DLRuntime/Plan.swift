import DLGraph
import KernelTypes

/// A program made ready for one set of input sizes: steps, and where each value lies. Of a program whose sizes follow from
/// elements, the stage that can be planned with what is known.
final class Plan {
  enum Location {
    case input(Int, offset: Int = 0)
    case output(Int, offset: Int = 0)
    case constant(UnsafeRawPointer)
    case arena(Int)
    /// Where the plan of an earlier stage has it.
    case earlier(stage: Int, slot: Int, offset: Int = 0)

    func moved(by bytes: Int) -> Location {
      switch self {
      case .input(let i, let offset): .input(i, offset: offset + bytes)
      case .output(let i, let offset): .output(i, offset: offset + bytes)
      case .constant(let pointer): .constant(pointer + bytes)
      case .arena(let offset): .arena(offset + bytes)
      case .earlier(let stage, let slot, let offset): .earlier(stage: stage, slot: slot, offset: offset + bytes)
      }
    }
  }

  /// Sizes of each input, in order; what plans are looked up by.
  let inputSizes: [[Int]]
  /// What it covers, and what is known with it but for what its run finds.
  let stage: Stage
  let knowledge: Knowledge
  /// The outputs it writes.
  let delivers: [Int]
  let steps: [Step]
  /// What each step is a part of: an index into `Program.nodes`, or behind those the output that it copies.
  let origins: [Int]
  /// Scratch slot of each step; steps without scratch share one that is never touched.
  let scratchSlots: [Int]
  let locations: [Location]
  let arenaBytes: Int
  /// Bytes of the values that are needed at once, at most: no arena can be smaller.
  let liveBytes: Int
  let trueSizes: TrueSizes
  /// The value that each lies in as a part of it.
  let wholes: [Int?]
  /// Plans of the next stage, the most recent last.
  var successors: [Successor] = []
  /// Addresses of the slots, filled by the session.
  let slots: UnsafeMutablePointer<UnsafeMutableRawPointer>
  /// The times of the last run; nil until a run is profiled.
  var profile: Profile?

  /// Of each value of the program.
  var types: [SizedType] { stage.types }

  /// A convenience, because Embedded Swift (6.3) leaks an object whose designated initialiser throws halfway.
  convenience init(_ program: Program, _ kernels: KernelSet, inputSizes: [[Int]], threads: Int) throws(DLError) {
    try self.init(program, kernels, Knowledge(program, inputSizes: inputSizes), inputSizes: inputSizes, threads: threads)
  }

  convenience init(
    _ program: Program, _ kernels: KernelSet, _ before: Knowledge, inputSizes: [[Int]], threads: Int
  ) throws(DLError) {
    var knowledge = before
    let stage = try Stage(program, &knowledge)
    let (types, isLive, facts) = (stage.types, stage.isLive, knowledge.facts)
    let trueSizes = TrueSizes()
    var builder = StepBuilder(
      kernels: kernels, threads: threads, types: types, layouts: program.values.map { $0.layout }, trueSizes: trueSizes,
      open: stage.open)
    var aliases = Aliases(program.values.count)
    for (n, node) in program.nodes.enumerated() where isLive[n] && builder.isView(node) {
      aliases.merge(node.output, into: node.inputs[0])
    }
    // What later stages read stays to the end, dense.
    var isKept = program.values.map { _ in false }
    for v in stage.open + stage.wanted { isKept[v] = true }
    for (n, node) in program.nodes.enumerated() where !knowledge.isDone[n] {
      for v in node.reads { isKept[v] = true }
    }
    let views = Views(
      program, builder, isLive: isLive, isKept: isKept, isElsewhere: { facts[$0]?.constant != nil || before.stage[$0] != nil },
      &aliases)
    builder.pitches = views.pitches
    builder.wholes = views.wholes
    builder.integers = facts.map { $0?.type.dtype.isFloat == false ? $0?.knownIntegers : nil }
    var steps: [Step] = []
    var origins: [Int] = []
    // Nodes from here on have their steps.
    var first = program.nodes.count
    for (n, node) in program.nodes.enumerated().reversed() where n < first && isLive[n] && !builder.isView(node) {
      let joined = builder.strips(program, to: n, isLive: isLive) ?? builder.pooledConv(program, to: n, isLive: isLive)
      let made = if let joined { [joined] } else { try builder.steps(node) }
      steps += made.reversed().filter { $0.units > 0 }
      first = n + 1 - (joined?.nodes ?? 1)
      while origins.count < steps.count { origins.append(n) }
    }
    steps.reverse()
    origins.reverse()

    // Inputs and constants stay where they are. An output that a step computes is computed in place; others are copied.
    var fixed: [Location?] = program.values.map { _ in nil }
    for (v, value) in program.values.enumerated() {
      switch value.source {
      case .input(let i): fixed[aliases.root(v)] = .input(i)
      case .constant(let constant): fixed[aliases.root(v)] = .constant(constant.bytes.baseAddress!)
      case .packed: break
      case .node:
        if let constant = facts[v]?.constant {
          fixed[aliases.root(v)] = .constant(constant.bytes.baseAddress!)
        } else if let stage = before.stage[v] {
          fixed[aliases.root(v)] = .earlier(stage: stage, slot: v)
        }
      }
    }
    var count = program.values.count
    var delivers: [Int] = []
    for (i, output) in program.outputs.enumerated() where knowledge.outputSizes[i] == nil {
      guard facts[output] != nil else {
        isKept[output] = true
        continue
      }
      delivers.append(i)
      knowledge.outputSizes[i] = types[output].sizes
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

    let kept = isKept.indices.filter { isKept[$0] }
    mergeInPlace(steps, types, fixed, kept: kept, &aliases)
    var lifetimes = valueLifetimes(steps, types, fixed, kept: kept, &aliases)
    var scratch: [Int?] = steps.map { _ in nil }
    for (i, step) in steps.enumerated() where step.scratchFloats > 0 {
      let (floats, overflow) = step.scratchFloats.multipliedReportingOverflow(by: 4 * threads)
      if overflow { throw DLError(.outOfMemory, "scratch of node \(step.name.quoted) overflows") }
      scratch[i] = lifetimes.pieces.count
      lifetimes.pieces.append(Lifetime(bytes: floats, first: i, last: i))
    }
    guard let memory = MemoryPlan(lifetimes.pieces) else { throw DLError(.outOfMemory, "tensor memory overflows") }

    var locations: [Location] = []
    for v in 0..<count {
      let (root, offset) = aliases.place(v)
      locations.append(fixed[root]?.moved(by: offset) ?? .arena((lifetimes.piece[root].map { memory.offsets[$0] } ?? 0) + offset))
    }
    var slotsOfScratch = Array(repeating: 0, count: steps.count)
    for (i, piece) in scratch.enumerated() {
      guard let piece else { continue }
      slotsOfScratch[i] = locations.count
      locations.append(.arena(memory.offsets[piece]))
    }
    knowledge.stages += 1
    self.init(
      inputSizes: inputSizes, stage: stage, knowledge: knowledge, delivers: delivers, steps: steps, origins: origins,
      scratchSlots: slotsOfScratch, locations: locations, memory: memory, trueSizes: trueSizes, wholes: views.wholes)
  }

  private init(
    inputSizes: [[Int]], stage: Stage, knowledge: Knowledge, delivers: [Int], steps: [Step], origins: [Int], scratchSlots: [Int],
    locations: [Location], memory: MemoryPlan, trueSizes: TrueSizes, wholes: [Int?]
  ) {
    self.inputSizes = inputSizes
    self.stage = stage
    self.knowledge = knowledge
    self.delivers = delivers
    self.steps = steps
    self.origins = origins
    self.scratchSlots = scratchSlots
    self.locations = locations
    arenaBytes = memory.bytes
    liveBytes = memory.liveBytes
    self.trueSizes = trueSizes
    self.wholes = wholes
    slots = .allocate(capacity: max(locations.count, 1))
  }

  /// Of output i of the program.
  func outputType(_ i: Int, _ program: Program) -> SizedType { types[program.outputs[i]] }

  func forgetProfile() {
    profile = nil
    for successor in successors { successor.plan.forgetProfile() }
  }

  deinit { slots.deallocate() }
}

/// A type without free dimensions.
struct SizedType {
  var dtype: DType
  var sizes: [Int]

  var bytes: Int { byteCount(dtype, sizes) ?? 0 }
}

private func copyStep(_ name: Name, from: Int, to: Int, _ type: SizedType) -> Step {
  let bytes = type.bytes
  return Step(name: name, kernel: "copy", reads: [from], write: to, cost: Double(bytes)) { slots, _, _, _ in
    slots[to].copyMemory(from: slots[from], byteCount: bytes)
  }
}

/// Lets a step write over what it reads, where that is not read again and both are arena memory.
private func mergeInPlace(
  _ steps: [Step], _ types: [SizedType], _ fixed: [Plan.Location?], kept: [Int], _ aliases: inout Aliases
) {
  var lastRead = fixed.map { _ in -1 }
  for (i, step) in steps.enumerated() { for r in step.reads { lastRead[aliases.root(r)] = i } }
  for v in kept { lastRead[aliases.root(v)] = steps.count }
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
  _ steps: [Step], _ types: [SizedType], _ fixed: [Plan.Location?], kept: [Int], _ aliases: inout Aliases
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
  for v in kept {
    if let p = piece[aliases.root(v)] { pieces[p].last = steps.count }
  }
  return (pieces, piece)
}
