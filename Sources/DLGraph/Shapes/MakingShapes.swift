// Shapes of operations that make tensors.

extension ShapeInference {
  func makingFacts(_ op: Op, _ inputs: [Fact?]) throws(DLError) -> [Fact] {
    guard let x = inputs[0]?.type else { return [] }
    switch op {
    case .shape(let start, let end):
      let dims = x.dims[shapeRange(start, end, rank: x.rank)]
      return one(.i64, [.fixed(dims.count)], elements: Array(dims))
    case .size:
      return one(.i64, [], elements: [try product(x.dims[...])])
    case .fill:
      guard let value = inputs[1]?.type else { return [] }
      _ = try number(inputs, 1, "value")
      guard let sizes = try list(inputs, 0, "sizes") else {
        throw DLError(.unsupported, "sizes: expected a list of known length, from which the rank of the output follows")
      }
      for (i, n) in sizes.enumerated() { _ = try size(n, "sizes", i) }
      return [try filled(TensorType(value.dtype, sizes), with: inputs[1])]
    case .range:
      try requireSameType(inputs)
      for (i, name) in (["start", "limit", "delta"] as [StaticString]).enumerated() { _ = try number(inputs, i, name) }
      return [try rangeFact(inputs)]
    case .oneHot(let axis):
      return one(try oneHotType(inputs), try oneHotDims(axis, inputs))
    case .eyeLike(let dtype, _):
      guard x.rank == 2 else { throw DLError(.shapeMismatch, "expected rank 2, found \(describe(x, symbols: symbols))") }
      return one(dtype, x.dims)
    default: return []
    }
  }

  /// The elements too, of a small tensor of integers.
  private func filled(_ type: TensorType, with value: Fact?) throws(DLError) -> Fact {
    guard type.dtype == .i64 || type.dtype == .i32, let sizes = type.sizes, let count = elementCount(sizes),
      count <= Fact.mostElements, let element = value?.integers?.first, element != .unknown
    else { return Fact(type) }
    return Fact(type, elements: Array(repeating: element, count: count))
  }

  private func rangeFact(_ inputs: [Fact?]) throws(DLError) -> Fact {
    guard let type = inputs[0]?.type else { return Fact(TensorType(.i64, [])) }
    if type.dtype.isFloat {
      guard let start = inputs[0]?.knownReals?.first, let limit = inputs[1]?.knownReals?.first,
        let delta = inputs[2]?.knownReals?.first
      else { return Fact(TensorType(type.dtype, [.unknown])) }
      return Fact(TensorType(type.dtype, [.fixed(try rangeCount(start, limit, delta))]))
    }
    let start = try number(inputs, 0, "start")
    let limit = try number(inputs, 1, "limit")
    let delta = try number(inputs, 2, "delta")
    guard let first = start.size, let last = limit.size, let step = delta.size else {
      return Fact(TensorType(type.dtype, [start == .fixed(0) && delta == .fixed(1) ? limit : .unknown]))
    }
    let count = try rangeCount(first, last, step)
    let elements = count <= Fact.mostElements ? (0..<count).map { Dim.fixed(first + $0 * step) } : nil
    return Fact(TensorType(type.dtype, [.fixed(count)]), elements: type.dtype == .u64 ? nil : elements)
  }

  private func oneHotType(_ inputs: [Fact?]) throws(DLError) -> DType {
    guard let values = inputs[2]?.type else { return .f32 }
    try require(values, [.fixed(2)], "off and on")
    return values.dtype
  }

  private func oneHotDims(_ axis: Int, _ inputs: [Fact?]) throws(DLError) -> [Dim] {
    guard let indices = inputs[0]?.type else { return [] }
    let axis = try resolveAxis(axis, rank: indices.rank + 1)
    let depth = try size(try number(inputs, 1, "depth"), "depth", 0)
    return indices.dims[..<axis] + [depth] + indices.dims[axis...]
  }
}

/// The axes of x whose sizes `shape` gives.
func shapeRange(_ start: Int, _ end: Int?, rank: Int) -> Range<Int> {
  func place(_ axis: Int) -> Int { min(max(axis < 0 ? axis + rank : axis, 0), rank) }
  let first = place(start)
  return first..<max(first, place(end ?? rank))
}

/// How many of start, start + delta, … lie before limit.
func rangeCount(_ start: Double, _ limit: Double, _ delta: Double) throws(DLError) -> Int {
  let count = ((limit - start) / delta).rounded(.up)
  guard delta != 0, count < 0x1p62 else {
    throw DLError(.invalidArgument, "delta: \(delta) never leads from \(start) to \(limit)")
  }
  return count > 0 ? Int(count) : 0
}

func rangeCount(_ start: Int, _ limit: Int, _ delta: Int) throws(DLError) -> Int {
  if delta == 0 { throw DLError(.invalidArgument, "delta: 0 never leads from \(start) to \(limit)") }
  if delta > 0 ? limit <= start : limit >= start { return 0 }
  // The distance of two Ints fits a UInt.
  let distance = delta > 0 ? UInt(bitPattern: limit &- start) : UInt(bitPattern: start &- limit)
  let steps = (distance - 1) / delta.magnitude
  guard steps < 1 << 62 else { throw DLError(.invalidArgument, "a range from \(start) to \(limit) is larger than memory can be") }
  return Int(steps) + 1
}
