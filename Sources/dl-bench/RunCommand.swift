import ArgumentParser

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "How long loading and running models takes, and how much memory.",
    discussion: """
      Each model is measured in a process of its own. Memory is what that process held more than before it opened the \
      library. GFLOP/s count 2 for each multiply-add of the model's operations, whatever the kernels do instead.
      """)

  @Argument(help: "A .dlrt file, or several.", completion: .file(extensions: ["dlrt"]))
  var models: [String]

  @OptionGroup var options: ModelOptions
  @OptionGroup var measuring: MeasuringOptions

  @Option(help: "Measure so many runs, in place of the seconds.")
  var runs: Int?

  @Flag(help: "Show what each node takes, the slowest first.")
  var profile = false

  @Option(help: ArgumentHelp("Write what each node takes as a trace, for chrome://tracing or Perfetto.", valueName: "file"))
  var trace: String?

  func validate() throws {
    guard runs.map({ 1...1 << 20 ~= $0 }) ?? true else { throw ValidationError("--runs: expected 1 to \(1 << 20)") }
  }

  func run() throws {
    let method = Method(seconds: measuring.seconds, runs: runs, cpus: measuring.cpu?.cpus)
    let results = try models.compactMap { try MeasureCommand.inFreshProcess(options.setup($0), method) }
    if measuring.json != "-", !results.isEmpty {
      if models.count == 1, let result = results.first { show(rows: rows(result)) } else { show(table: table(results)) }
      if profile { for result in results { showProfile(result) } }
    }
    if let path = measuring.json { try writeText(json(SavedResults(results: results)), to: path) }
    if let path = trace { try writeText(json(Trace(results)), to: path) }
    if results.count < models.count { throw ExitCode.failure }
  }

  private func rows(_ result: Measurement) -> [(String, String)] {
    let memory = result.memory
    let inputs = result.inputs.sorted { $0.key < $1.key }.map { Input.describe($0.key, $0.value) }
    return [
      ("model", "\(result.setup.model), \(inputs.joined(separator: ", "))"),
      ("library", "\(result.version), \(result.isa), threads \(result.setup.threads)"),
      ("run", result.run.text),
      ("speed", result.speed.isEmpty ? "no multiply-adds" : "\(result.speed) GFLOP/s"),
      ("first run", duration(result.firstRun)),
      ("load", duration(result.load)),
      ("create session", duration(result.createSession)),
      (
        "memory",
        "\(megabytes(memory.peak)) at most, loaded \(megabytes(memory.loaded)), after a run \(megabytes(memory.afterRun))"
      ),
      ("of that", "weights \(megabytes(memory.weights)), tensors \(megabytes(memory.session))"),
    ]
  }

  private func table(_ results: [Measurement]) -> Table {
    Table(
      ["model", "median", "p10", "p90", "first run", "load", "peak memory", "GFLOP/s"],
      results.map {
        [
          $0.setup.model, duration($0.run.median), duration($0.run.p10), duration($0.run.p90), duration($0.firstRun),
          duration($0.load), megabytes($0.memory.peak), $0.speed,
        ]
      })
  }

  private func showProfile(_ result: Measurement) {
    let profile = result.profile
    print("\n\(result.setup.model): a run of \(duration(profile.run)), node by node")
    let nodes = profile.nodes.sorted { $0.time > $1.time }
    show(
      table: Table(
        ["node", "operation", "kernel", "time", "share", "GFLOP/s", "GB/s", "threads"],
        nodes.map {
          [
            $0.node, $0.op, $0.kernel, duration($0.time), "\(fixed($0.time / profile.run * 100, 1)) %",
            $0.gflops.map { fixed($0, 1) } ?? "", fixed(Double($0.bytes) / max($0.time, 1), 1), "\($0.threads)",
          ]
        }, leftAligned: 3))
  }
}

extension Measurement {
  fileprivate var speed: String { flops > 0 ? fixed(gflops, 1) : "" }
}
