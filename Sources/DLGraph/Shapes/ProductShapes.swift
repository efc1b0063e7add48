// Shapes of matrix products and distances.

extension ShapeInference {
  func productFacts(_ op: Op, _ inputs: [Fact?]) throws(DLError) -> [Fact] {
    guard let x = inputs[0]?.type else { return [] }
    switch op {
    case .matmul:
      guard let b = inputs[1]?.type else { return [] }
      try requireNumbers(inputs)
      return one(x.dtype, try matmulDims(x, b))
    case .einsum(let equation):
      try requireNumbers(inputs)
      return one(x.dtype, try einsumDims(equation, inputs))
    case .distance:
      guard let b = inputs[1]?.type else { return [] }
      try requireFloats(inputs)
      try requireRank(x, atLeast: 1)
      try requireRank(b, atLeast: 1)
      try require(b.dims[b.rank - 1], x.dims[x.rank - 1], "last axis of b")
      return one(
        x.dtype,
        try broadcast(TensorType(x.dtype, Array(x.dims.dropLast())), TensorType(x.dtype, Array(b.dims.dropLast()))))
    default: return []
    }
  }

  private func requireNumbers(_ inputs: [Fact?]) throws(DLError) {
    for (i, input) in inputs.enumerated() where input == nil { throw DLError(.invalidModel, "input \(i) is absent") }
    try requireSameType(inputs)
    if inputs[0]?.type.dtype == .bool { throw DLError(.typeMismatch, "input 0: expected numbers, found bool") }
  }

  private func matmulDims(_ a: TensorType, _ b: TensorType) throws(DLError) -> [Dim] {
    try requireRank(a, atLeast: 1)
    try requireRank(b, atLeast: 1)
    try require(b.dims[max(0, b.rank - 2)], a.dims[a.rank - 1], "rows of b, against the columns of a")
    var dims = try broadcast(
      TensorType(a.dtype, Array(a.dims.dropLast(2))), TensorType(b.dtype, Array(b.dims.dropLast(2))))
    if a.rank > 1 { dims.append(a.dims[a.rank - 2]) }
    if b.rank > 1 { dims.append(b.dims[b.rank - 1]) }
    return dims
  }

  private func einsumDims(_ equation: Name, _ inputs: [Fact?]) throws(DLError) -> [Dim] {
    let types = inputs.compactMap { $0?.type }
    let einsum = try Einsum(equation, ranks: types.map { $0.rank })
    var loops: [Dim] = []
    for label in einsum.output + einsum.summed {
      var size: Dim = .fixed(1)
      for (i, labels) in einsum.inputs.enumerated() {
        for (axis, other) in labels.enumerated() where other == label {
          size = try broadcast(TensorType(types[i].dtype, [size]), TensorType(types[i].dtype, [types[i].dims[axis]]))[0]
        }
      }
      loops.append(size)
    }
    // The reference counts through all of them.
    if let sizes = TensorType(.f32, loops).sizes, elementCount(sizes) == nil {
      throw DLError(.shapeMismatch, "the number of products overflows")
    }
    return Array(loops[..<einsum.output.count])
  }
}
