import DLGraph

/// The bytes of constants that loading may compute: sixteen megabytes, and four for each byte of the model's own constants, so
/// that weights of sixteen bits may be widened.
func foldingBudget(_ graph: Graph) -> Int {
  var bytes = 16 << 20
  for value in graph.values {
    let own = value.constant.map { $0.count * $0.dtype.size } ?? 0
    bytes += min(own, (Int.max - bytes) / 4) * 4
  }
  return bytes
}

/// Results of up to this many bytes are computed however small the inputs are.
private let alwaysFolded = 1 << 16

extension Rewriter {
  /// Computes a node whose inputs are all constant, or whose results are known from sizes.
  mutating func foldConstants(_ node: Node) -> Bool {
    var inputs: [Fact?] = []
    var inputBytes = 0
    for input in node.inputs {
      guard input != Node.absent else {
        inputs.append(nil)
        continue
      }
      guard let constant = constant(input) else { return false }
      inputBytes += constant.count * constant.dtype.size
      inputs.append(Fact(constant))
    }
    let limit = min(budget, max(alwaysFolded, inputBytes > Int.max / 4 ? Int.max : inputBytes * 4))
    // What cannot be computed, such as an index out of range, says so when it is run.
    guard let facts = try? inferFacts(of: node.op, inputs, outputs: node.outputs.count),
      let results = try? fold(node.op, inputs, facts, limit: limit)
    else { return false }
    for (output, constant) in zip(node.outputs, results) where output != Node.absent {
      budget -= constant.count * constant.dtype.size
      replace(output, by: addConstant(graph.values[output].name, constant))
    }
    return true
  }
}
