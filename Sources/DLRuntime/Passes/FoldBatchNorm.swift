import DLGraph
import KernelTypes

/// scale and shift of a batch norm with constant statistics: y = x · scale + shift, by channel.
struct Affine {
  var scale: [Float]
  var shift: [Float]

  /// inputs: those of the node (x, scale, shift, mean, variance). Nil unless the last four are constants.
  init?(_ graph: Graph, _ inputs: [Int], epsilon: Float) {
    let parameters = inputs.dropFirst().compactMap { graph.values[$0].constant }.filter { $0.dtype == .f32 }
      .map { $0.floats }
    guard parameters.count == 4, parameters.allSatisfy({ $0.count == parameters[0].count }) else { return nil }
    scale = []
    shift = []
    for c in parameters[0].indices {
      // In double: the fold must not add an error of its own.
      let factor = Double(parameters[0][c]) / (Double(parameters[3][c]) + Double(epsilon)).squareRoot()
      scale.append(Float(factor))
      shift.append(Float(Double(parameters[1][c]) - Double(parameters[2][c]) * factor))
    }
  }
}

/// A batch norm whose input comes from a convolution or a fully connected layer that nobody else reads becomes part of
/// that layer's weights and bias.
func foldBatchNorm(_ graph: inout Graph) throws(DLError) {
  let uses = countUses(graph)
  var producer: [Int?] = graph.values.map { _ in nil }
  var kept: [Int] = []
  for n in graph.nodes.indices {
    let node = graph.nodes[n]
    if case .batchNorm(let epsilon) = node.op, let p = producer[node.inputs[0]], uses[node.inputs[0]] == 1,
      let affine = Affine(graph, node.inputs, epsilon: epsilon), try fold(affine, into: p, &graph)
    {
      graph.nodes[p].outputs = node.outputs
      producer[node.outputs[0]] = p
    } else {
      for output in node.outputs where output != Node.absent { producer[output] = n }
      kept.append(n)
    }
  }
  graph.nodes = kept.map { graph.nodes[$0] }
}

/// False when the node is none whose outputs are scaled by its weights, or its weights are not constant.
private func fold(_ affine: Affine, into n: Int, _ graph: inout Graph) throws(DLError) -> Bool {
  let node = graph.nodes[n]
  let weightsByRow: Bool
  switch node.op {
  case .conv: weightsByRow = true
  case .gemm(_, let transposeB): weightsByRow = transposeB
  default: return false
  }
  guard let weights = graph.values[node.inputs[1]].constant, weights.dtype == .f32, let first = weights.sizes.first,
    let last = weights.sizes.last, weights.count > 0
  else { return false }
  let channels = weightsByRow ? first : last
  guard channels == affine.scale.count else { return false }
  var bias = Array(repeating: Float(0), count: channels)
  if node.inputs.count == 3 && node.inputs[2] != Node.absent {
    guard let constant = graph.values[node.inputs[2]].constant else { return false }
    bias = Array(constant.floats)
  }
  var scaled = Array(weights.floats)
  let perChannel = weights.count / channels
  for i in scaled.indices { scaled[i] *= affine.scale[weightsByRow ? i / perChannel : i % channels] }
  for c in bias.indices { bias[c] = Float(Double(bias[c]) * Double(affine.scale[c]) + Double(affine.shift[c])) }
  let w = graph.addConstant(graph.values[node.inputs[1]].name, try Constant(weights.sizes, scaled))
  let b = graph.addConstant(node.name, try Constant([channels], bias))
  graph.nodes[n].inputs = [node.inputs[0], w, b]
  return true
}
