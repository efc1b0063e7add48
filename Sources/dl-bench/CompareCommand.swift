import ArgumentParser

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Measures again what `run --json` has saved, and shows the ratios.",
    discussion: """
      Models, options and time are those that were saved; paths of models count from this folder. A ratio is the new figure \
      by the saved one: below 1 is better. Other work on the machine shows in the ratios too.
      """)

  @Argument(help: "A file that `run --json` has written.", completion: .file(extensions: ["json"]))
  var saved: String

  @Option(help: "The libdlrt.so to measure, in place of the one that was.")
  var library: String?

  @Option(help: ArgumentHelp("Exit with 1 if a median run takes more than this times as long.", valueName: "ratio"))
  var failAbove: Double?

  @Option(
    help: ArgumentHelp("Write the new results here as JSON; - for standard output, instead of the text.", valueName: "file"))
  var json: String?

  func validate() throws {
    guard failAbove.map({ $0 > 0 }) ?? true else { throw ValidationError("--fail-above: expected more than 0") }
  }

  func run() throws {
    let before = try SavedResults(path: saved).results
    let pairs = try before.compactMap { old in
      var setup = old.setup
      if let library { setup.library = library }
      return try MeasureCommand.inFreshProcess(setup, old.method).map { (old: old, new: $0) }
    }
    let text = Table(
      ["model", "saved", "now", "run", "first run", "load", "peak memory"],
      pairs.map { old, new in
        [
          new.setup.model, duration(old.run.median), duration(new.run.median), ratio(new.run.median, old.run.median),
          ratio(new.firstRun, old.firstRun), ratio(new.load, old.load),
          ratio(Double(new.memory.peak), Double(old.memory.peak)),
        ]
      })
    if json != "-" { show(table: text) }
    if let json { try writeText(dl_bench.json(SavedResults(results: pairs.map(\.new))), to: json) }
    let slower = pairs.filter { old, new in failAbove.map { new.run.median > $0 * old.run.median } ?? false }
    for (old, new) in slower {
      complain("slower: \(new.setup.model) takes \(ratio(new.run.median, old.run.median)) times as long")
    }
    if !slower.isEmpty || pairs.count < before.count { throw ExitCode.failure }
  }

  private func ratio(_ new: Double, _ old: Double) -> String { fixed(new / old, 3) }
}
