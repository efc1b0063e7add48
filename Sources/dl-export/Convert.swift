import ArgumentParser
import DLGraph
import DLOnnx

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turns an ONNX model into a .dlrt file.",
    discussion: "Whatever keeps a model from being converted is listed at once, with the nodes concerned.")

  @Argument(help: "An .onnx file.", completion: .file(extensions: ["onnx"])) var model: String
  @Option(name: .shortAndLong, help: "The file to write.", completion: .file(extensions: ["dlrt"])) var output: String

  func run() throws {
    do {
      let graph = try importModel(model)
      try writeFile(output) { write throws(DLError) in try writeModel(graph, to: write) }
    } catch let problems as Problems {
      throw Failure("'\(model)' cannot be converted:\n\(problems)")
    } catch let error as DLError { throw Failure(error, path: model) }
  }
}
