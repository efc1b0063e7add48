import ArgumentParser
import DLGraph

enum WeightType: String, ExpressibleByArgument, CaseIterable {
  case f32, f16, bf16

  var dtype: DType {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    }
  }
}

/// Constants of fewer elements stay as they are: there is nothing to save.
private let fewestElements = 64

extension Graph {
  /// Stores floating-point constants as another type, which is widened (or narrowed) to their own when the model is loaded.
  /// Numbers beyond the range of f16 keep their constant in f32.
  mutating func storeWeights(as wanted: WeightType) throws(DLError) {
    var casts: [Node] = []
    for index in values.indices {
      guard let constant = values[index].constant, constant.dtype.isFloat, constant.dtype.size > wanted.dtype.size,
        constant.count >= fewestElements, let narrowed = try constant.converted(to: wanted.dtype)
      else { continue }
      let name = values[index].name
      values[index].constant = nil
      let stored = addConstant(name.isEmpty ? "" : Name("\(name)/\(wanted.rawValue)"), narrowed)
      casts.append(Node(name: name, op: .cast(constant.dtype), inputs: [stored], outputs: [index]))
    }
    nodes = casts + nodes
  }
}

extension Constant {
  /// The nearest numbers of another floating-point type; nil if one is beyond its range.
  fileprivate func converted(to other: DType) throws(DLError) -> Constant? {
    var fits = true
    let (source, count) = (TensorBuffer(self), count)
    let storage = try Storage.allocate(count * other.size) { memory in
      guard let base = memory.baseAddress else { return }
      let target = TensorBuffer(base, other, sizes)
      withExtendedLifetime(self.storage) {
        for i in 0..<count {
          let number = source.real(i)
          target.setReal(i, number)
          if number.isFinite && !target.real(i).isFinite { fits = false }
        }
      }
    }
    return fits ? try Constant(other, sizes, storage) : nil
  }
}
