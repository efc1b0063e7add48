/// A model and what it is measured with, as saved results have it.
struct Setup: Codable {
  var model: String
  /// Nil: the library that `Library` finds.
  var library: String?
  /// Nil: the best of the processor.
  var isa: String?
  var threads: Int
  var batch: Int64
  var shapes: [String: [Int64]]
  /// As in dlrt_load_options.
  var exact, lowMemory: Bool

  /// The inputs to measure with, of fixed shapes and filled.
  func inputs(of model: Model) throws -> [InputData] {
    let inputs = try model.inputs()
    for name in shapes.keys.sorted() where !inputs.contains(where: { $0.name == name }) {
      throw BenchError("--shape: no input \"\(name)\"; there are \(inputs.map(\.name).joined(separator: ", "))")
    }
    return try inputs.map { try InputData($0.resolved(batch: batch, shapes: shapes)) }
  }
}

/// How long and where a run is measured, and what else is asked for.
struct Method: Codable {
  var seconds: Double
  /// Runs to measure, in place of the seconds.
  var runs: Int?
  /// CPUs to stay on.
  var cpus: [Int]?
}
