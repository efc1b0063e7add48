import DLGraph

/// Losses, which some models compute beside their answer.
let lossConverters: [String: Converter] = [
  "NegativeLogLikelihoodLoss": { call in
    [try call.negativeLogLikelihood(call.input(0), call.input(1), weights: call.optional(2))]
  },
  "SoftmaxCrossEntropyLoss": { call in
    let logits = try call.add(.logSoftmax(axis: 1), call.input(0))
    return [try call.negativeLogLikelihood(logits, call.input(1), weights: call.optional(2)), logits]
  },
]

extension Call {
  /// −x[n, target, …] · weight of the target, for log-probabilities x [N, C, …] and targets [N, …]; their sum, their mean over
  /// the weights, or each.
  fileprivate func negativeLogLikelihood(_ x: Int, _ target: Int, weights: Int?) throws -> Int {
    let reduction = try string("reduction", default: "mean")
    let ignored = try int("ignore_index")
    let classes = try cast(target, .i64)
    // A target that is ignored may be no class at all: it reads class 0, with weight 0.
    let isIgnored = try ignored.map { index in try binary(.equal, classes, number(index)) }
    let safe = try isIgnored.map { mask in try add(.select, mask, number(0), classes) } ?? classes
    let picked = try add(.gatherElements(axis: 1), x, unsqueeze(safe, [1]))
    var loss = try unary(.negate, add(.squeeze([1]), picked))
    var weight = try weights.map { weights in try add(.gather(axis: 0), weights, safe) }
    if let isIgnored {
      let one = try weight ?? number(1, dtype(x))
      weight = try add(.select, isIgnored, number(0, dtype(x)), one)
    }
    if let weight { loss = try binary(.multiply, loss, weight) }
    let sum = Op.reduce(.sum, axes: [], keepsAxes: false, noAxesIsIdentity: false)
    switch reduction {
    case "none": return loss
    case "sum": return try add(sum, loss)
    case "mean":
      guard let weight else { return try add(.reduce(.mean, axes: [], keepsAxes: false, noAxesIsIdentity: false), loss) }
      return try binary(.divide, add(sum, loss), add(sum, weight))
    default: throw DLError(.unsupported, "reduction '\(reduction)'")
    }
  }
}
