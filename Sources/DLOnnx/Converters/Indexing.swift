import DLGraph

/// Operations that select or place elements by index, order or value.
let indexingConverters: [String: Converter] = [
  "Gather": { call in
    [try call.add(.gather(axis: call.int("axis", default: 0)), call.input(0), call.input(1))]
  },
  "GatherElements": { call in
    [try call.add(.gatherElements(axis: call.int("axis", default: 0)), call.input(0), call.input(1))]
  },
  "GatherND": { call in
    [try call.add(.gatherND(batch: call.int("batch_dims", default: 0)), call.input(0), call.input(1))]
  },
  "Scatter": { call in [try call.scatterElements()] },
  "ScatterElements": { call in [try call.scatterElements()] },
  "ScatterND": { call in
    [try call.add(.scatterND(call.scatterReduction()), call.input(0), call.input(1), call.input(2))]
  },
  "TensorScatter": { call in [try call.tensorScatter()] },
  "TopK": { call in
    let op = Op.topK(
      axis: try call.int("axis", default: -1), largest: try call.bool("largest", default: true),
      sorted: try call.bool("sorted", default: true))
    let k = try call.version < 10 ? call.number(call.required(call.int("k"), "k")) : call.input(1)
    return try call.add(op, [call.input(0), k], outputs: 2)
  },
  "Unique": { call in
    let op = Op.unique(axis: try call.int("axis"), sorted: try call.bool("sorted", default: true))
    return try call.add(op, [call.input(0)], outputs: node(call))
  },
  "NonZero": { call in [try call.add(.nonZero, call.input(0))] },
  "Compress": { call in
    [try call.add(.compress(axis: call.int("axis")), call.input(0), call.input(1))]
  },
  "NonMaxSuppression": { call in
    let op = Op.nonMaxSuppression(centres: try call.bool("center_point_box"))
    return [
      try call.add(op, call.input(0), call.input(1), call.optional(2), call.optional(3), call.optional(4))
    ]
  },
]

private func node(_ call: Call) -> Int { max(1, call.node.output.count) }

extension Call {
  fileprivate func scatterReduction() throws -> ScatterReduction {
    try choice("reduction", words(of: ScatterReduction.self), default: "none")
  }

  fileprivate func scatterElements() throws -> Int {
    let op = Op.scatterElements(axis: try int("axis", default: 0), try scatterReduction())
    return try add(op, input(0), input(1), input(2))
  }

  /// Writes slices into a cache [batch, …] along an axis, from a place on that is given for each of the batch.
  fileprivate func tensorScatter() throws -> Int {
    let (cache, update) = (try input(0), try input(1))
    let rank = rank(cache)
    let axis = try resolveAxis(int("axis", default: -2), rank: rank)
    let circular = try choice("mode", ["linear": false, "circular": true], default: "linear")
    let length = try reshape(size(update, axis), [])
    var places = try add(.range, number(0), length, number(1))
    places = try unsqueeze(places, Array(1..<(rank - axis)))
    if let begin = optional(2) {
      places = try binary(.add, places, unsqueeze(cast(begin, .i64), Array(1..<rank)))
    }
    if circular { places = try binary(.modulo, places, size(cache, axis)) }
    return try add(.scatterElements(axis: axis, .replace), cache, add(.expand, places, shape(update)), update)
  }
}
