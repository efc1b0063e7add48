// Shapes of normalisations.

extension ShapeInference {
  func normFacts(_ op: Op, _ inputs: [Fact?], outputs: Int) throws(DLError) -> [Fact] {
    guard let x = inputs[0]?.type else { return [] }
    try requireFloats(inputs)
    switch op {
    case .softmax(let axis):
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
    default: throw DLError(.unsupported, "not supported yet")
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
