import ArgumentParser
import DLGraph
import DLImage
import DLRuntime
import Foundation

/// Prints the same lines as examples/c/classify.c and examples/python/classify.py.
@main
struct Classify: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Classifies a JPEG with a .dlrt model.")

  @Option(help: "Threads.") var threads = 1
  @Option(help: "How many of the best classes to print.") var top = 5
  @Argument(help: "The model, a .dlrt file.") var model: String
  @Argument(help: "The picture, a JPEG.") var image: String

  func run() throws {
    let model = try Model(Storage.mapping(model))
    let session = Session(model, pool: try ThreadPool(threads: threads))
    let preprocessing = try Preprocessing(graph: model.graph, input: 0)
    let input = try Data(contentsOf: URL(fileURLWithPath: image)).withUnsafeBytes { try preprocessing.prepare(jpeg: $0) }
    try withExtendedLifetime(input) { try session.setInput(0, input.dtype, input.sizes, input.bytes) }
    try session.run()
    let scores = try session.output(0).data.bindMemory(to: Float.self)
    for i in scores.indices.sorted(by: { scores[$0] > scores[$1] }).prefix(top) {
      let score = String(format: "%.9g", scores[i]).padding(toLength: 15, withPad: " ", startingAt: 0)
      print(score, label(i, of: model) ?? "class \(i)")
    }
  }

  private func label(_ index: Int, of model: Model) -> String? {
    guard case .texts(let labels)? = model.graph.metadata("labels"), labels.indices.contains(index) else { return nil }
    return labels[index].description
  }
}
