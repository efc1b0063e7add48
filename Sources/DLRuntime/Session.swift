import CPlatform
import DLGraph

/// Memory the session owns and grows when it must.
private struct Buffer {
  private(set) var memory: UnsafeMutableRawPointer?
  private(set) var capacity = 0

  /// Room for `bytes`, without its old contents if it has to grow; empty if that fails.
  mutating func reserve(_ bytes: Int, _ hugePages: inout HugePages) throws(DLError) {
    if memory != nil && bytes <= capacity { return }
    if let memory { hugePages.remove(memory) }
    free()
    guard let grown = dlp_allocate(bytes) else { throw DLError(.outOfMemory, "no memory for \(bytes) bytes of tensors") }
    // Each thread touches its own part first.
    dlp_prepare_pages(grown, bytes, false)
    hugePages.add(grown, bytes)
    memory = grown
    capacity = bytes
  }

  mutating func free() {
    dlp_free(memory)
    memory = nil
    capacity = 0
  }
}

/// One run at a time of a model, by one thread at a time.
public final class Session {
  public let model: Model
  private let pool: ThreadPool
  private let memoryLimit: Int

  private struct Input {
    var sizes: [Int]?
    /// The caller's memory, or nil for the session's own.
    var bound: UnsafeRawPointer?
    var own = Buffer()
  }
  private struct Output {
    var bound: UnsafeMutableRawPointer?
    var boundBytes = 0
    var own = Buffer()
  }

  private var inputs: [Input]
  private var outputs: [Output]
  /// One for each stage of a run.
  private var arenas = [Buffer()]
  /// The most recent last.
  private var plans: [Plan] = []
  /// The plans of the last run, one for each stage; of one that failed, as far as it came.
  private(set) var stages: [Plan] = []
  private static let planLimit = 8
  /// Whether inputs' sizes, or any address, changed since the last run.
  private var sizesChanged = true
  private var addressesChanged = true
  private(set) var hasRun = false
  private var hugePages: HugePages

  /// memoryLimit: bytes of tensors the session may hold; 0: no limit.
  public init(_ model: Model, pool: ThreadPool, memoryLimit: Int = 0) {
    self.model = model
    self.pool = pool
    self.memoryLimit = memoryLimit
    inputs = model.graph.inputs.map { _ in Input() }
    outputs = model.graph.outputs.map { _ in Output() }
    hugePages = HugePages(generation: model.generation)
    for node in model.program.nodes {
      for weights in node.operation.weights { hugePages.add(weights.base, weights.byteCount) }
    }
  }

  deinit {
    for i in inputs.indices { inputs[i].own.free() }
    for i in outputs.indices { outputs[i].own.free() }
    for i in arenas.indices { arenas[i].free() }
  }

  // MARK: inputs and outputs

  /// Sets an input's sizes and returns the session's memory to write its elements to.
  public func prepareInput(_ index: Int, _ dtype: DType, _ sizes: [Int]) throws(DLError) -> UnsafeMutableRawBufferPointer {
    try model.checkInput(index, dtype, sizes)
    let bytes = byteCount(dtype, sizes) ?? 0
    try requireLimit((memory - inputs[index].own.capacity).addingSaturated(max(bytes, inputs[index].own.capacity)))
    let before = inputs[index].own.memory
    if bytes > inputs[index].own.capacity, inputs[index].bound == nil {
      inputs[index].sizes = nil
      sizesChanged = true
    }
    try inputs[index].own.reserve(bytes, &hugePages)
    if inputs[index].bound != nil || inputs[index].own.memory != before { addressesChanged = true }
    setSizes(index, sizes)
    inputs[index].bound = nil
    return UnsafeMutableRawBufferPointer(start: inputs[index].own.memory, count: bytes)
  }

  /// Copies an input in.
  public func setInput(_ index: Int, _ dtype: DType, _ sizes: [Int], _ data: UnsafeRawBufferPointer) throws(DLError) {
    try model.checkInput(index, dtype, sizes)
    try requireSize(index, dtype, sizes, data.count)
    let memory = try prepareInput(index, dtype, sizes)
    if data.count > 0 { memory.copyMemory(from: data) }
  }

  /// Every run reads the caller's memory.
  public func bindInput(_ index: Int, _ dtype: DType, _ sizes: [Int], _ data: UnsafeRawBufferPointer) throws(DLError) {
    try model.checkInput(index, dtype, sizes)
    try requireSize(index, dtype, sizes, data.count)
    guard let base = data.baseAddress else { return _ = try prepareInput(index, dtype, sizes) }
    guard UInt(bitPattern: base) % UInt(dtype.size) == 0 else {
      throw DLError(.invalidArgument, "input \(index): the memory is not aligned to \(dtype.size) bytes")
    }
    if inputs[index].bound != base { addressesChanged = true }
    setSizes(index, sizes)
    inputs[index].bound = base
  }

