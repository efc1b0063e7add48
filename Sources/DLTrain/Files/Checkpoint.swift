import DLGraph
import Foundation

// A checkpoint is a folder with two files: `state.json` says where the run stands and names the `.safetensors` file with the
// parameters of model and optimiser. The state is renamed into place last, so that a run that is stopped while it writes leaves
// the checkpoint before.

private struct CheckpointState<State: Codable>: Codable {
  var format = "dlrt-checkpoint"
  var version = 1
  /// Name of the file with the tensors, in the same folder.
  var tensors: String
  var optimiserSteps: Int
  var learningRate: Float
  var run: State
}

extension Trainer {
  private var checkpointParameters: Parameters<Float> { ["model": model, "optimiser": optimiser] }

  /// Writes all that the run goes on from, in place of the checkpoint that the folder may hold.
  public func save(to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let name = "tensors-\(optimiser.steps).safetensors"
    var file = SafeTensors()
    for (name, parameter) in checkpointParameters { file.append(parameter.value, as: name) }
    try file.encoded().write(to: folder.appendingPathComponent(name), options: .atomic)

    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let state = CheckpointState(
      tensors: name, optimiserSteps: optimiser.steps, learningRate: optimiser.learningRate, run: state)
    try encoder.encode(state).write(to: folder.appendingPathComponent("state.json"), options: .atomic)
    for old in try FileManager.default.contentsOfDirectory(atPath: folder.path)
    where old.hasPrefix("tensors-") && old.hasSuffix(".safetensors") && old != name {
      try? FileManager.default.removeItem(at: folder.appendingPathComponent(old))
    }
  }

  /// Whether the folder holds a checkpoint.
  public func hasCheckpoint(in folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent("state.json").path)
  }

  /// Goes on from a checkpoint that `save` wrote for the same model and optimiser. Nothing is changed if it throws.
  /// - Throws: ioError, invalidModel for damaged files, notFound and shapeMismatch for those of another model
  public func resume(from folder: URL) throws(DLError) {
    let saved: CheckpointState<State>
    let json = try read(folder.appendingPathComponent("state.json"))
    do {
      saved = try JSONDecoder().decode(CheckpointState<State>.self, from: json)
    } catch { throw DLError(.invalidModel, "state.json of '\(folder.path)': \(String(describing: error))") }
    guard saved.format == "dlrt-checkpoint", saved.version == 1, !saved.tensors.contains("/"), saved.optimiserSteps >= 0,
      saved.run.epoch >= 0, saved.run.batch >= 0
    else { throw DLError(.invalidModel, "state.json of '\(folder.path)' is not a checkpoint of this version") }

    let file = try SafeTensors(read(folder.appendingPathComponent(saved.tensors)))
    let parameters = checkpointParameters
    guard file.names.count == parameters.count else {
      throw DLError(.shapeMismatch, "a checkpoint of \(file.names.count) tensors for a model of \(parameters.count)")
    }
    var values: [Tensor<Float>] = []
    for (name, parameter) in parameters {
      let value: Tensor<Float> = try file.tensor(name)
      guard value.shape == parameter.value.shape else {
        let expected = describe(parameter.value.shape)
        throw DLError(.shapeMismatch, "tensor '\(name)': expected \(expected), found \(describe(value.shape))")
      }
      values.append(value)
    }
    for (parameter, value) in zip(parameters, values) { parameter.parameter.set(value) }
    optimiser.steps = saved.optimiserSteps
    optimiser.learningRate = saved.learningRate
    state = saved.run
  }
}

private func read(_ file: URL) throws(DLError) -> Data {
  do { return try Data(contentsOf: file) } catch { throw DLError(.ioError, "cannot read '\(file.path)'") }
}
