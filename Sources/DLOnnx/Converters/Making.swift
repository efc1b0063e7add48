import DLGraph

/// Operations that make tensors.
let makingConverters: [String: Converter] = [
  "Constant": { call in [try call.add(call.constantValue())] },
  "ConstantOfShape": { call in
    let value = try call.tensor("value") ?? Constant([1], [0])
    guard value.count == 1 else { throw DLError(.invalidModel, "value: expected one element, found \(value.count)") }
    let scalar = try Constant(value.dtype, [], value.storage, offset: value.offset)
    return [try call.add(.fill, call.input(0), call.add(scalar))]
  },
  "Shape": { call in
    [try call.shape(call.input(0), from: call.int("start", default: 0), to: call.int("end"))]
  },
  "Size": { call in [try call.add(.size, call.input(0))] },
  "Range": { call in
    call.ignore("stash_type")
    return [try call.add(.range, call.input(0), call.input(1), call.input(2))]
  },
  "OneHot": { call in
    let indices = try call.input(0)
    let depth = try call.add(.reshape([]), call.input(1))
    let places = call.dtype(indices).isFloat ? try call.cast(indices, .i64) : indices
    return [try call.add(.oneHot(axis: call.int("axis", default: -1)), places, call.cast(depth, .i64), call.input(2))]
  },
  "EyeLike": { call in
    let x = try call.input(0)
    let wanted = try call.int("dtype").map { try DLOnnx.dtype(Int32(truncatingIfNeeded: $0)) }
    return [try call.add(.eyeLike(wanted ?? call.dtype(x), k: call.int("k", default: 0)), x)]
  },
  "HannWindow": { call in [try call.cosineWindow([0.5, 0.5])] },
  "HammingWindow": { call in [try call.cosineWindow([25.0 / 46, 21.0 / 46])] },
  "BlackmanWindow": { call in [try call.cosineWindow([0.42, 0.5, 0.08])] },
]

extension Call {
  /// The attribute that a Constant has: a tensor, or numbers.
  fileprivate func constantValue() throws -> Constant {
    if let value = try tensor("value") { return value }
    if let value = try sparseTensor("sparse_value") { return value }
    if let value = try float("value_float") { return try Constant([], [value]) }
    if let values = try floats("value_floats") { return try Constant([values.count], values) }
    if let value = try int("value_int") { return try Constant([], integers: [value]) }
    if let values = try ints("value_ints") { return try Constant([values.count], integers: values) }
    throw DLError(.unsupported, "its value is text, or missing")
  }

  /// Σ (−1)ᵏ · a(k) · cos(2πkn / N) for n below the size, N the size, or one less when the window is symmetric.
  fileprivate func cosineWindow(_ coefficients: [Double]) throws -> Int {
    let wanted = try DLOnnx.dtype(Int32(truncatingIfNeeded: int("output_datatype", default: 1)))
    let periodic = try bool("periodic", default: true)
    let size = try cast(reshape(input(0), []), .f32)
    let places = try add(.range, number(0, .f32), size, number(1, .f32))
    let period = periodic ? size : try binary(.subtract, size, number: 1)
    let angle = try binary(.divide, binary(.multiply, places, number: 2 * Double.pi), period)
    var window = try binary(.add, binary(.multiply, places, number: 0), number: coefficients[0])
    for (k, coefficient) in coefficients.enumerated().dropFirst() {
      let wave = try unary(.cos, binary(.multiply, angle, number: Double(k)))
      window = try binary(.add, window, binary(.multiply, wave, number: k % 2 == 1 ? -coefficient : coefficient))
    }
    return try cast(window, wanted)
  }
}
