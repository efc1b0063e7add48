/// What was measured of one model. Times in nanoseconds, memory in bytes.
struct Measurement: Codable {
  var setup: Setup
  var method: Method
  var isa, version: String
  var inputs: [String: [Int64]]
  var load, createSession, firstRun: Double
  var run: Timing
  /// 2 for each multiply-add of the model's operations.
  var flops: Double
  /// 10⁹ of them in a second of the median run.
  var gflops: Double
  var memory: Memory
  var profile: Profile

  struct Memory: Codable {
    /// Of the process before the library is opened; the other three are above it.
    var bare: Int
    var loaded, afterRun, peak: Int
    /// Of these, weights made ready for the kernels and tensors, by the library's own count.
    var weights, session: Int
  }
}

/// One run with each node measured.
struct Profile: Codable {
  /// The whole run.
  var run: Double
  var nodes: [Node]

  struct Node: Codable {
    var node, op, kernel: String
    var start, time, flops: Double
    var bytes, threads: Int

    /// Nil for an operation without multiply-adds.
    var gflops: Double? { flops > 0 && time > 0 ? flops / time : nil }
  }
}

/// Measures in this process, which should have done nothing else yet.
func measure(_ setup: Setup, _ method: Method) throws -> Measurement {
  try method.cpus.map { try CPUList(cpus: $0).pin() }
  let bare = ProcessMemory.startOver()
  let library = try Library(path: setup.library)
  var loadedModel: Model?
  let load = try Timing.time { loadedModel = try Model(library, setup) }
  let model = loadedModel!
  let loaded = ProcessMemory.now()
  let inputs = try setup.inputs(of: model)
  var made: Session?
  let createSession = try Timing.time { made = try Session(model, threads: setup.threads, inputs: inputs) }
  let session = made!
  let firstRun = try Timing.time { try session.run() }
  // A run after the first allocates nothing; the figures of the timing below would.
  let afterRun = ProcessMemory.now()
  let run = try Timing.measure(seconds: method.seconds, runs: method.runs) { try session.run() }
  let profile = try measureNodes(session, seconds: method.seconds / 5)
  let flops = profile.nodes.reduce(0) { $0 + $1.flops }
  return Measurement(
    setup: setup, method: method, isa: try model.isa(), version: library.name,
    inputs: Dictionary(uniqueKeysWithValues: inputs.map { ($0.input.name, $0.input.dims) }), load: load,
    createSession: createSession, firstRun: firstRun, run: run, flops: flops, gflops: flops / run.median,
    memory: .init(
      bare: bare.resident, loaded: loaded.resident - bare.resident, afterRun: afterRun.resident - bare.resident,
      peak: afterRun.peak - bare.resident, weights: try model.memory(), session: try session.memory()),
    profile: profile)
}

/// Of several runs the one that took the middle time.
private func measureNodes(_ session: Session, seconds: Double) throws -> Profile {
  try session.setProfiling(true)
  var profiles: [Profile] = []
  let end = Deadline(seconds: seconds)
  repeat {
    let time = try Timing.time { try session.run() }
    profiles.append(Profile(run: time, nodes: try session.profile()))
  } while profiles.count < 3 || (profiles.count < 101 && !end.isOver)
  try session.setProfiling(false)
  return profiles.sorted { $0.run < $1.run }[profiles.count / 2]
}
