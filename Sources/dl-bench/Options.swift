import ArgumentParser

/// How to measure.
struct MeasuringOptions: ParsableArguments {
  @Option(help: "Seconds to measure for.")
  var seconds = 2.0

  @Option(help: ArgumentHelp("Stay on these CPUs.", valueName: "0,1"))
  var cpu: CPUList?

  @Option(help: ArgumentHelp("Write the results here as JSON; - for standard output, instead of the text.", valueName: "file"))
  var json: String?

  func validate() throws {
    guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds: expected more than 0 and at most 3600") }
  }
}

/// What to measure a model with.
struct ModelOptions: ParsableArguments {
  @Option(help: "The libdlrt.so to measure; else $DLRT_LIBRARY, else ../lib/libdlrt.so.1 beside this program.")
  var library: String?

  @Option(help: "At most this instruction set: baseline, avx2, avx512, neon.")
  var isa: String?

  @Option(help: "Threads of the session; 0 for one for each CPU.")
  var threads = 1

  @Option(help: "The first dimension of each input where the model leaves it free.")
  var batch: Int64 = 1

  @Option(help: ArgumentHelp("The shape of an input, where the model leaves more free.", valueName: "name=1,3,224,224"))
  var shape: [ShapeOption] = []

  @Flag(help: "Compute every sum as it is defined.")
  var exact = false

  @Flag(help: "Keep weights in no form larger than their own.")
  var lowMemory = false

  func validate() throws {
    guard (0...256).contains(threads) else { throw ValidationError("--threads: expected 0 to 256") }
    guard batch > 0 else { throw ValidationError("--batch: expected at least 1") }
  }

  func setup(_ model: String) -> Setup {
    Setup(
      model: model, library: library, isa: isa, threads: threads == 0 ? cpuCount() : threads, batch: batch,
      shapes: Dictionary(shape.map { ($0.name, $0.dims) }, uniquingKeysWith: { $1 }), exact: exact, lowMemory: lowMemory)
  }
}

/// NAME=1,3,224,224
struct ShapeOption: ExpressibleByArgument {
  var name: String
  var dims: [Int64]

  init?(argument: String) {
    guard let equals = argument.lastIndex(of: "=") else { return nil }
    let parts = argument[argument.index(after: equals)...].split(separator: ",", omittingEmptySubsequences: false)
    dims = parts.compactMap { Int64($0) }
    guard dims.count == parts.count, dims.allSatisfy({ $0 >= 0 }) else { return nil }
    name = String(argument[..<equals])
  }
}
