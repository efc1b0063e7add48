import DLGraph

/// Operations that bring elements to a common scale.
let normalisationConverters: [String: Converter] = [
  "Softmax": { call throws(DLError) in
    let x = try call.input(0)
    if call.version >= 13 { return [try call.add(.softmax(axis: call.int("axis", default: -1)), x)] }
    // Before version 13 all dimensions from the axis on were taken as one.
    let axis = try resolveAxis(call.int("axis", default: 1), rank: call.rank(x))
    if axis == call.rank(x) - 1 { return [try call.add(.softmax(axis: axis), x)] }
    guard let sizes = call.type(x).sizes else {
      throw DLError(.unsupported, "an axis before the last, of free sizes; --shape can give them")
    }
    let rows = try call.add(.softmax(axis: 1), call.add(.flatten(axis: axis), x))
    return [try call.add(.reshape(sizes), rows)]
  },
  "BatchNormalization": { call throws(DLError) in
    call.ignore("momentum", "consumed_inputs", "is_test")
    if try call.bool("training_mode") { throw DLError(.unsupported, "training mode") }
    if try !call.bool("spatial", default: true) { throw DLError(.unsupported, "spatial 0") }
    return [try call.add(.batchNorm(epsilon: call.float("epsilon", default: 1e-5)), call.allInputs())]
  },
  "LRN": { call throws(DLError) in
    let norm = Op.localResponseNorm(
      size: try call.required(call.int("size"), "size"), alpha: try call.float("alpha", default: 1e-4),
      beta: try call.float("beta", default: 0.75), bias: try call.float("bias", default: 1))
    return [try call.add(norm, call.input(0))]
  },
]
