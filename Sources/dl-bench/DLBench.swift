import ArgumentParser
import Glibc

struct DLBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dl-bench",
    abstract: "Measures libdlrt.so as a program that uses it would: loaded at run time, through its C interface.",
    discussion: "The exit status is 1 when something fails, 2 when the arguments are wrong.",
    version: "0.1.0",
    subcommands: [
      RunCommand.self, CompareCommand.self, LoadCommand.self, CallCommand.self, KernelsCommand.self, MeasureCommand.self,
    ])
}

@main
enum Main {
  static func main() {
    do {
      var command = try DLBench.parseAsRoot()
      try command.run()
    } catch {
      guard DLBench.exitCode(for: error) == .validationFailure else { DLBench.exit(withError: error) }
      complain(DLBench.fullMessage(for: error))
      exit(2)
    }
  }
}

/// A failure that is said and ends the program with status 1.
struct BenchError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// Prints a line on standard error.
func complain(_ message: String) {
  let line = Array((message + "\n").utf8)
  _ = write(2, line, line.count)
}
