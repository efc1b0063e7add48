import DLGraph
import DLRuntime

extension Model {
  /// Floats in [−1, 1), integers 0, truth values true; the same in every call.
  func randomInputs(sizes: [[Int]]) throws(DLError) -> [Constant] {
    var generator = SplitMix64(1)
    var inputs: [Constant] = []
    for (index, sizes) in sizes.enumerated() {
      let dtype = inputType(index).dtype
      guard let count = elementCount(sizes), let bytes = byteCount(dtype, sizes) else {
        throw DLError(.shapeMismatch, "input \(inputName(index).quoted): \(describe(sizes)) is larger than memory can be")
      }
      let storage = try Storage.allocate(bytes) { memory in
        guard let base = memory.baseAddress else { return }
        let buffer = TensorBuffer(base, dtype, sizes)
        for i in 0..<count { buffer.setReal(i, dtype.isFloat ? Double(generator.unit()) : dtype == .bool ? 1 : 0) }
      }
      inputs.append(try Constant(dtype, sizes, storage))
    }
    return inputs
  }
}

extension Session {
  func setInputs(_ inputs: [Constant]) throws(DLError) {
    for (index, input) in inputs.enumerated() { try setInput(index, input.dtype, input.sizes, input.bytes) }
  }
}
