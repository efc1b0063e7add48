/// The type of an operation's output. A pure function: the same answer for a graph with free dimensions, where sizes may be
/// `.unknown`, and for the fixed sizes of a run. Throws with what was expected and what was found.
/// symbols: the names that messages show free dimensions by.
public func inferType(of op: Op, _ inputs: [TensorType], symbols: [Name] = []) throws(DLError) -> TensorType {
  try ShapeInference(symbols: symbols).type(of: op, inputs)
}

/// An axis counted from the front.
public func resolveAxis(_ axis: Int, rank: Int) throws(DLError) -> Int {
  guard axis >= -rank, axis < rank else {
    throw DLError(
      .invalidModel, rank == 0 ? "axis \(axis): a scalar has none" : "axis: expected \(-rank) to \(rank - 1), found \(axis)")
  }
  return axis < 0 ? axis + rank : axis
}

private struct ShapeInference {
  let symbols: [Name]

  func type(of op: Op, _ inputs: [TensorType]) throws(DLError) -> TensorType {
    guard op.inputCounts.contains(inputs.count) else {
      throw DLError(.invalidModel, "takes \(op.inputCounts.lowerBound) or more inputs, found \(inputs.count)")
    }
    for (i, input) in inputs.enumerated() where input.dtype != .f32 {
      throw DLError(.typeMismatch, "input \(i): expected f32, found \(input.dtype.name)")
    }
    let x = inputs[0]
    let dims: [Dim]
    switch op {
    case .conv(let window, let groups):
      dims = try convDims(window, groups: groups, inputs)
    case .maxPool(let kernel, let window):
      dims = try poolDims(kernel, window, x)
    case .averagePool(let kernel, let window, _):
      dims = try poolDims(kernel, window, x)
    case .globalMaxPool, .globalAveragePool:
      try requireRank(x, atLeast: 3)
      for dim in x.dims[2...] where dim.size == 0 {
        throw DLError(.shapeMismatch, "cannot pool over no elements: \(describe(x, symbols: symbols))")
      }
      dims = x.dims[..<2] + x.dims[2...].map { _ in .fixed(1) }
    case .gemm(let transposeA, let transposeB):
      dims = try gemmDims(transposeA, transposeB, inputs)
    case .activation, .dropout:
      dims = x.dims
    case .softmax(let axis):
      _ = try resolveAxis(axis, rank: x.rank)
      dims = x.dims
    case .localResponseNorm(let size, let alpha, let beta, let bias):
      try requireRank(x, atLeast: 3)
      guard alpha >= 0, beta >= 0, bias > 0, alpha.isFinite, beta.isFinite, bias.isFinite else {
        // What is raised to the power −beta must not be negative or zero.
        throw DLError(
          .invalidModel,
          "expected alpha and beta of 0 or more and a bias above 0, found \(Double(alpha)), \(Double(beta)), \(Double(bias))")
      }
      guard 1...Int(Int32.max) ~= size else { throw DLError(.invalidModel, "size: expected 1 to \(Int32.max), found \(size)") }
      dims = x.dims
    case .batchNorm:
      try requireRank(x, atLeast: 2)
      // Where x leaves the channels open, the parameters must still agree among themselves.
      var channels = x.dims[1]
      for i in 1..<5 {
        try require(inputs[i], [channels], "input \(i)")
        if channels.size == nil { channels = inputs[i].dims[0] }
      }
      dims = x.dims
    case .add, .multiply:
      dims = try broadcast(x, inputs[1])
    case .concat(let axis):
      dims = try concatDims(axis, inputs)
    case .flatten(let axis):
      guard axis >= 0, axis <= x.rank else { throw DLError(.invalidModel, "axis: expected 0 to \(x.rank), found \(axis)") }
      dims = [try product(x.dims[..<axis]), try product(x.dims[axis...])]
    case .reshape(let sizes):
      dims = try reshapeDims(sizes, x)
    }
    let result = TensorType(x.dtype, dims)
    if let sizes = result.sizes, byteCount(result.dtype, sizes) == nil {
      throw DLError(.shapeMismatch, "the output \(describe(sizes)) is larger than memory can be")
    }
    return result
  }

