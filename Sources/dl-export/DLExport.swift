import ArgumentParser
import DLGraph

@main
struct DLExport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dl-export",
    abstract: "Makes .dlrt model files and shows what is in them.",
    subcommands: [Convert.self, Inspect.self, Dump.self, Sample.self])
}

/// An error as the command line shows it: on stderr, with the path, and exit status 1.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  init(_ error: DLError, path: String) {
    // Errors of the file system name the path themselves.
    description = error.status == .ioError ? error.message : "'\(path)': \(error.message)"
  }
}
