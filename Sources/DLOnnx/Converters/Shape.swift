import DLGraph

/// Operations that move elements, or make them.
let shapeConverters: [String: Converter] = [
  "Concat": { call throws(DLError) in [try call.add(.concat(axis: call.int("axis", default: 1)), call.allInputs())] },
  "Flatten": { call throws(DLError) in
    let x = try call.input(0)
    let axis = try call.int("axis", default: 1)
    return [try call.add(.flatten(axis: axis < 0 ? axis + call.rank(x) : axis), x)]
  },
  "Reshape": { call throws(DLError) in
    let sizes = try call.version < 5 ? call.ints("shape") : call.integers(1, "shape")
    if try call.bool("allowzero"), sizes?.contains(0) == true { throw DLError(.unsupported, "allowzero with a size of 0") }
    return [try call.add(.reshape(call.required(sizes, "shape")), call.input(0))]
  },
  "Constant": { call throws(DLError) in [call.add(try call.constantValue())] },
]

extension Call {
  /// The attribute that a Constant has: a tensor, or numbers.
  fileprivate func constantValue() throws(DLError) -> Constant {
    if let value = try tensor("value") { return value }
    if let value = try sparseTensor("sparse_value") { return value }
    if let value = try float("value_float") { return try Constant([], [value]) }
    if let values = try floats("value_floats") { return try Constant([values.count], values) }
    if let value = try int("value_int") { return try Constant([], integers: [value]) }
    if let values = try ints("value_ints") { return try Constant([values.count], integers: values) }
    throw DLError(.unsupported, "its value is text, or missing")
  }
}

extension Constant {
  /// An i64 constant.
  init(_ sizes: [Int], integers: [Int]) throws(DLError) {
    let storage = try Storage.allocate(integers.count * 8) { memory in
      for (i, n) in integers.enumerated() { memory.storeBytes(of: Int64(n), toByteOffset: i * 8, as: Int64.self) }
    }
    try self.init(.i64, sizes, storage)
  }
}
