// Shapes of operations that select by index.

extension ShapeInference {
  func indexFacts(_ op: Op, _ inputs: [Fact?], outputs: Int) throws(DLError) -> [Fact] {
    guard let x = inputs[0]?.type else { return [] }
    let facts: [Fact]
    switch op {
    case .gather(let axis): facts = one(x.dtype, try gatherDims(axis, inputs))
    case .gatherElements(let axis):
      try requireIndices(inputs, axis)
      facts = one(x.dtype, inputs[1]?.type.dims ?? [])
    case .gatherND(let batch): facts = one(x.dtype, try gatherNDDims(batch, inputs))
    case .scatterElements(let axis, let reduction):
      try requireIndices(inputs, axis)
      try requireUpdates(reduction, x, inputs[2]?.type, inputs[1]?.type.dims ?? [])
      return one(x.dtype, x.dims)
    case .scatterND(let reduction):
      try requireUpdates(reduction, x, inputs[2]?.type, try gatherNDDims(0, inputs))
      return one(x.dtype, x.dims)
    case .topK(let axis, _, _):
      let dims = try topKDims(axis, inputs)
      return Array((one(x.dtype, dims) + one(.i64, dims))[..<outputs])
    case .unique(let axis, _): return try uniqueFacts(axis, x, outputs: outputs)
    case .nonZero: return one(.i64, [.fixed(x.rank), .unknown])
    case .compress(let axis): return one(x.dtype, try compressDims(axis, inputs))
    case .nonMaxSuppression:
      try checkBoxes(inputs)
      return one(.i64, [.unknown, .fixed(3)])
    default: return []
    }
    return try withElements(op, inputs, facts)
  }

  private func requireIndexType(_ indices: TensorType) throws(DLError) {
    guard indices.dtype == .i64 || indices.dtype == .i32 else {
      throw DLError(.typeMismatch, "indices: expected i64 or i32, found \(indices.dtype.name)")
    }
  }

  private func gatherDims(_ axis: Int, _ inputs: [Fact?]) throws(DLError) -> [Dim] {
    guard let x = inputs[0]?.type, let indices = inputs[1]?.type else { return [] }
    try requireIndexType(indices)
    let axis = try resolveAxis(axis, rank: x.rank)
    return x.dims[..<axis] + indices.dims + x.dims[(axis + 1)...]
  }

  /// Indices of x's rank that reach no further than x but along the axis.
  private func requireIndices(_ inputs: [Fact?], _ axis: Int) throws(DLError) {
    guard let x = inputs[0]?.type, let indices = inputs[1]?.type else { return }
    try requireIndexType(indices)
    let axis = try resolveAxis(axis, rank: x.rank)
    guard indices.rank == x.rank else {
      throw DLError(.shapeMismatch, "indices: expected rank \(x.rank), found \(describe(indices, symbols: symbols))")
    }
    for d in x.dims.indices where d != axis {
      if let size = x.dims[d].size, let found = indices.dims[d].size, found > size {
        throw DLError(.shapeMismatch, "indices: expected at most \(size) in dimension \(d), found \(found)")
      }
    }
  }

  /// The shape of slices of x at tuples of indices; also what `scatterND` puts there.
  private func gatherNDDims(_ batch: Int, _ inputs: [Fact?]) throws(DLError) -> [Dim] {
    guard let x = inputs[0]?.type, let indices = inputs[1]?.type else { return [] }
    try requireIndexType(indices)
    guard batch >= 0, batch < x.rank, batch < indices.rank else {
      throw DLError(
        .invalidModel,
        "batch: expected fewer axes than those of \(describe(x, symbols: symbols)) and \(describe(indices, symbols: symbols)), found \(batch)"
      )
    }
    for d in 0..<batch { try require(indices.dims[d], x.dims[d], "indices, dimension \(d)") }
    guard let length = indices.dims[indices.rank - 1].size else {
      throw DLError(.unsupported, "indices: expected a known last size, from which the rank of the output follows")
    }
    guard length <= x.rank - batch else {
      throw DLError(.shapeMismatch, "indices: expected tuples of at most \(x.rank - batch), found \(length)")
    }
    return Array(indices.dims.dropLast()) + x.dims[(batch + length)...]
  }

  private func requireUpdates(
    _ reduction: ScatterReduction, _ x: TensorType, _ updates: TensorType?, _ dims: [Dim]
  ) throws(DLError) {
    guard let updates else { return }
    guard updates.dtype == x.dtype else {
      throw DLError(.typeMismatch, "updates: expected \(x.dtype.name), found \(updates.dtype.name)")
    }
    try require(updates, dims, "updates")
  }

