import ArgumentParser
import DLGraph
import DLZoo
import Foundation

struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a well-known network with random weights, to measure and to try things with.",
    discussion: Architecture.all.map { line($0.name, shape($0) + $0.summary) }.joined()
      + line("trivial", "one ReLU of 4 numbers: what a call costs")
      + line("everyop", "a small network with each operation of format 1.0 at least once"))

  @Argument(help: "One of those listed above.") var network: Network
  @Option(name: .shortAndLong, help: "The file to write.", completion: .file(extensions: ["dlrt"])) var output: String
  @Option(help: "Of the random weights: the same seed gives the same file.") var seed: UInt64 = 1
  @Flag(help: "Leave out the softmax at the end.") var logits = false

  func run() throws {
    do {
      let graph = try network.graph(seed: seed, logits: logits)
      try writeFile(output) { write throws(DLError) in try writeModel(graph, to: write) }
    } catch { throw Failure(error, path: output) }
  }

  private static func line(_ name: String, _ text: String) -> String {
    name.padding(toLength: 17, withPad: " ", startingAt: 0) + text + "\n"
  }

  private static func shape(_ architecture: Architecture) -> String {
    let shapes = architecture.inputs.map { input in
      "[\(([input.batch ?? "1"] + input.shape.map { "\($0)" }).joined(separator: ", "))]"
    }
    return shapes.joined(separator: " and ") + ", "
  }
}
