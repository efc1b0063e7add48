/// What is known of an operation's outputs. A pure function: the same answer for a graph with free dimensions, where sizes may be
/// `.unknown`, and for the fixed sizes of a run. Throws with what was expected and what was found.
/// inputs: nil for one that is absent. outputs: how many the node has. symbols: the names that messages show free dimensions by.
public func inferFacts(
  of op: Op, _ inputs: [Fact?], outputs: Int = 1, symbols: [Name] = []
) throws(DLError) -> [Fact] {
  let facts = try ShapeInference(symbols: symbols).facts(of: op, inputs, outputs: outputs)
  for fact in facts {
    if let sizes = fact.type.sizes, byteCount(fact.type.dtype, sizes) == nil {
      throw DLError(.shapeMismatch, "the output \(describe(sizes)) is larger than memory can be")
    }
    guard fact.type.rank <= maximumRank else {
      throw DLError(.unsupported, "the output has rank \(fact.type.rank), above \(maximumRank)")
    }
  }
  return facts
}

/// The type of the first output, of inputs of which no more than the types is known.
public func inferType(of op: Op, _ inputs: [TensorType], symbols: [Name] = []) throws(DLError) -> TensorType {
  try inferFacts(of: op, inputs.map { Fact($0) }, symbols: symbols)[0].type
}

/// An axis counted from the front.
public func resolveAxis(_ axis: Int, rank: Int) throws(DLError) -> Int {
  guard axis >= -rank, axis < rank else {
    throw DLError(
      .invalidModel, rank == 0 ? "axis \(axis): a scalar has none" : "axis: expected \(-rank) to \(rank - 1), found \(axis)")
  }
  return axis < 0 ? axis + rank : axis
}

struct ShapeInference {
  let symbols: [Name]

  func facts(of op: Op, _ inputs: [Fact?], outputs: Int) throws(DLError) -> [Fact] {
    guard op.inputCounts.contains(inputs.count) else {
      throw DLError(.invalidModel, "takes \(op.inputCounts.lowerBound) or more inputs, found \(inputs.count)")
    }
    guard op.outputCounts.contains(outputs) else {
      throw DLError(.invalidModel, "has at most \(op.outputCounts.upperBound) outputs, found \(outputs)")
    }
    for i in 0..<op.inputCounts.lowerBound where inputs[i] == nil {
      throw DLError(.invalidModel, "input \(i) is absent")
    }
    guard let x = inputs[0]?.type else { throw DLError(.invalidModel, "input 0 is absent") }
    switch op {
    case .conv(let window, let groups):
      try requireFloats(inputs)
      return one(x.dtype, try convDims(window, groups: groups, inputs))
    case .gemm(let transposeA, let transposeB):
      try requireFloats(inputs)
      return one(x.dtype, try gemmDims(transposeA, transposeB, inputs))
    case .maxPool, .averagePool, .lpPool, .globalMaxPool, .globalAveragePool, .globalLpPool, .maxUnpool, .roiMaxPool,
      .roiAlign, .convTranspose:
      return try spatialFacts(op, inputs, outputs: outputs)
    case .resize, .gridSample:
      return try samplingFacts(op, inputs)
    case .matmul, .einsum, .distance:
      return try productFacts(op, inputs)
    case .activation, .unary, .binary, .select, .cast, .dropout:
      return try elementwiseFacts(op, inputs)
    case .softmax, .logSoftmax, .hardmax, .localResponseNorm, .batchNorm, .instanceNorm, .groupNorm, .layerNorm, .rmsNorm,
      .lpNormalise:
      return try normFacts(op, inputs, outputs: outputs)
    case .reduce, .argMax, .argMin, .cumulativeSum:
      return try reductionFacts(op, inputs)
    case .concat, .split, .slice, .pad, .transpose, .flatten, .reshape, .squeeze, .unsqueeze, .expand, .tile, .depthToSpace,
      .spaceToDepth, .reverseSequence, .triangle:
      return try shapeFacts(op, inputs, outputs: outputs)
    case .shape, .size, .fill, .range, .oneHot, .eyeLike:
      return try makingFacts(op, inputs)
    case .gather, .gatherElements, .gatherND, .scatterElements, .scatterND, .topK, .unique, .nonZero, .compress,
      .nonMaxSuppression:
      return try indexFacts(op, inputs, outputs: outputs)
    }
  }

