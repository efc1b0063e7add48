import DLGraph

/// Operations that bring elements to a common scale.
let normalisationConverters: [String: Converter] = [
  "Softmax": { call in [try call.alongAxis { .softmax(axis: $0) }] },
  "LogSoftmax": { call in [try call.alongAxis { .logSoftmax(axis: $0) }] },
  "Hardmax": { call in [try call.alongAxis { .hardmax(axis: $0) }] },
  "BatchNormalization": { call in try call.batchNorm() },
  "InstanceNormalization": { call in
    call.ignore("consumed_inputs")
    return [
      try call.add(
        .instanceNorm(epsilon: call.float("epsilon", default: 1e-5)), call.input(0), call.input(1), call.input(2))
    ]
  },
  "GroupNormalization": { call in [try call.groupNorm()] },
  "LayerNormalization": { call in
    call.ignore("stash_type")
    let op = Op.layerNorm(axis: try call.int("axis", default: -1), epsilon: try call.float("epsilon", default: 1e-5))
    return try call.add(op, [call.input(0), call.input(1), call.optional(2)], outputs: max(1, call.node.output.count))
  },
  "RMSNormalization": { call in
    call.ignore("stash_type")
    let op = Op.rmsNorm(axis: try call.int("axis", default: -1), epsilon: try call.float("epsilon", default: 1e-5))
    return [try call.add(op, call.input(0), call.input(1))]
  },
  "LpNormalization": { call in
    [try call.add(.lpNormalise(axis: call.int("axis", default: -1), p: call.int("p", default: 2)), call.input(0))]
  },
  "LRN": { call in
    let norm = Op.localResponseNorm(
      size: try call.required(call.int("size"), "size"), alpha: try call.float("alpha", default: 1e-4),
      beta: try call.float("beta", default: 0.75), bias: try call.float("bias", default: 1))
    return [try call.add(norm, call.input(0))]
  },
  "MeanVarianceNormalization": { call in
    let x = try call.input(0)
    let axes = try call.ints("axes") ?? [0, 2, 3]
    let centred = try call.binary(.subtract, x, call.reduce(.mean, x, axes: axes))
    let variance = try call.reduce(.mean, call.binary(.multiply, centred, centred), axes: axes)
    return [try call.binary(.divide, centred, call.binary(.add, call.unary(.sqrt, variance), number: 1e-9))]
  },
]

extension Call {
  /// An operation along one axis. Before version 13 all dimensions from the axis on were taken as one.
  fileprivate func alongAxis(_ op: (Int) -> Op) throws -> Int {
    let x = try input(0)
    if version >= 13 { return try add(op(int("axis", default: -1)), x) }
    let axis = try resolveAxis(int("axis", default: 1), rank: rank(x))
    if axis == rank(x) - 1 { return try add(op(axis), x) }
    let rows = try add(op(1), add(.flatten(axis: axis), x))
    return try reshape(rows, to: shape(x), zeroIsSize: true)
  }

  fileprivate func batchNorm() throws -> [Int] {
    ignore("consumed_inputs")
    let epsilon = try float("epsilon", default: 1e-5)
    let momentum = try float("momentum", default: 0.9)
    if try version < 9 && !bool("spatial", default: true) { throw DLError(.unsupported, "spatial 0") }
    if version < 7 { _ = try int("is_test") }
    if try bool("training_mode") { return try trainingNorm(epsilon, momentum) }
    return [try add(.batchNorm(epsilon: epsilon), input(0), input(1), input(2), input(3), input(4))]
  }

  /// With the statistics of the batch, and running ones that move towards them.
  private func trainingNorm(_ epsilon: Float, _ momentum: Float) throws -> [Int] {
    let x = try input(0)
    let axes = [0] + Array(2..<max(2, rank(x)))
    let mean = try reduce(.mean, x, axes: axes, keepsAxes: false)
    let perChannel = Array(1..<max(1, rank(x) - 1))
    let centred = try binary(.subtract, x, unsqueeze(mean, perChannel))
    let variance = try reduce(.mean, binary(.multiply, centred, centred), axes: axes, keepsAxes: false)
    let y = try add(.batchNorm(epsilon: epsilon), x, input(1), input(2), mean, variance)
    func running(_ old: Int, _ new: Int) throws -> Int {
      try binary(
        .add, binary(.multiply, old, number: Double(momentum)),
        binary(.multiply, cast(new, dtype(old)), number: 1 - Double(momentum)))
    }
    return [y, try running(input(3), mean), try running(input(4), variance)]
  }

  /// Before version 21 scale and shift were one number a group, since then one a channel.
  fileprivate func groupNorm() throws -> Int {
    ignore("stash_type")
    let x = try input(0)
    let groups = try required(int("num_groups"), "num_groups")
    let op = Op.groupNorm(groups: groups, epsilon: try float("epsilon", default: 1e-5))
    guard version < 21 else { return try add(op, x, input(1), input(2)) }
    guard let channels = type(x).dims.dropFirst().first?.size, groups > 0 else {
      throw DLError(.unsupported, "a free number of channels; --shape can give it")
    }
    func perChannel(_ parameter: Int) throws -> Int {
      let repeated = try add(.expand, unsqueeze(parameter, [1]), numbers([groups, channels / groups]))
      return try reshape(repeated, [channels])
    }
    return try add(op, x, perChannel(input(1)), perChannel(input(2)))
  }
}