  private func topKDims(_ axis: Int, _ inputs: [Fact?]) throws(DLError) -> [Dim] {
    guard let x = inputs[0]?.type else { return [] }
    let axis = try resolveAxis(axis, rank: x.rank)
    let k = try size(try number(inputs, 1, "k"), "k", 0)
    if let k = k.size, let size = x.dims[axis].size, k > size {
      throw DLError(.shapeMismatch, "k: expected at most the axis's \(size), found \(k)")
    }
    var dims = x.dims
    dims[axis] = k
    return dims
  }

  private func uniqueFacts(_ axis: Int?, _ x: TensorType, outputs: Int) throws(DLError) -> [Fact] {
    var dims: [Dim] = [.unknown]
    var inverse = try product(x.dims[...])
    if let axis {
      let axis = try resolveAxis(axis, rank: x.rank)
      dims = x.dims
      dims[axis] = .unknown
      inverse = x.dims[axis]
    }
    return Array((one(x.dtype, dims) + one(.i64, [.unknown]) + one(.i64, [inverse]) + one(.i64, [.unknown]))[..<outputs])
  }

  private func compressDims(_ axis: Int?, _ inputs: [Fact?]) throws(DLError) -> [Dim] {
    guard let x = inputs[0]?.type, let condition = inputs[1] else { return [] }
    guard condition.type.dtype == .bool, condition.type.rank == 1 else {
      throw DLError(
        .typeMismatch, "condition: expected a list of bool, found \(describe(condition.type, symbols: symbols))")
    }
    var dims = x.dims
    var place = 0
    if let axis { place = try resolveAxis(axis, rank: x.rank) } else { dims = [try product(x.dims[...])] }
    if let size = dims[place].size, let found = condition.type.dims[0].size, found > size {
      throw DLError(.shapeMismatch, "condition: expected at most \(size), found \(found)")
    }
    let kept = condition.constant == nil ? nil : condition.knownIntegers
    dims[place] = kept.map { .fixed($0.filter { $0 != 0 }.count) } ?? .unknown
    return dims
  }

  private func checkBoxes(_ inputs: [Fact?]) throws(DLError) {
    guard let boxes = inputs[0]?.type, let scores = inputs[1]?.type else { return }
    try requireFloats([inputs[0], inputs[1]])
    try require(boxes, [.unknown, .unknown, .fixed(4)], "boxes")
    try require(scores, [boxes.dims[0], .unknown, boxes.dims[1]], "scores")
    for (i, name) in (["most boxes a class", "overlap threshold", "score threshold"] as [StaticString]).enumerated()
    where isPresent(inputs, i + 2) { _ = try number(inputs, i + 2, name) }
  }
}

/// Sizes whose tensors have room for the outputs of an operation, of inputs of these sizes and known parameters: what `inferFacts`
/// answers, and for outputs whose sizes only elements tell the most they can be. Nil if that needs elements that are not known.
public func mostSizes(of op: Op, _ inputs: [Fact?], outputs: Int) throws(DLError) -> [[Int]]? {
  try mostSizes(of: op, inputs, try inferFacts(of: op, inputs, outputs: outputs))
}

/// The same, of facts from `inferFacts`.
func mostSizes(of op: Op, _ inputs: [Fact?], _ facts: [Fact]) throws(DLError) -> [[Int]]? {
  var sizes: [[Int]] = []
  for (i, fact) in facts.enumerated() {
    if let known = fact.type.sizes {
      sizes.append(known)
      continue
    }
    guard let most = try mostSizes(op, i, fact.type, inputs) else { return nil }
    guard byteCount(fact.type.dtype, most) != nil else {
      throw DLError(.shapeMismatch, "an output of up to \(describe(most)) is larger than memory can be")
    }
    sizes.append(most)
  }
  return sizes
}

/// The most of output i, whose size is not known.
private func mostSizes(_ op: Op, _ i: Int, _ type: TensorType, _ inputs: [Fact?]) throws(DLError) -> [Int]? {
  guard let x = inputs[0]?.type.sizes, let count = elementCount(x) else { return nil }
  switch op {
  case .nonZero: return [x.count, count]
  case .unique(let axis, _), .compress(let axis):
    guard let axis else { return [count] }
    let resolved = try resolveAxis(axis, rank: x.count)
    return type.rank == 1 && i > 0 ? [x[resolved]] : x
  case .topK: return x
  case .nonMaxSuppression:
    guard let scores = inputs[1]?.type.sizes else { return nil }
    var each = scores[2]
    if inputs.count > 2, let most = inputs[2] { each = min(each, max(0, most.knownIntegers?.first ?? each)) } else { each = 0 }
    guard let boxes = elementCount([scores[0], scores[1], each]) else { return nil }
    return [boxes, 3]
  default: return nil
  }
}
