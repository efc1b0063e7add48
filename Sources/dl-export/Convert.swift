import ArgumentParser
import DLGraph
import DLImage
import DLOnnx
import Glibc

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turns an ONNX model into a .dlrt file, or a .dlrt file into an ONNX model.",
    discussion: """
      The name of the file to write says which: with -o model.onnx the model is a .dlrt file, and becomes one of ONNX's operator \
      set 23, whose properties are the metadata. Of the options, --verify is the one for both ways.

      Names of inputs and outputs, free sizes and metadata are kept (metadata as onnx.KEY); what follows from constants and sizes \
      is computed now. If a model cannot be converted, everything that stands in the way is listed, with the nodes concerned.

      --verify runs the file that was written, on the data of a folder (input_0.pb and output_0.pb, in it or in folders \
      test_data_set_0…, or .npz files of arrays under the names of inputs and outputs) or on random numbers, and shows the \
      largest error of each output: against the expected outputs, and against ONNX Runtime where Python ($PYTHON, or python3) \
      has the package onnxruntime. The exit status is 1 if an error is above a thousandth of an output's largest element.

      --preprocess says how pictures become the input: imagenet, or one of input, color (gray, rgb, bgr), resize (stretch, \
      shortest_side, none), resize_size, crop (center), scale, mean, std, such as mean=0.485,0.456,0.406.
      """)

  @Argument(help: "An .onnx file, or a .dlrt file.", completion: .file(extensions: ["onnx", "dlrt"])) var model: String
  @Option(name: .shortAndLong, help: "The file to write.", completion: .file(extensions: ["dlrt", "onnx"])) var output: String
  @Option(help: "Sizes of an input, as NAME=1,3,224,224; -1 is a free one. May be repeated.") var shape: [InputShape] = []
  @Option(help: "Makes an input a constant, as NAME=VALUE. May be repeated.") var set: [InputValue] = []
  @Option(help: "Values to make the outputs, as NAME,NAME.") var outputs: String?
  @Option(help: "How weights are stored: f32, f16 or bf16. The model still computes in f32.") var weights: WeightType?
  @Option(help: "A text file with the name of each class on a line.", completion: .file()) var labels: String?
  @Option(help: "imagenet, or KEY=VALUE. May be repeated.") var preprocess: [PreprocessingEntry] = []
  @Option(help: "Run the file that was written: on the data of a folder, or on \"random\" input.") var verify: String?
  @Flag(help: "Say what became of the nodes.") var explain = false

  private var writesOnnx: Bool { output.hasSuffix(".onnx") }

  func validate() throws {
    let isImportOnly = !shape.isEmpty || !set.isEmpty || outputs != nil || weights != nil || labels != nil || !preprocess.isEmpty
    if writesOnnx && (isImportOnly || explain) {
      throw ValidationError("With an ONNX model to write, --verify is the only option.")
    }
  }

  func run() throws {
    var constants: [(name: String, value: Constant)] = []
    do {
      if writesOnnx { try exportOnnx() } else { constants = try importOnnx() }
    } catch let problems as Problems {
      ProgressLine.clear()
      throw Failure("'\(model)' cannot be converted:\n\(problems)")
    } catch let error as DLError {
      ProgressLine.clear()
      throw Failure(error, path: model)
    }
    if let verify { try self.verify(verify, constants) }
  }

  /// The inputs that became constants.
  private func importOnnx() throws -> [(name: String, value: Constant)] {
    let imported = try importModel(model, options, progress: ProgressLine.show)
    var graph = imported.graph
    if let weights { try graph.storeWeights(as: weights) }
    if let labels { graph.setMetadata("labels", .texts(try readLabels(labels))) }
    for entry in preprocess { entry.add(to: &graph) }
    // Throws what would keep pictures from becoming the input.
    if !preprocess.isEmpty { _ = try Preprocessing(graph: graph, input: Preprocessing.target(in: graph)) }
    ProgressLine.show("writing")
    try writeFile(output) { write throws(DLError) in try writeModel(graph, to: write) }
    ProgressLine.clear()
    if explain { print(explanation(imported, graph)) }
    return imported.constants
  }

  private func exportOnnx() throws {
    let exported = try exportModel(readModel(.mapping(model)))
    ProgressLine.show("writing")
    try writeFile(output) { write throws(DLError) in try exported.write(to: write) }
    ProgressLine.clear()
  }

  private var options: ImportOptions {
    var options = ImportOptions()
    for input in shape { options.shapes[input.name] = input.sizes }
    for input in set { options.constants[input.name] = input.value }
    options.outputs = outputs?.split(separator: ",").map(String.init) ?? []
    return options
  }

  private func verify(_ source: String, _ constants: [(name: String, value: Constant)]) throws {
    do {
      let (onnx, file) = writesOnnx ? (output, model) : (model, output)
      let verification = try Verification(onnx: onnx, file: file, constants: constants)
      let cases = source == "random" ? [try verification.random()] : try verification.cases(in: source)
      guard try verification.run(cases) else { throw Failure("'\(output)' does not give the expected outputs") }
    } catch let error as DLError { throw Failure(error, path: output) }
  }
}

/// One line on a terminal that says what takes long.
enum ProgressLine {
  static let isShown = isatty(STDERR_FILENO) != 0

  static func show(_ text: String) {
    if isShown { write("\r\u{1B}[K" + text + "…") }
  }

  static func clear() {
    if isShown { write("\r\u{1B}[K") }
  }

  private static func write(_ text: String) {
    var text = text
    text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
