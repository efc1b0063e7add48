import KernelTypes

// Shapes of reductions.

extension ShapeInference {
  func reductionFacts(_ op: Op, _ inputs: [Fact?]) throws(DLError) -> [Fact] {
    guard let fact = inputs[0] else { return [] }
    let x = fact.type
    switch op {
    case .reduce(let reduction, let axes, let keepsAxes, let noAxesIsIdentity):
      let orders = reduction == .maximum || reduction == .minimum
      guard x.dtype != .bool || orders else {
        throw DLError(.typeMismatch, "input 0: expected numbers, found bool")
      }
      guard let axes = try givenAxes(axes, inputs, rank: x.rank) else {
        return one(x.dtype, try unknownAxes(inputs[1], x, keepsAxes: keepsAxes, noAxesIsIdentity: noAxesIsIdentity))
      }
      let reduced = axes.isEmpty && !noAxesIsIdentity ? Array(0..<x.rank) : axes
      let dims = without(reduced, x, keepsAxes: keepsAxes)
      return one(x.dtype, dims, elements: reducedElements(reduction, reduced, fact))
    case .argMax(let axis, let keepsAxis, _), .argMin(let axis, let keepsAxis, _):
      guard x.dtype != .bool else { throw DLError(.typeMismatch, "input 0: expected numbers, found bool") }
      let axis = try resolveAxis(axis, rank: x.rank)
      let dims = without([axis], x, keepsAxes: keepsAxis)
      if x.dims[axis] == .fixed(0) && !dims.contains(.fixed(0)) {
        throw DLError(.shapeMismatch, "axis \(axis): none of no elements is the largest or smallest")
      }
      return one(.i64, dims)
    case .cumulativeSum:
      guard x.dtype != .bool else { throw DLError(.typeMismatch, "input 0: expected numbers, found bool") }
      guard let axis = inputs[1] else { return [] }
      guard axis.type.dtype == .i32 || axis.type.dtype == .i64, axis.type.dims.allSatisfy({ $0 == .fixed(1) }) else {
        throw DLError(.typeMismatch, "axis: expected one i32 or i64, found \(describe(axis.type, symbols: symbols))")
      }
      if let known = axis.knownIntegers?.first { _ = try resolveAxis(known, rank: x.rank) }
      return one(x.dtype, x.dims)
    default: return []
    }
  }

  /// The axes a reduction names, counted from the front; nil when an input will tell.
  private func givenAxes(_ axes: [Int], _ inputs: [Fact?], rank: Int) throws(DLError) -> [Int]? {
    if axes.isEmpty, inputs.count > 1, let input = inputs[1] {
      guard input.type.dtype == .i64, input.type.rank <= 1 else {
        throw DLError(.typeMismatch, "axes: expected a list of i64, found \(describe(input.type, symbols: symbols))")
      }
    }
    return try reducedAxes(axes, inputs.count > 1 ? inputs[1] : nil, rank: rank)
  }

  /// What is left of x without these axes, or with 1 in their place.
  private func without(_ axes: [Int], _ x: TensorType, keepsAxes: Bool) -> [Dim] {
    var dims: [Dim] = []
    for (i, dim) in x.dims.enumerated() {
      if !axes.contains(i) { dims.append(dim) } else if keepsAxes { dims.append(.fixed(1)) }
    }
    return dims
  }

  /// The shape when no more than the number of the axes is known.
  private func unknownAxes(
    _ axes: Fact?, _ x: TensorType, keepsAxes: Bool, noAxesIsIdentity: Bool
  ) throws(DLError) -> [Dim] {
    if keepsAxes { return Array(repeating: .unknown, count: x.rank) }
    guard let axes, let count = axes.type.dims.first?.size ?? (axes.type.rank == 0 ? 1 : nil), count <= x.rank else {
      throw DLError(.unsupported, "axes: expected a number of them that is known, at most \(x.rank)")
    }
    let left = count == 0 && !noAxesIsIdentity ? 0 : x.rank - count
    return Array(repeating: .unknown, count: left)
  }

  /// The elements of a reduction of a small integer tensor, where they follow from those of x.
  private func reducedElements(_ reduction: Reduction, _ axes: [Int], _ x: Fact) -> [Dim]? {
    let function: BinaryFunction
    switch reduction {
    case .sum: function = .add
    case .product: function = .multiply
    case .maximum: function = .maximum
    case .minimum: function = .minimum
    default: return nil
    }
    guard x.type.dtype.hasElements, let elements = x.integers, let sizes = x.type.sizes else { return nil }
    let kept = without(axes, x.type, keepsAxes: true).map { $0.size ?? 1 }
    guard let count = elementCount(kept), count <= Fact.mostElements else { return nil }
    var results: [Dim?] = Array(repeating: nil, count: count)
    eachPlace(sizes, [broadcastStrides(kept, rank: sizes.count)]) { i, at in
      if let sum = results[at[0]] {
        results[at[0]] = apply(function, sum, elements[i], x.type.dtype)
      } else {
        results[at[0]] = elements[i]
      }
    }
    var reduced: [Dim] = []
    for result in results {
      if let result {
        reduced.append(result)
      } else {
        reduced.append(reduction == .sum ? .fixed(0) : reduction == .product ? .fixed(1) : .unknown)
      }
    }
    return reduced.contains { $0 != .unknown } ? reduced : nil
  }
}

/// The axes of `reduce`, or those of its input, counted from the front; nil where these are not known.
public func reducedAxes(_ axes: [Int], _ input: Fact?, rank: Int) throws(DLError) -> [Int]? {
  var named = axes
  if axes.isEmpty, let input {
    guard let known = input.knownIntegers else { return nil }
    named = known
  }
  var resolved: [Int] = []
  for axis in named {
    let axis = try resolveAxis(axis, rank: rank)
    guard !resolved.contains(axis) else { throw DLError(.invalidModel, "axis \(axis) is given twice") }
    resolved.append(axis)
  }
  return resolved
}
