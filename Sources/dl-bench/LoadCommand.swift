import ArgumentParser

struct LoadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "How long loading a model from its file takes, and how much memory.")

  @Argument(help: "A .dlrt file.", completion: .file(extensions: ["dlrt"]))
  var model: String

  @OptionGroup var options: ModelOptions
  @OptionGroup var measuring: MeasuringOptions

  /// Times in nanoseconds, memory in bytes.
  private struct Result: Encodable {
    var model, isa, library: String
    var load, loadAndRun: Timing
    var before, loaded, afterRun: ProcessMemory
  }

  func run() throws {
    try measuring.cpu?.pin()
    let before = ProcessMemory.now()
    let library = try Library(path: options.library)
    let setup = options.setup(self.model)
    let model = try Model(library, setup)
    let loaded = ProcessMemory.now()
    let inputs = try setup.inputs(of: model)
    let session = try Session(model, threads: setup.threads, inputs: inputs)
    try session.run()
    let afterRun = ProcessMemory.now()

    let load = try Timing.measure(seconds: measuring.seconds) { _ = try Model(library, setup) }
    let loadAndRun = try Timing.measure(seconds: measuring.seconds) {
      try Session(Model(library, setup), threads: setup.threads, inputs: inputs).run()
    }
    let result = Result(
      model: setup.model, isa: try model.isa(), library: library.name, load: load,
      loadAndRun: loadAndRun, before: before, loaded: loaded, afterRun: afterRun)
    try report(
      result, json: measuring.json,
      rows: [
        ("model", setup.model),
        ("library", "\(result.library), \(result.isa)"),
        ("load and destroy", load.text),
        ("the same and a run", loadAndRun.text),
        ("memory, loaded", "\(megabytes(loaded.resident - before.resident)) more than without the library"),
        (
          "after a run",
          "\(megabytes(afterRun.resident - before.resident)), at most \(megabytes(afterRun.peak - before.resident))"
        ),
      ])
  }
}