  // MARK: operations

  func convDims(_ window: Window, groups: Int, _ inputs: [TensorType]) throws(DLError) -> [Dim] {
    let x = inputs[0]
    let w = inputs[1]
    try requireRank(x, atLeast: 3)
    guard w.rank == x.rank, let weights = w.sizes else {
      throw DLError(.shapeMismatch, "weights: expected rank \(x.rank) with fixed sizes, found \(describe(w, symbols: symbols))")
    }
    for n in weights where n == 0 {
      throw DLError(.shapeMismatch, "weights: expected sizes of 1 or more, found \(describe(weights))")
    }
    guard groups > 0, weights[0] % groups == 0 else {
      throw DLError(.shapeMismatch, "groups: expected a divisor of \(weights[0]) output channels, found \(groups)")
    }
    let (channels, overflow) = weights[1].multipliedReportingOverflow(by: groups)
    if overflow { throw DLError(.shapeMismatch, "groups: \(groups) times \(weights[1]) channels overflows") }
    try require(x.dims[1], .fixed(channels), "channels of x")
    if inputs.count == 3 { try require(inputs[2], [.fixed(weights[0])], "bias") }
    return [x.dims[0], .fixed(weights[0])] + (try slide(Array(weights[2...]), window, x))
  }

  func poolDims(_ kernel: [Int], _ window: Window, _ x: TensorType) throws(DLError) -> [Dim] {
    try requireRank(x, atLeast: 3)
    guard kernel.count == window.padBegin.count, kernel.count == window.padEnd.count else {
      throw DLError(.invalidModel, "kernel, strides, dilations and padding differ in length")
    }
    for (i, k) in kernel.enumerated() where window.padBegin[i] >= k || window.padEnd[i] >= k {
      // A window wholly inside the padding would have nothing to pool.
      throw DLError(.invalidModel, "padding: expected less than the kernel's \(k) on axis \(i)")
    }
    return x.dims[..<2] + (try slide(kernel, window, x))
  }

  /// Spatial output sizes of a window over x.
  func slide(_ kernel: [Int], _ window: Window, _ x: TensorType) throws(DLError) -> [Dim] {
    let axes = x.rank - 2
    guard kernel.count == axes, window.strides.count == axes, window.dilations.count == axes, window.padBegin.count == axes,
      window.padEnd.count == axes
    else { throw DLError(.invalidModel, "kernel, strides, dilations and padding: expected \(axes) of each") }
    var dims: [Dim] = []
    for i in 0..<axes {
      let k = kernel[i]
      let stride = window.strides[i]
      let dilation = window.dilations[i]
      let limit = Int(Int32.max)
      guard 1...limit ~= k, 1...limit ~= stride, 1...limit ~= dilation, 0...limit ~= window.padBegin[i],
        0...limit ~= window.padEnd[i]
      else {
        throw DLError(
          .invalidModel,
          "axis \(i): expected kernel, stride and dilation of 1 or more and padding of 0 or more, found \(k), \(stride), \(dilation), \(window.padBegin[i]), \(window.padEnd[i])"
        )
      }
      guard let size = x.dims[i + 2].size else {
        let same = stride == 1 && window.padBegin[i] + window.padEnd[i] == (k - 1) * dilation
        dims.append(same ? x.dims[i + 2] : .unknown)
        continue
      }
      guard 1...limit ~= size else { throw DLError(.shapeMismatch, "axis \(i): expected a size of 1 to \(limit), found \(size)") }
      let padded = size + window.padBegin[i] + window.padEnd[i]
      let extent = (k - 1) * dilation + 1
      guard padded >= extent else {
        throw DLError(.shapeMismatch, "axis \(i): a window of \(extent) does not fit \(size) plus padding, \(padded)")
      }
      dims.append(.fixed((padded - extent) / stride + 1))
    }
    return dims
  }

