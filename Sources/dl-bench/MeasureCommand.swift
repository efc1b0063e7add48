import ArgumentParser
import FoundationEssentials

/// What `run` and `compare` start for each model, so that no model's memory hides another's: measures, and prints JSON.
struct MeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "measure-one", shouldDisplay: false)

  private struct Request: Codable {
    var setup: Setup
    var method: Method
  }

  @Argument var request: String

  func run() throws {
    guard let request = try? JSONDecoder().decode(Request.self, from: Data(self.request.utf8)) else {
      throw ValidationError("measure-one is for dl-bench itself")
    }
    do { print(try json(try measure(request.setup, request.method))) } catch let error as BenchError {
      let model = request.setup.model
      throw error.description.contains(model) ? error : BenchError("'\(model)': \(error)")
    }
  }

  /// Measures in a process of its own. Nil when that failed, which it has said.
  static func inFreshProcess(_ setup: Setup, _ method: Method) throws -> Measurement? {
    let (output, status) = try runProgram(["/proc/self/exe", "measure-one", "--", json(Request(setup: setup, method: method))])
    switch status {
    case .exited(0): return try JSONDecoder().decode(Measurement.self, from: Data(output))
    case .exited: return nil
    case .signalled(let signal): throw BenchError("'\(setup.model)': the process that measured it was ended by signal \(signal)")
    }
  }
}
