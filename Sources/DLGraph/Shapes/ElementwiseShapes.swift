import KernelTypes

// Shapes of operations that work element by element.

extension ShapeInference {
  func elementwiseFacts(_ op: Op, _ inputs: [Fact?]) throws(DLError) -> [Fact] {
    guard let x = inputs[0]?.type else { return [] }
    switch op {
    case .activation, .dropout:
      try requireFloats(inputs)
      return one(x.dtype, x.dims)
    case .binary(let function):
      guard let y = inputs[1]?.type else { return [] }
      try requireSameType(inputs)
      return one(function.isComparison ? .bool : x.dtype, try broadcast(x, y))
    default: throw DLError(.unsupported, "not supported yet")
    }
  }

  func broadcast(_ a: TensorType, _ b: TensorType) throws(DLError) -> [Dim] {
    let rank = max(a.rank, b.rank)
    var dims: [Dim] = []
    for i in 0..<rank {
      let p: Dim = i < rank - a.rank ? .fixed(1) : a.dims[i - (rank - a.rank)]
      let q: Dim = i < rank - b.rank ? .fixed(1) : b.dims[i - (rank - b.rank)]
      if p == .fixed(1) {
        dims.append(q)
      } else if q == .fixed(1) || p == q {
        dims.append(p)
      } else if p.size != nil && q.size != nil {
        throw DLError(.shapeMismatch, "cannot broadcast \(describe(a, symbols: symbols)) with \(describe(b, symbols: symbols))")
      } else {
        // A size that is fixed and not 1 wins over one that is not known yet.
        dims.append(p.size != nil ? p : q.size != nil ? q : .unknown)
      }
    }
    return dims
  }
}
