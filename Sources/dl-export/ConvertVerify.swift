import DLGraph
import DLOnnx
import DLRuntime
import Foundation

/// Runs a file that has been written and compares its outputs with what they should be.
struct Verification {
  /// Inputs, and outputs that are expected for them, by the names of the model or in its order.
  struct TestCase {
    var title: String
    var inputs: [(name: String, value: Constant)]
    var expected: [(name: String, value: Constant)]
  }

  let onnx: String
  let file: String
  /// Inputs of the ONNX model that the file has as constants.
  private let constants: [(name: String, value: Constant)]
  private let model: Model
  /// An error above this part of the largest expected element is a failure.
  static let tolerance = 1e-3

  init(onnx: String, file: String, constants: [(name: String, value: Constant)]) throws {
    self.onnx = onnx
    self.file = file
    self.constants = constants
    model = try Model(.mapping(file))
  }

  /// Prints the errors of every output. Returns whether all are within the tolerance.
  func run(_ cases: [TestCase]) throws -> Bool {
    var good = true
    for test in cases {
      let found = try outputs(of: test)
      if !test.expected.isEmpty { good = compare(found, test.expected, "\(test.title), against its outputs") && good }
      let names = test.inputs.enumerated().map { i, input in
        (i < model.graph.inputs.count ? model.inputName(i).description : input.name, input.value)
      }
      if let peer = try Peer.run(onnx, names + constants, outputs: found.map(\.name)) {
        good = compare(found, peer, "\(test.title), against onnxruntime") && good
      } else if test.expected.isEmpty {
        print("verify: \(test.title): it runs; the Python package onnxruntime is not there to compare with")
      }
    }
    return good
  }

  private func outputs(of test: TestCase) throws -> [(name: String, value: Constant)] {
    let session = Session(model, pool: try ThreadPool(threads: 1))
    for index in model.graph.inputs.indices {
      let name = model.inputName(index).description
      guard let input = test.inputs.first(where: { $0.name == name }) ?? (index < test.inputs.count ? test.inputs[index] : nil)
      else { throw DLError(.notFound, "\(test.title) has no input '\(name)'") }
      let value = input.value
      try withExtendedLifetime(value.storage) { try session.setInput(index, value.dtype, value.sizes, value.bytes) }
    }
    try session.run()
    return try model.graph.outputs.indices.map { index in
      let output = try session.output(index)
      return (model.outputName(index).description, try Constant(output.dtype, output.sizes, .copy(output.data)))
    }
  }

  private func compare(
    _ found: [(name: String, value: Constant)], _ expected: [(name: String, value: Constant)], _ title: String
  ) -> Bool {
    print("verify: \(title)")
    var good = true
    for (index, output) in found.enumerated() {
      let type = "\(describe(output.value.type))"
      guard let wanted = wanted(output.name, index, expected) else {
        print("  \(output.name)  \(type)  has nothing to compare with")
        continue
      }
      guard output.value.sizes == wanted.value.sizes else {
        print("  \(output.name)  \(type), expected \(describe(wanted.value.type))  DIFFERS")
        good = false
        continue
      }
      let error = Difference(output.value, wanted.value)
      let close = error.relative <= Verification.tolerance
      print(
        "  \(output.name)  \(type)  max absolute error \(short(error.absolute)), "
          + "relative to the largest element \(short(error.relative))"
          + (close ? "" : "  DIFFERS"))
      good = good && close
    }
    return good
  }

  /// What is expected of an output: by its name, or by its place where names say nothing.
  private func wanted(
    _ name: String, _ index: Int, _ expected: [(name: String, value: Constant)]
  ) -> (name: String, value: Constant)? {
    if let known = expected.first(where: { $0.name == name }) { return known }
    let names = Set(model.graph.outputs.map { model.graph.values[$0].name.description })
    return index < expected.count && !names.contains(expected[index].name) ? expected[index] : nil
  }

  // MARK: - cases

  /// Free sizes are 1.
  func random() throws -> TestCase {
    let inputs = try model.randomInputs(sizes: model.graph.inputs.indices.map { model.inputType($0).dims.map { $0.size ?? 1 } })
    let names = model.graph.inputs.indices.map { model.inputName($0).description }
    return TestCase(title: "random input", inputs: Array(zip(names, inputs)), expected: [])
  }

  /// The cases of a folder: input_0.pb, output_0.pb…, in it or in its folders test_data_set_0…, as ONNX's test data are, and .npz
  /// files of arrays under the names of inputs and outputs.
  func cases(in folder: String) throws -> [TestCase] {
    var cases: [TestCase] = []
    let names = try list(folder)
    for name in [""] + names.filter({ $0.hasPrefix("test_data_set_") }) {
      let path = name.isEmpty ? folder : folder + "/" + name
      let inputs = try tensors(path, "input")
      if !inputs.isEmpty { cases.append(TestCase(title: "'\(path)'", inputs: inputs, expected: try tensors(path, "output"))) }
    }
    for name in names where name.hasSuffix(".npz") {
      let path = folder + "/" + name
      let arrays = try arrays(path)
      let outputs = Set(model.graph.outputs.map { model.graph.values[$0].name.description })
      cases.append(
        TestCase(
          title: "'\(path)'", inputs: arrays.filter { !outputs.contains($0.name) }.map { ($0.name, $0.array) },
          expected: arrays.filter { outputs.contains($0.name) }.map { ($0.name, $0.array) }))
    }
    if cases.isEmpty { throw DLError(.notFound, "'\(folder)' has no input_0.pb, test_data_set_0 or .npz file") }
    return cases
  }

  private func arrays(_ path: String) throws -> [(name: String, array: Constant)] {
    let file = try Storage.mapping(path)
    do {
      return try NumpyFile.read(archive: Array(UnsafeRawBufferPointer(start: file.base, count: file.byteCount)))
    } catch { throw error.at("'\(path)'") }
  }

  private func tensors(_ folder: String, _ kind: String) throws -> [(name: String, value: Constant)] {
    var tensors: [(String, Constant)] = []
    while access("\(folder)/\(kind)_\(tensors.count).pb", F_OK) == 0 {
      let tensor = try readTensor("\(folder)/\(kind)_\(tensors.count).pb")
      tensors.append((tensor.name, tensor.value))
    }
    return tensors
  }

  private func list(_ folder: String) throws -> [String] {
    guard let directory = opendir(folder) else { throw DLError(.ioError, "cannot open the folder '\(folder)'") }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names.sorted()
  }
}

private func short(_ error: Double) -> String { String(format: "%.2g", error) }

/// How far two tensors of one shape are from each other.
struct Difference {
  private(set) var absolute = 0.0
  /// The absolute error by the largest expected magnitude.
  private(set) var relative = 0.0

  init(_ found: Constant, _ expected: Constant) {
    var largest = 0.0
    withExtendedLifetime((found.storage, expected.storage)) {
      let (a, b) = (TensorBuffer(found), TensorBuffer(expected))
      for i in 0..<found.count {
        let (x, y) = (a.real(i), b.real(i))
        if x == y || x.isNaN && y.isNaN { continue }
        let error = abs(x - y)
        absolute = error.isNaN ? .infinity : max(absolute, error)
      }
      for i in 0..<expected.count where b.real(i).isFinite { largest = max(largest, abs(b.real(i))) }
    }
    relative = absolute == 0 ? 0 : absolute / largest
  }
}
