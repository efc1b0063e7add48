// Shapes of normalisations.

extension ShapeInference {
  func normFacts(_ op: Op, _ inputs: [Fact?], outputs: Int) throws(DLError) -> [Fact] {
    guard let x = inputs[0]?.type else { return [] }
    try requireFloats(inputs)
    switch op {
    case .softmax(let axis), .logSoftmax(let axis), .hardmax(let axis):
      _ = try resolveAxis(axis, rank: x.rank)
      return one(x.dtype, x.dims)
    case .localResponseNorm(let size, let alpha, let beta, let bias):
      try requireRank(x, atLeast: 3)
      guard alpha >= 0, beta >= 0, bias > 0, alpha.isFinite, beta.isFinite, bias.isFinite else {
        // What is raised to the power −beta must not be negative or zero.
        throw DLError(
          .invalidModel,
          "expected alpha and beta of 0 or more and a bias above 0, found \(Double(alpha)), \(Double(beta)), \(Double(bias))")
      }
      guard 1...Int(Int32.max) ~= size else { throw DLError(.invalidModel, "size: expected 1 to \(Int32.max), found \(size)") }
      return one(x.dtype, x.dims)
    case .batchNorm:
      try requireRank(x, atLeast: 2)
      try requireChannels(x, inputs)
      return one(x.dtype, x.dims)
    case .instanceNorm:
      try requireRank(x, atLeast: 2)
      try requireChannels(x, inputs)
      return one(x.dtype, x.dims)
    case .groupNorm(let groups, _):
      try requireRank(x, atLeast: 2)
      try requireChannels(x, inputs)
      guard groups > 0, (x.dims[1].size ?? groups) % groups == 0 else {
        throw DLError(
          .shapeMismatch, "groups: expected a divisor of the channels of \(describe(x, symbols: symbols)), found \(groups)")
      }
      return one(x.dtype, x.dims)
    case .layerNorm(let axis, _):
      try requireBroadcast(to: x, inputs)
      let axis = try resolveAxis(axis, rank: x.rank)
      var facts = one(x.dtype, x.dims)
      // Statistics of short floats would lose what they are for.
      let statistics = TensorType(x.dtype == .f64 ? .f64 : .f32, x.dims.indices.map { $0 < axis ? x.dims[$0] : .fixed(1) })
      while facts.count < outputs { facts.append(Fact(statistics)) }
      return facts
    case .rmsNorm(let axis, _):
      try requireBroadcast(to: x, inputs)
      _ = try resolveAxis(axis, rank: x.rank)
      return one(x.dtype, x.dims)
    case .lpNormalise(let axis, let p):
      _ = try resolveAxis(axis, rank: x.rank)
      guard p == 1 || p == 2 else { throw DLError(.invalidModel, "p: expected 1 or 2, found \(p)") }
      return one(x.dtype, x.dims)
    default: return []
    }
  }

  /// The inputs after x broadcast to the shape of x.
  private func requireBroadcast(to x: TensorType, _ inputs: [Fact?]) throws(DLError) {
    for i in 1..<inputs.count {
      guard let parameter = inputs[i]?.type else { continue }
      let dims = try broadcast(x, parameter)
      var fits = dims.count == x.rank
      for (dim, own) in zip(dims, x.dims) { if let n = own.size, dim.size != n { fits = false } }
      guard fits else {
        throw DLError(
          .shapeMismatch,
          "input \(i): expected a shape that broadcasts to \(describe(x, symbols: symbols)), found \(describe(parameter, symbols: symbols))"
        )
      }
    }
  }

  /// The inputs after x have one element for each channel.
  func requireChannels(_ x: TensorType, _ inputs: [Fact?]) throws(DLError) {
    // Where x leaves the channels open, the parameters must still agree among themselves.
    var channels = x.dims[1]
    for i in 1..<inputs.count {
      guard let parameter = inputs[i]?.type else { continue }
      try require(parameter, [channels], "input \(i)")
      if channels.size == nil { channels = parameter.dims[0] }
    }
  }
}