  private func setSizes(_ index: Int, _ sizes: [Int]) {
    if inputs[index].sizes == sizes { return }
    inputs[index].sizes = sizes
    sizesChanged = true
  }

  /// Every run writes this output to the caller's memory; nil: back to the session's own.
  public func bindOutput(_ index: Int, _ memory: UnsafeMutableRawPointer?, _ bytes: Int) throws(DLError) {
    try requireOutput(index)
    let alignment = model.graph.values[model.graph.outputs[index]].type.dtype.size
    guard UInt(bitPattern: memory) % UInt(alignment) == 0 else {
      throw DLError(.invalidArgument, "output \(index): the memory is not aligned to \(alignment) bytes")
    }
    if outputs[index].bound != memory || outputs[index].boundBytes != bytes { addressesChanged = true }
    // What the last run left is not where the output is now.
    if outputs[index].bound != memory { hasRun = false }
    outputs[index].bound = memory
    outputs[index].boundBytes = bytes
  }

  /// An output of the last run: dense, row-major, until the next run.
  public func output(_ index: Int) throws(DLError) -> (data: UnsafeRawBufferPointer, dtype: DType, sizes: [Int]) {
    try requireOutput(index)
    guard hasRun, let sizes = stages.last?.knowledge.outputSizes[index] else {
      throw DLError(.notReady, "output \(index): there is none until the session has run")
    }
    let dtype = model.graph.values[model.graph.outputs[index]].type.dtype
    let start = UnsafeRawPointer(outputs[index].bound ?? outputs[index].own.memory)
    let data = UnsafeRawBufferPointer(start: start, count: byteCount(dtype, sizes) ?? 0)
    return (data, dtype, sizes)
  }

  /// Bytes of tensor memory held.
  public var memory: Int {
    var bytes = 0
    for arena in arenas { bytes += arena.capacity }
    for input in inputs { bytes += input.own.capacity }
    for output in outputs { bytes += output.own.capacity }
    return bytes
  }

  // MARK: running

  /// Computes the outputs. Allocates nothing when neither sizes nor bindings changed since the last run.
  public func run() throws(DLError) {
    // Planning too is done in the runtime's own floating-point state, whatever the host's.
    let saved = dlp_fpu_enter()
    defer { dlp_fpu_leave(saved) }
    if sizesChanged || addressesChanged { try prepare() }
    hugePages.make()
    hasRun = false
    while stages.count > 1 { stages.removeLast() }
    try runStage(stages[0])
    while let next = try stages[stages.count - 1].successor(model.program, model.kernels, threads: pool.threads) {
      try prepare(next, stage: stages.count)
      stages.append(next)
      try runStage(next)
    }
    hasRun = true
  }

  private func runStage(_ plan: Plan) throws(DLError) {
    if profiling { return try runProfiled(plan) }
    for i in plan.steps.indices { try run(plan, i, UnsafePointer(plan.slots)) }
  }

  /// Runs step i of a plan.
  @inline(__always)
  private func run(_ plan: Plan, _ i: Int, _ slots: Slots) throws(DLError) {
    let step = plan.steps[i]
    if let body = step.checkedBody {
      do { try body(slots) } catch { throw error.at("node \(step.name.quoted)") }
      return
    }
    let scratch = slots[plan.scratchSlots[i]].assumingMemoryBound(to: Float.self)
    if let grain = grain(step, awake: pool.isAwake) {
      pool.run(step, slots, scratch, grain: grain)
    } else {
      step.body(slots, scratch, 0..<step.units, 0)
    }
  }

  /// How many units of a step a thread takes at least; nil if the caller alone does it.
  @inline(__always)
  private func grain(_ step: Step, awake: Bool) -> Int? {
    // A job for threads that are awake costs as much as some tens of thousands of multiplications; waking them twice that.
    let least: Double = awake ? 50_000 : 100_000
    if step.cost < least || pool.threads == 1 { return nil }
    return max(1, min(step.unitsTogether, step.units / pool.threads), Int(Double(step.units) * 50_000 / step.cost))
  }

  // MARK: profile

  /// Whether runs measure each node. What was measured before is forgotten when this changes.
  public var profiling = false {
    didSet { if profiling != oldValue { for plan in plans { plan.forgetProfile() } } }
  }

  private func runProfiled(_ plan: Plan) throws(DLError) {
    let profile: Profile
    if let made = plan.profile {
      profile = made
    } else {
      profile = Profile(plan, model.program) { [self] step in
        grain(step, awake: true).map { min(pool.threads, (step.units + $0 - 1) / $0) } ?? 1
      }
      plan.profile = profile
    }
    profile.times[0] = dlp_nanoseconds()
    for i in plan.steps.indices {
      try run(plan, i, UnsafePointer(plan.slots))
      profile.times[i + 1] = dlp_nanoseconds()
    }
  }

