import DLGraph
import KernelTypes

/// y = x · scale + shift by channel: a batch norm with constant statistics, or a product or sum with a constant.
struct Affine {
  var scale: [Float]
  var shift: [Float]

  /// inputs: those of a batch norm (x, scale, shift, mean, variance). Nil unless the last four are constants.
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

  /// x op values, or with `isFirst` values op x.
  init?(_ function: BinaryFunction, _ values: [Float], isFirst: Bool) {
    let ones = values.map { _ in Float(1) }
    let zeros = values.map { _ in Float(0) }
    switch function {
    case .add: (scale, shift) = (ones, values)
    case .subtract: (scale, shift) = isFirst ? (ones.map { -$0 }, values) : (ones, values.map { -$0 })
    case .multiply: (scale, shift) = (values, zeros)
    case .divide where !isFirst: (scale, shift) = (values.map { 1 / $0 }, zeros)
    default: return nil
    }
    if !scale.allSatisfy({ $0.isFinite }) { return nil }
  }

  var isShiftless: Bool { shift.allSatisfy { $0 == 0 } }
}

extension Rewriter {
  /// A scale and shift by channel become part of the weights and bias of the layer before, or the scale part of those of the
  /// layer after.
  mutating func foldScale(_ node: Node) throws(DLError) -> Bool {
    // Layers are looked for first: they have no more channels than weights, other tensors may claim any number.
    if followsLayer(node), let (x, affine) = affine(node), isReadOnce(x), let layer = producing(x),
      let weights = try scaledOutputs(layer, affine)
    {
      absorb(node, into: x, inputs: [layer.inputs[0]] + weights)
      return true
    }
    if parameter(node) != nil, let before = producing(node.inputs[0]), let (y, affine) = affine(before),
      affine.isShiftless, let weights = try scaledInputs(node, affine)
    {
      return replace(node, by: node.op, [y, weights] + node.inputs.dropFirst(2))
    }
    return false
  }

  private func followsLayer(_ node: Node) -> Bool {
    for input in node.inputs where input != Node.absent {
      if let layer = producing(input), parameter(layer) != nil { return true }
    }
    return false
  }

  /// What a node scales and shifts by channel, and how.
  private func affine(_ node: Node) -> (x: Int, Affine)? {
    switch node.op {
    case .batchNorm(let epsilon):
      return Affine(graph, node.inputs, epsilon: epsilon).map { (node.inputs[0], $0) }
    case .binary(let function):
      for (i, x) in node.inputs.enumerated() where sameSizes(x, node.outputs[0]) {
        if let values = channelValues(node.inputs[1 - i], type(x)), let affine = Affine(function, values, isFirst: i == 1) {
          return (x, affine)
        }
      }
      return nil
    default: return nil
    }
  }

  /// A constant that holds one number for each channel of x (its second axis), or one for all.
  private func channelValues(_ value: Int, _ x: TensorType) -> [Float]? {
    guard let constant = constant(value), constant.dtype == .f32, x.rank >= 2, constant.sizes.count <= x.rank,
      let channels = x.dims[1].size, constant.count == 1 || constant.count == channels
    else { return nil }
    let values = withExtendedLifetime(constant) { Array(constant.floats) }
    if values.count == 1 { return Array(repeating: values[0], count: channels) }
    let axis = 1 - (x.rank - constant.sizes.count)
    return axis >= 0 && constant.sizes[axis] == channels ? values : nil
  }

  /// Weights and bias of a layer whose outputs are scaled and shifted; nil if it is none, or these are not constant.
  private mutating func scaledOutputs(_ layer: Node, _ affine: Affine) throws(DLError) -> [Int]? {
    guard let weights = parameter(layer) else { return nil }
    let channels = affine.scale.count
    var bias = Array(repeating: Float(0), count: channels)
    if layer.inputs.count > 2 && layer.inputs[2] != Node.absent {
      guard let constant = constant(layer.inputs[2]), constant.count == channels else { return nil }
      bias = withExtendedLifetime(constant) { Array(constant.floats) }
    }
    for c in bias.indices { bias[c] = Float(Double(bias[c]) * Double(affine.scale[c]) + Double(affine.shift[c])) }
    let name = graph.values[layer.inputs[1]].name
    let w: Int
    if affine.scale.allSatisfy({ $0 == 1 }) {
      w = layer.inputs[1]
    } else {
      guard let scaled = try scale(layer.op, weights, affine.scale, outputs: true) else { return nil }
      w = addConstant(name, scaled)
    }
    guard outputChannels(layer.op, weights) == channels else { return nil }
    return [w, addConstant(layer.name, try Constant([channels], bias))]
  }

  /// Weights of a layer whose inputs were scaled.
  private mutating func scaledInputs(_ layer: Node, _ affine: Affine) throws(DLError) -> Int? {
    guard let weights = parameter(layer), let scaled = try scale(layer.op, weights, affine.scale, outputs: false) else {
      return nil
    }
    return addConstant(graph.values[layer.inputs[1]].name, scaled)
  }

  /// The constant weights of a convolution or matrix product.
  private func parameter(_ layer: Node) -> Constant? {
    switch layer.op {
    case .conv, .convTranspose, .gemm(transposeA: false, _): break
    default: return nil
    }
    guard let weights = constant(layer.inputs[1]), weights.dtype == .f32, weights.count > 0, weights.sizes.count >= 2 else {
      return nil
    }
    return weights
  }

  private func outputChannels(_ op: Op, _ weights: Constant) -> Int {
    switch op {
    case .gemm(_, transposeB: false): weights.sizes[1]
    case .convTranspose(_, let groups, _): weights.sizes[1] * groups
    default: weights.sizes[0]
    }
  }

  /// The weights, each scaled by the number of its output or input channel; nil if these are not as many.
  private func scale(_ op: Op, _ weights: Constant, _ factors: [Float], outputs: Bool) throws(DLError) -> Constant? {
    let rows = weights.sizes[0]
    let columns = weights.sizes[1]
    let inner = weights.sizes[2...].reduce(1, *)
    var groups = 1
    var byRow = outputs
    switch op {
    case .conv(_, let g): groups = g
    case .convTranspose(_, let g, _):
      groups = g
      byRow = !outputs
    case .gemm(_, let transposeB): byRow = outputs == transposeB
    default: return nil
    }
    guard factors.count == (byRow ? rows : columns * groups) else { return nil }
    var scaled = withExtendedLifetime(weights) { Array(weights.floats) }
    let rowsPerGroup = rows / groups
    for row in 0..<rows {
      for column in 0..<columns {
        let factor = factors[byRow ? row : row / rowsPerGroup * columns + column]
        let start = (row * columns + column) * inner
        for i in start..<start + inner { scaled[i] *= factor }
      }
    }
    return try Constant(weights.sizes, scaled)
  }
}