  func one(_ dtype: DType, _ dims: [Dim], elements: [Dim]? = nil) -> [Fact] {
    [Fact(TensorType(dtype, dims), elements: elements)]
  }

  /// All inputs that are there have one floating-point type.
  func requireFloats(_ inputs: [Fact?]) throws(DLError) {
    let expected = inputs[0]?.type.dtype ?? .f32
    for (i, input) in inputs.enumerated() {
      guard let found = input?.type.dtype, found != expected || !expected.isFloat else { continue }
      let wanted: StaticString = expected.isFloat ? expected.name : "a floating-point type"
      throw DLError(.typeMismatch, "input \(i): expected \(wanted), found \(found.name)")
    }
  }

  /// All inputs that are there have one type.
  func requireSameType(_ inputs: [Fact?]) throws(DLError) {
    let expected = inputs[0]?.type.dtype ?? .f32
    for (i, input) in inputs.enumerated() {
      guard let found = input?.type.dtype, found != expected else { continue }
      throw DLError(.typeMismatch, "input \(i): expected \(expected.name), found \(found.name)")
    }
  }

  // MARK: operations

  func convDims(_ window: Window, groups: Int, _ inputs: [Fact?]) throws(DLError) -> [Dim] {
    let inputs = inputs.compactMap { $0?.type }
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

  /// Spatial output sizes of a window over x.
  func slide(_ kernel: [Int], _ window: Window, _ x: TensorType) throws(DLError) -> [Dim] {
    try requireWindow(kernel, window, axes: x.rank - 2)
    let limit = Int(Int32.max)
    var dims: [Dim] = []
    for i in kernel.indices {
      let stride = window.strides[i]
      let extent = (kernel[i] - 1) * window.dilations[i] + 1
      guard let size = x.dims[i + 2].size else {
        let same = stride == 1 && (window.rule != .explicit || window.padBegin[i] + window.padEnd[i] == extent - 1)
        dims.append(same ? x.dims[i + 2] : .unknown)
        continue
      }
      guard 1...limit ~= size else { throw DLError(.shapeMismatch, "axis \(i): expected a size of 1 to \(limit), found \(size)") }
      if window.rule != .explicit {
        dims.append(.fixed((size - 1) / stride + 1))
        continue
      }
      let padded = size + window.padBegin[i] + window.padEnd[i]
      guard padded >= extent else {
        throw DLError(.shapeMismatch, "axis \(i): a window of \(extent) does not fit \(size) plus padding, \(padded)")
      }
      dims.append(.fixed(window.outputs(size: size, extent: extent, axis: i)))
    }
    return dims
  }

  /// As many of each as there are axes, all small enough to be multiplied and added.
  func requireWindow(_ kernel: [Int], _ window: Window, axes: Int) throws(DLError) {
    guard kernel.count == axes, window.strides.count == axes, window.dilations.count == axes, window.padBegin.count == axes,
      window.padEnd.count == axes
    else { throw DLError(.invalidModel, "kernel, strides, dilations and padding: expected \(axes) of each") }
    let limit = Int(Int32.max)
    for i in 0..<axes {
      let (k, stride, dilation) = (kernel[i], window.strides[i], window.dilations[i])
      guard 1...limit ~= k, 1...limit ~= stride, 1...limit ~= dilation, 0...limit ~= window.padBegin[i],
        0...limit ~= window.padEnd[i]
      else {
        throw DLError(
          .invalidModel,
          "axis \(i): expected kernel, stride and dilation of 1 or more and padding of 0 or more, found \(k), \(stride), \(dilation), \(window.padBegin[i]), \(window.padEnd[i])"
        )
      }
    }
  }

  func gemmDims(_ transposeA: Bool, _ transposeB: Bool, _ inputs: [Fact?]) throws(DLError) -> [Dim] {
    let inputs = inputs.compactMap { $0?.type }
    let a = inputs[0]
    let b = inputs[1]
    guard a.rank == 2 else { throw DLError(.shapeMismatch, "a: expected rank 2, found \(describe(a, symbols: symbols))") }
    guard b.rank == 2 else { throw DLError(.shapeMismatch, "b: expected rank 2, found \(describe(b, symbols: symbols))") }
    try require(a.dims[transposeA ? 0 : 1], b.dims[transposeB ? 1 : 0], "columns of a, against the rows of b")
    let n = b.dims[transposeB ? 0 : 1]
    if inputs.count == 3 { try require(inputs[2], [n], "c") }
    return [a.dims[transposeA ? 1 : 0], n]
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
