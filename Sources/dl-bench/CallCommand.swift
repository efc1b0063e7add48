import ArgumentParser
import CDLRT

struct CallCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call", abstract: "What a call of dlrt_session_run costs, on a model that does next to nothing.")

  @Argument(help: "A .dlrt file.", completion: .file(extensions: ["dlrt"]))
  var model: String

  @OptionGroup var options: ModelOptions
  @OptionGroup var measuring: MeasuringOptions

  /// Times in nanoseconds.
  private struct Result: Encodable {
    var model, isa, library: String
    var threads: Int
    var call: Timing
  }

  func run() throws {
    try measuring.cpu?.pin()
    let library = try Library(path: options.library)
    let setup = options.setup(self.model)
    let model = try Model(library, setup)
    let session = try Session(model, threads: setup.threads, inputs: setup.inputs(of: model))
    // A thousand calls to a sample: reading the clock takes a good part of the time of one.
    let call = try Timing.measure(seconds: measuring.seconds, batch: 1000) { try session.run() }
    let result = Result(
      model: setup.model, isa: try model.isa(), library: library.name, threads: setup.threads,
      call: call)
    try report(
      result, json: measuring.json,
      rows: [
        ("model", setup.model),
        ("library", "\(result.library), \(result.isa), threads \(setup.threads)"),
        ("call", call.text),
      ])
  }
}
