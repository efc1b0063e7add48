import DLGraph
import KernelTypes

/// Operations that make one number of many, or running ones.
let reductionConverters: [String: Converter] =
  words(of: Reduction.self).mapValues { reduction -> Converter in { call in [try call.reduce(reduction)] } }
  .merging([
    "ArgMax": { call in [try call.extremum { .argMax(axis: $0, keepsAxis: $1, last: $2) }] },
    "ArgMin": { call in [try call.extremum { .argMin(axis: $0, keepsAxis: $1, last: $2) }] },
    "CumSum": { call in
      let op = Op.cumulativeSum(exclusive: try call.bool("exclusive"), reverse: try call.bool("reverse"))
      return [try call.add(op, call.input(0), call.reshape(call.input(1), []))]
    },
    "CumProd": { call in [try call.cumulativeProduct()] },
  ]) { first, _ in first }

extension Call {
  /// Axes are an attribute before version 18 (sums: 13), an input from then on.
  fileprivate func reduce(_ reduction: Reduction) throws -> Int {
    let x = try input(0)
    let keepsAxes = try bool("keepdims", default: true)
    let identity = try bool("noop_with_empty_axes")
    let given = version >= (reduction == .sum ? 13 : 18) ? optional(1) : nil
    let axes = try ints("axes") ?? given.flatMap(known) ?? []
    let op = Op.reduce(reduction, axes: axes, keepsAxes: keepsAxes, noAxesIsIdentity: identity)
    return try add(op, x, axes.isEmpty && given.flatMap(known) == nil ? given : nil)
  }

  fileprivate func extremum(_ op: (Int, Bool, Bool) -> Op) throws -> Int {
    try add(op(int("axis", default: 0), bool("keepdims", default: true), bool("select_last_index")), input(0))
  }

  /// Each step multiplies with what is 1, 2, 4… places before (Hillis and Steele 1986).
  fileprivate func cumulativeProduct() throws -> Int {
    var x = try input(0)
    let (exclusive, reverse) = (try bool("exclusive"), try bool("reverse"))
    // Of a single axis nothing need be known.
    let axis = try rank(x) == 1 ? 0 : required(knownIntegers(1, "axis")?.first, "axis")
    let along = try resolveAxis(axis, rank: rank(x))
    guard let size = type(x).dims[along].size else { throw DLError(.unsupported, "a free size; --shape can give it") }
    if exclusive { x = try shifted(x, along, by: 1, size, reverse) }
    for bit in 0..<(size > 1 ? Int.bitWidth - (size - 1).leadingZeroBitCount : 0) {
      x = try binary(.multiply, x, shifted(x, along, by: 1 << bit, size, reverse))
    }
    return x
  }

  /// x moved along an axis, with ones where nothing comes from.
  private func shifted(_ x: Int, _ axis: Int, by step: Int, _ size: Int, _ reverse: Bool) throws -> Int {
    let kept = try reverse ? slice(x, axis: axis, step, size) : slice(x, axis: axis, 0, max(0, size - step))
    let missing = min(step, size)
    return try add(
      .pad(.constant), kept, numbers(reverse ? [0, missing] : [missing, 0]), number(1, dtype(x)), numbers([axis]))
  }
}