  func gemmDims(_ transposeA: Bool, _ transposeB: Bool, _ inputs: [TensorType]) throws(DLError) -> [Dim] {
    let a = inputs[0]
    let b = inputs[1]
    guard a.rank == 2 else { throw DLError(.shapeMismatch, "a: expected rank 2, found \(describe(a, symbols: symbols))") }
    guard b.rank == 2 else { throw DLError(.shapeMismatch, "b: expected rank 2, found \(describe(b, symbols: symbols))") }
    try require(a.dims[transposeA ? 0 : 1], b.dims[transposeB ? 1 : 0], "columns of a, against the rows of b")
    let n = b.dims[transposeB ? 0 : 1]
    if inputs.count == 3 { try require(inputs[2], [n], "c") }
    return [a.dims[transposeA ? 1 : 0], n]
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

  func reshapeDims(_ sizes: [Int], _ x: TensorType) throws(DLError) -> [Dim] {
    guard sizes.count <= maximumRank else { throw DLError(.unsupported, "rank \(sizes.count) is above \(maximumRank)") }
    var dims: [Dim] = []
    var free: Int?
    for (i, n) in sizes.enumerated() {
      switch n {
      case 0:
        guard i < x.rank else {
          throw DLError(.shapeMismatch, "size 0 at \(i) copies a dimension that \(describe(x, symbols: symbols)) does not have")
        }
        dims.append(x.dims[i])
      case -1:
        guard free == nil else { throw DLError(.invalidModel, "more than one size is -1") }
        free = i
        dims.append(.unknown)
      case 1...: dims.append(.fixed(n))
      default: throw DLError(.invalidModel, "size \(n) at \(i): expected -1, 0 or more")
      }
    }
    // Dimensions kept by 0 cancel; what is left on both sides must agree.
    let kept = sizes.indices.filter { sizes[$0] == 0 }
    let old = x.dims.indices.filter { !kept.contains($0) }.map { x.dims[$0] }
    let new = sizes.indices.filter { sizes[$0] > 0 }.map { dims[$0] }
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

  // MARK: checks

  func requireRank(_ x: TensorType, atLeast rank: Int) throws(DLError) {
    guard x.rank >= rank else {
      throw DLError(.shapeMismatch, "expected rank \(rank) or more, found \(describe(x, symbols: symbols))")
    }
  }

  /// Equal, or not both known.
  func require(_ found: Dim, _ expected: Dim, _ place: Message) throws(DLError) {
    if let f = found.size, let e = expected.size, f != e {
      throw DLError(.shapeMismatch, "\(place): expected \(e), found \(f)")
    }
  }

  func require(_ found: TensorType, _ expected: [Dim], _ place: Message) throws(DLError) {
    guard found.rank == expected.count else {
      throw DLError(.shapeMismatch, "\(place): expected rank \(expected.count), found \(describe(found))")
    }
    for (f, e) in zip(found.dims, expected) { try require(f, e, place) }
  }

  func product(_ dims: ArraySlice<Dim>) throws(DLError) -> Dim {
    if dims.count == 1, let only = dims.first { return only }
    var count = 1
    for dim in dims {
      guard let n = dim.size else { return .unknown }
      let (result, overflow) = count.multipliedReportingOverflow(by: n)
      if overflow { throw DLError(.shapeMismatch, "the number of elements overflows") }
      count = result
    }
    return .fixed(count)
  }

  func sum(_ a: Dim, _ b: Dim) throws(DLError) -> Dim {
    guard let m = a.size, let n = b.size else { return .unknown }
    let (result, overflow) = m.addingReportingOverflow(n)
    if overflow { throw DLError(.shapeMismatch, "the concatenated size overflows") }
    return .fixed(result)
  }
}
