import ArgumentParser
import DLGraph

struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a well-known network with random weights, to measure and to try things with.",
    discussion: """
      lenet5    digits, [N, 1, 28, 28] to 10 probabilities (LeCun et al. 1998, with ReLU and max pooling)
      alexnet   photographs, [N, 3, 227, 227] to 1000 probabilities (Krizhevsky et al. 2012), 244 MB
      mlp       digits, [N, 784] through 256 and 128 units to 10 probabilities
      trivial   one ReLU of 4 numbers: what a call costs
      everyop   a small network with each operation of the format at least once
      """)

  @Argument(help: "lenet5, alexnet, mlp, trivial or everyop.") var network: Network
  @Option(name: .shortAndLong, help: "The file to write.", completion: .file(extensions: ["dlrt"])) var output: String
  @Option(help: "Of the random weights: the same seed gives the same file.") var seed: UInt64 = 1
  @Flag(help: "Leave out the softmax at the end.") var logits = false

  func run() throws {
    do {
      let graph = try network.graph(seed: seed, logits: logits)
      try writeFile(output) { write throws(DLError) in try writeModel(graph, to: write) }
    } catch { throw Failure(error, path: output) }
  }
}
