// Shapes of resize and grid sample.

extension ShapeInference {
  func samplingFacts(_ op: Op, _ inputs: [Fact?]) throws(DLError) -> [Fact] {
    guard let x = inputs[0]?.type else { return [] }
    switch op {
    case .resize(let resize): return one(x.dtype, try resizeDims(resize, x, inputs))
    case .gridSample:
      guard let grid = inputs[1]?.type else { return [] }
      return one(x.dtype, try gridDims(x, grid))
    default: return []
    }
  }

  private func gridDims(_ x: TensorType, _ grid: TensorType) throws(DLError) -> [Dim] {
    try requireRank(x, atLeast: 3)
    guard x.dtype.isFloat, grid.dtype.isFloat else {
      throw DLError(.typeMismatch, "expected floating-point types, found \(x.dtype.name) and a grid of \(grid.dtype.name)")
    }
    guard grid.rank == x.rank else {
      throw DLError(.shapeMismatch, "grid: expected rank \(x.rank), found \(describe(grid, symbols: symbols))")
    }
    try require(grid.dims[0], x.dims[0], "images of the grid")
    try require(grid.dims[x.rank - 1], .fixed(x.rank - 2), "numbers of a position")
    try requireElements(x, "sample")
    return Array(x.dims[..<2]) + grid.dims[1..<(x.rank - 1)]
  }

  /// Every spatial axis has elements, as far as is known.
  func requireElements(_ x: TensorType, _ action: StaticString) throws(DLError) {
    for dim in x.dims.dropFirst(2) where dim.size == 0 {
      throw DLError(.shapeMismatch, "cannot \(action) no elements: \(describe(x, symbols: symbols))")
    }
  }

  private func resizeDims(_ resize: Resize, _ x: TensorType, _ inputs: [Fact?]) throws(DLError) -> [Dim] {
    let axes = try resizedAxes(resize, rank: x.rank)
    let scales = inputs.count > 2 ? inputs[2] : nil
    let sizes = inputs.count > 3 ? inputs[3] : nil
    if resize.coordinates == .cropAndResize {
      guard inputs.count > 1, let roi = inputs[1] else { throw DLError(.invalidModel, "roi is absent") }
      try requireList(roi, of: 2 * axes.count, isInteger: false, "roi")
    }
    guard (scales == nil) != (sizes == nil) else {
      throw DLError(.invalidModel, "expected either scales or sizes, and not both")
    }
    var dims = x.dims
    if let scales {
      try requireList(scales, of: axes.count, isInteger: false, "scales")
      let known = scales.knownReals
      for (i, axis) in axes.enumerated() { dims[axis] = try scaled(x.dims[axis], by: known?[i]) }
    } else if let sizes {
      try requireList(sizes, of: axes.count, isInteger: true, "sizes")
      let wanted = sizes.integers ?? axes.map { _ in .unknown }
      for (i, axis) in axes.enumerated() { dims[axis] = wanted[i] }
      if resize.aspect != .stretch { try keepAspect(resize, axes, x, &dims) }
    }
    for (i, dim) in dims.enumerated() {
      guard let n = dim.size else { continue }
      guard 0...Int(Int32.max) ~= n, n == 0 || x.dims[i].size != 0 else {
        throw DLError(.shapeMismatch, "axis \(i): cannot resize \(describe(x, symbols: symbols)) to \(n)")
      }
    }
    return dims
  }

  private func resizedAxes(_ resize: Resize, rank: Int) throws(DLError) -> [Int] {
    var axes: [Int] = []
    for axis in resize.axes {
      let axis = try resolveAxis(axis, rank: rank)
      guard !axes.contains(axis) else { throw DLError(.invalidModel, "axis \(axis) is given twice") }
      axes.append(axis)
    }
    return resize.resolvedAxes(rank: rank)
  }

  private func requireList(_ list: Fact, of count: Int, isInteger: Bool, _ place: StaticString) throws(DLError) {
    let expected: StaticString = isInteger ? "i64" : "a floating-point type"
    guard isInteger ? list.type.dtype == .i64 : list.type.dtype.isFloat else {
      throw DLError(.typeMismatch, "\(place): expected \(expected), found \(list.type.dtype.name)")
    }
    try require(list.type, [.fixed(count)], "\(place)")
  }

  /// A size times a scale, rounded down, in single precision as others compute it.
  private func scaled(_ dim: Dim, by scale: Double?) throws(DLError) -> Dim {
    guard let scale else { return .unknown }
    guard scale > 0, scale.isFinite else { throw DLError(.invalidModel, "scales: expected numbers above 0, found \(scale)") }
    if scale == 1 { return dim }
    guard let size = dim.size else { return .unknown }
    let result = (Float(size) * Float(scale)).rounded(.down)
    guard result <= 0x1p30 else { throw DLError(.shapeMismatch, "\(size) elements times \(scale) are too many") }
    return .fixed(Int(result))
  }

  /// The sizes are those of a box; all axes get the scale of one of them.
  private func keepAspect(_ resize: Resize, _ axes: [Int], _ x: TensorType, _ dims: inout [Dim]) throws(DLError) {
    var ratios: [Double] = []
    for axis in axes {
      guard let size = x.dims[axis].size, size > 0, let wanted = dims[axis].size else { continue }
      ratios.append(Double(wanted) / Double(size))
    }
    let scale = resize.commonScale(of: ratios)
    for axis in axes {
      guard ratios.count == axes.count, let size = x.dims[axis].size else {
        dims[axis] = .unknown
        continue
      }
      // Halves are rounded up.
      dims[axis] = .fixed(clamped((scale * Double(size) + 0.5).rounded(.down), 0...(1 << 40)))
    }
  }
}
