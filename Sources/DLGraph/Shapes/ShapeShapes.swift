// Shapes of operations that move elements and change none.

extension ShapeInference {
  func shapeFacts(_ op: Op, _ inputs: [Fact?], outputs: Int) throws(DLError) -> [Fact] {
    guard let fact = inputs[0] else { return [] }
    let x = fact.type
    switch op {
    case .concat(let axis):
      try requireSameType(inputs)
      return one(x.dtype, try concatDims(axis, inputs.compactMap { $0?.type }))
    case .flatten(let axis):
      guard axis >= -x.rank, axis <= x.rank else {
        throw DLError(.invalidModel, "axis: expected 0 to \(x.rank), found \(axis)")
      }
      let front = axis < 0 ? axis + x.rank : axis
      return one(x.dtype, [try product(x.dims[..<front]), try product(x.dims[front...])])
    case .reshape(let sizes, let zeroIsSize):
      return one(x.dtype, try reshapeDims(sizes, zeroIsSize: zeroIsSize, x))
    default: throw DLError(.unsupported, "not supported yet")
    }
  }

  func concatDims(_ axis: Int, _ inputs: [TensorType]) throws(DLError) -> [Dim] {
    let axis = try resolveAxis(axis, rank: inputs[0].rank)
    var dims = inputs[0].dims
    for (i, input) in inputs.enumerated().dropFirst() {
      guard input.rank == dims.count else {
        throw DLError(.shapeMismatch, "input \(i): expected rank \(dims.count), found \(describe(input, symbols: symbols))")
      }
      for d in 0..<dims.count where d != axis {
        try require(input.dims[d], dims[d], "input \(i), dimension \(d)")
        if dims[d].size == nil { dims[d] = input.dims[d] }
      }
      dims[axis] = try sum(dims[axis], input.dims[axis])
    }
    return dims
  }

  func reshapeDims(_ sizes: [Int], zeroIsSize: Bool, _ x: TensorType) throws(DLError) -> [Dim] {
    guard sizes.count <= maximumRank else { throw DLError(.unsupported, "rank \(sizes.count) is above \(maximumRank)") }
    var dims: [Dim] = []
    var free: Int?
    for (i, n) in sizes.enumerated() {
      switch n {
      case 0 where !zeroIsSize:
        guard i < x.rank else {
          throw DLError(.shapeMismatch, "size 0 at \(i) copies a dimension that \(describe(x, symbols: symbols)) does not have")
        }
        dims.append(x.dims[i])
      case -1:
        guard free == nil else { throw DLError(.invalidModel, "more than one size is -1") }
        free = i
        dims.append(.unknown)
      case 0...: dims.append(.fixed(n))
      default: throw DLError(.invalidModel, "size \(n) at \(i): expected -1, 0 or more")
      }
    }
    // Dimensions kept by 0 cancel; what is left on both sides must agree.
    let kept = sizes.indices.filter { sizes[$0] == 0 && !zeroIsSize }
    let old = x.dims.indices.filter { !kept.contains($0) }.map { x.dims[$0] }
    let new = sizes.indices.filter { sizes[$0] >= 0 && !kept.contains($0) }.map { dims[$0] }
    if case .fixed(let available) = try product(old[...]), case .fixed(let wanted) = try product(new[...]) {
      if let free {
        guard wanted > 0, available % wanted == 0 else {
          throw DLError(.shapeMismatch, "cannot reshape \(describe(x, symbols: symbols)) to \(describe(sizes))")
        }
        dims[free] = .fixed(available / wanted)
      } else if available != wanted {
        throw DLError(.shapeMismatch, "cannot reshape \(describe(x, symbols: symbols)) to \(describe(sizes))")
      }
    }
    return dims
  }
}
