import ArgumentParser

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "run", abstract: "How long a run takes.")

  @OptionGroup var options: ModelOptions
  @OptionGroup var measuring: MeasuringOptions

  /// Times in nanoseconds, memory in bytes.
  private struct Result: Encodable {
    var model, isa, library: String
    var threads: Int
    var inputs: [String: [Int64]]
    var load, createSession, firstRun: Double
    var run: Timing
    var sessionMemory: Int
    var process: ProcessMemory
  }

  func run() throws {
    try measuring.cpu?.pin()
    let library = try Library(path: options.library)
    var loaded: Model?
    let load = try Timing.time { loaded = try options.load(library) }
    let model = loaded!
    let inputs = try options.inputs(of: model)
    var created: Session?
    let create = try Timing.time { created = try Session(model, threads: options.threads, inputs: inputs) }
    let session = created!
    let first = try Timing.time { try session.run() }
    let run = try Timing.measure(seconds: measuring.seconds) { try session.run() }
    let result = Result(
      model: options.model, isa: try model.isa(), library: String(cString: library.version()!), threads: options.threads,
      inputs: Dictionary(uniqueKeysWithValues: inputs.map { ($0.input.name, $0.input.dims) }), load: load,
      createSession: create, firstRun: first, run: run, sessionMemory: try session.memory(), process: .now())
    try report(
      result, json: measuring.json,
      rows: [
        ("model", "\(options.model), \(inputs.map(\.input.text).joined(separator: ", "))"),
        ("library", "\(result.library), \(result.isa), threads \(options.threads)"),
        ("run", run.text),
        ("first run", duration(first)),
        ("load", duration(load)),
        ("create session", duration(create)),
        ("session memory", megabytes(result.sessionMemory)),
        ("process memory", "\(megabytes(result.process.resident)), peak \(megabytes(result.process.peak))"),
      ])
  }
}