  /// What the nodes took in the last run, in the order they ran in.
  public func profile() throws(DLError) -> Profile {
    var profiles: [Profile] = []
    for plan in stages {
      guard hasRun, let profile = plan.profile else {
        throw DLError(.notReady, "there is no profile until a run with profiling on")
      }
      profiles.append(profile)
    }
    guard let first = profiles.first else { throw DLError(.notReady, "there is no profile until a run with profiling on") }
    return profiles.count == 1 ? first : Profile(joining: profiles)
  }

  /// Sees that there is a plan for the inputs' sizes and memory for it, and resolves every address.
  private func prepare() throws(DLError) {
    hasRun = false
    if sizesChanged {
      try selectPlan()
      sizesChanged = false
      addressesChanged = true
    }
    let plan = plans[plans.count - 1]
    try prepare(plan, stage: 0)
    stages = [plan]
    addressesChanged = false
  }

  /// Sees that there is memory for a plan, and resolves every address.
  private func prepare(_ plan: Plan, stage: Int) throws(DLError) {
    if stage == arenas.count { arenas.append(Buffer()) }
    try reserveMemory(plan, stage: stage)
    for (slot, location) in plan.locations.enumerated() { plan.slots[slot] = address(location, stage: stage) }
  }

  /// Brings the plan for the inputs' sizes to the end, making it if it is not among those kept.
  private func selectPlan() throws(DLError) {
    var sizes: [[Int]] = []
    for (i, input) in inputs.enumerated() {
      guard let known = input.sizes else {
        throw DLError(.notReady, "input \(i) \(model.inputName(i).quoted) is not set")
      }
      sizes.append(known)
    }
    if let position = plans.firstIndex(where: { $0.inputSizes == sizes }) {
      plans.append(plans.remove(at: position))
    } else {
      plans.append(try Plan(model.program, model.kernels, inputSizes: sizes, threads: pool.threads))
      if plans.count > Session.planLimit { plans.remove(at: 0) }
    }
  }

  private func reserveMemory(_ plan: Plan, stage: Int) throws(DLError) {
    var wanted = max(arenas[stage].capacity, plan.arenaBytes)
    for (i, arena) in arenas.enumerated() where i != stage { wanted = wanted.addingSaturated(arena.capacity) }
    for input in inputs { wanted = wanted.addingSaturated(input.own.capacity) }
    for i in plan.delivers {
      let output = outputs[i]
      let type = plan.outputType(i, model.program)
      let bytes = type.bytes
      if output.bound == nil {
        wanted = wanted.addingSaturated(max(output.own.capacity, bytes))
      } else if output.boundBytes != bytes {
        throw DLError(
          .shapeMismatch,
          "output \(i) \(model.outputName(i).quoted): the bound memory has \(output.boundBytes) bytes, \(describe(type.sizes)) takes \(bytes)"
        )
      }
    }
    try requireLimit(wanted)
    try arenas[stage].reserve(plan.arenaBytes, &hugePages)
    for i in plan.delivers where outputs[i].bound == nil {
      try outputs[i].own.reserve(plan.outputType(i, model.program).bytes, &hugePages)
    }
  }

  private func address(_ location: Plan.Location, stage: Int) -> UnsafeMutableRawPointer {
    let found: UnsafeMutableRawPointer? =
      switch location {
      case .input(let i, let offset):
        (inputs[i].bound.map { UnsafeMutableRawPointer(mutating: $0) } ?? inputs[i].own.memory).map { $0 + offset }
      case .output(let i, let offset): (outputs[i].bound ?? outputs[i].own.memory).map { $0 + offset }
      case .constant(let pointer): UnsafeMutableRawPointer(mutating: pointer)
      case .arena(let offset): arenas[stage].memory.map { $0 + offset }
      case .earlier(let stage, let slot, let offset): stages[stage].slots[slot] + offset
      }
    return found ?? UnsafeMutableRawPointer(bitPattern: MemoryPlan.alignment)!
  }

  // MARK: checks

  private func requireSize(_ index: Int, _ dtype: DType, _ sizes: [Int], _ found: Int) throws(DLError) {
    let expected = byteCount(dtype, sizes) ?? 0
    guard found == expected else {
      throw DLError(
        .shapeMismatch,
        "input \(index) \(model.inputName(index).quoted): \(dtype.name) \(describe(sizes)) takes \(expected) bytes, found \(found)"
      )
    }
  }

  private func requireOutput(_ index: Int) throws(DLError) {
    guard outputs.indices.contains(index) else {
      throw DLError(.outOfRange, "output \(index): the model has \(outputs.count) outputs")
    }
  }

  private func requireLimit(_ bytes: Int) throws(DLError) {
    if memoryLimit > 0, bytes > memoryLimit {
      throw DLError(.memoryLimit, "the session needs \(bytes) bytes of tensors, the limit is \(memoryLimit)")
    }
  }
}

extension Int {
  fileprivate func addingSaturated(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
