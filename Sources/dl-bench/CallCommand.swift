import ArgumentParser
import CDLRT

struct CallCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call", abstract: "What a call of dlrt_session_run costs, on a model that does next to nothing.")

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
    let model = try options.load(library)
    let session = try Session(model, threads: options.threads, inputs: options.inputs(of: model))
    // A thousand calls to a sample: reading the clock takes a good part of the time of one.
    let call = try Timing.measure(seconds: measuring.seconds, batch: 1000) { try session.run() }
    let result = Result(
      model: options.model, isa: try model.isa(), library: String(cString: library.version()!), threads: options.threads,
      call: call)
    try report(
      result, json: measuring.json,
      rows: [
        ("model", options.model),
        ("library", "\(result.library), \(result.isa), threads \(options.threads)"),
        ("call", call.text),
      ])
  }
}
