// Shapes of pooling, transposed convolution and regions.

extension ShapeInference {
  func spatialFacts(_ op: Op, _ inputs: [Fact?], outputs: Int) throws(DLError) -> [Fact] {
    guard let x = inputs[0]?.type else { return [] }
    switch op {
    case .maxPool(let kernel, let window):
      guard x.dtype != .bool else { throw DLError(.typeMismatch, "expected numbers, found bool") }
      let y = try poolDims(kernel, window, x)
      let winners = Fact(TensorType(.i64, y))
      return one(x.dtype, y) + (outputs > 1 ? [winners] : [])
    case .averagePool(let kernel, let window, _):
      try requireFloats(inputs)
      return one(x.dtype, try poolDims(kernel, window, x))
    case .lpPool(let kernel, let window, let p):
      try requireFloats(inputs)
      try requireNorm(p)
      return one(x.dtype, try poolDims(kernel, window, x))
    case .globalMaxPool, .globalAveragePool, .globalLpPool:
      try requireFloats(inputs)
      if case .globalLpPool(let p) = op { try requireNorm(p) }
      try requireRank(x, atLeast: 3)
      try requireElements(x, "pool over")
      return one(x.dtype, x.dims[..<2] + x.dims[2...].map { _ in .fixed(1) })
    case .convTranspose(let window, let groups, let outputPadding):
      try requireFloats(inputs)
      return one(x.dtype, try convTransposeDims(window, groups, outputPadding, inputs))
    case .maxUnpool(let kernel, let window):
      return one(x.dtype, try unpoolDims(kernel, window, x, inputs))
    case .roiMaxPool(let height, let width, _):
      try requireFloats(inputs)
      return one(x.dtype, try regionDims(height, width, x, regions: inputs[1]?.type, numbers: 5))
    case .roiAlign(let align):
      guard let images = inputs[2]?.type else { return [] }
      try requireFloats([inputs[0], inputs[1]])
      guard 0...1024 ~= align.samples else {
        throw DLError(.invalidModel, "samples: expected 0 to 1024, found \(align.samples)")
      }
      try requireOffsets(images, "images")
      let dims = try regionDims(align.height, align.width, x, regions: inputs[1]?.type, numbers: 4)
      try require(images, [dims[0]], "images")
      return one(x.dtype, dims)
    default: return []
    }
  }

  private func requireNorm(_ p: Int) throws(DLError) {
    guard p >= 1 else { throw DLError(.invalidModel, "p: expected 1 or more, found \(p)") }
  }

  private func requireOffsets(_ offsets: TensorType, _ place: StaticString) throws(DLError) {
    guard offsets.dtype == .i64 else {
      throw DLError(.typeMismatch, "\(place): expected i64, found \(offsets.dtype.name)")
    }
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

  private func convTransposeDims(
    _ window: Window, _ groups: Int, _ outputPadding: [Int], _ inputs: [Fact?]
  ) throws(DLError) -> [Dim] {
    guard let x = inputs[0]?.type, let w = inputs[1]?.type else { return [] }
    try requireRank(x, atLeast: 3)
    guard w.rank == x.rank, let weights = w.sizes else {
      throw DLError(.shapeMismatch, "weights: expected rank \(x.rank) with fixed sizes, found \(describe(w, symbols: symbols))")
    }
    for n in weights where n == 0 {
      throw DLError(.shapeMismatch, "weights: expected sizes of 1 or more, found \(describe(weights))")
    }
    guard groups > 0, weights[0] % groups == 0 else {
      throw DLError(.shapeMismatch, "groups: expected a divisor of \(weights[0]) input channels, found \(groups)")
    }
    try require(x.dims[1], .fixed(weights[0]), "channels of x")
    let (channels, overflow) = weights[1].multipliedReportingOverflow(by: groups)
    if overflow { throw DLError(.shapeMismatch, "groups: \(groups) times \(weights[1]) channels overflows") }
    if inputs.count > 2, let bias = inputs[2]?.type { try require(bias, [.fixed(channels)], "bias") }
    return [x.dims[0], .fixed(channels)] + (try spread(Array(weights[2...]), window, outputPadding, x))
  }

  /// Spatial output sizes of a transposed window over x.
  private func spread(
    _ kernel: [Int], _ window: Window, _ outputPadding: [Int], _ x: TensorType
  ) throws(DLError) -> [Dim] {
    try requireWindow(kernel, window, axes: x.rank - 2)
    guard outputPadding.count == kernel.count, !outputPadding.contains(where: { !(0...Int(Int32.max) ~= $0) }) else {
      throw DLError(.invalidModel, "output padding: expected \(kernel.count) of 0 or more, found \(describe(outputPadding))")
    }
    let (window, outputPadding) = window.resolvedTransposed(kernel: kernel, outputPadding: outputPadding)
    var dims: [Dim] = []
    for i in kernel.indices {
      let added = (kernel[i] - 1) * window.dilations[i] + 1 - window.padBegin[i] - window.padEnd[i] + outputPadding[i]
      guard let size = x.dims[i + 2].size else {
        dims.append(window.strides[i] == 1 && added == 1 ? x.dims[i + 2] : .unknown)
        continue
      }
      let limit = Int(Int32.max)
      guard 1...limit ~= size else { throw DLError(.shapeMismatch, "axis \(i): expected a size of 1 to \(limit), found \(size)") }
      let result = (size - 1) * window.strides[i] + added
      guard 1...limit ~= result else {
        throw DLError(.shapeMismatch, "axis \(i): \(size) becomes \(result), expected 1 to \(limit)")
      }
      dims.append(.fixed(result))
    }
    return dims
  }

  private func unpoolDims(
    _ kernel: [Int], _ window: Window, _ x: TensorType, _ inputs: [Fact?]
  ) throws(DLError) -> [Dim] {
    guard let winners = inputs[1]?.type else { return [] }
    try requireRank(x, atLeast: 3)
    try requireOffsets(winners, "offsets")
    try require(winners, x.dims, "offsets")
    try requireWindow(kernel, window, axes: x.rank - 2)
    guard window.rule == .explicit else { throw DLError(.unsupported, "unpooling needs explicit padding") }
    var dims = Array(x.dims[..<2])
    for (i, dim) in x.dims.dropFirst(2).enumerated() {
      guard let size = dim.size else {
        dims.append(.unknown)
        continue
      }
      guard 1...Int(Int32.max) ~= size else { throw DLError(.shapeMismatch, "axis \(i): a size of \(size)") }
      let result = window.unpooled(size: size, kernel: kernel[i], axis: i)
      guard result >= 1 else { throw DLError(.shapeMismatch, "axis \(i): \(size) becomes \(result)") }
      dims.append(.fixed(result))
    }
    guard inputs.count > 2, let sizes = inputs[2] else { return dims }
    try requireOffsets(sizes.type, "sizes")
    try require(sizes.type, [.fixed(x.rank)], "sizes")
    guard let given = sizes.integers else { return x.dims.map { _ in .unknown } }
    for (i, dim) in given.enumerated() {
      guard let n = dim.size else { continue }
      guard n >= 0 else { throw DLError(.shapeMismatch, "sizes: expected 0 or more, found \(n)") }
      if i < 2 { try require(dim, x.dims[i], "sizes, dimension \(i)") }
    }
    return given
  }

  /// [regions, channels, height, width].
  private func regionDims(
    _ height: Int, _ width: Int, _ x: TensorType, regions: TensorType?, numbers: Int
  ) throws(DLError) -> [Dim] {
    guard let regions else { return [] }
    guard x.rank == 4 else { throw DLError(.shapeMismatch, "expected rank 4, found \(describe(x, symbols: symbols))") }
    try requireElements(x, "pool over")
    guard height > 0, width > 0 else { throw DLError(.invalidModel, "cells: expected 1 or more, found \(height) and \(width)") }
    guard regions.rank == 2 else {
      throw DLError(.shapeMismatch, "regions: expected rank 2, found \(describe(regions, symbols: symbols))")
    }
    try require(regions.dims[1], .fixed(numbers), "numbers of a region")
    return [regions.dims[0], x.dims[1], .fixed(height), .fixed(width)]
  }
}

extension Window {
  /// Positions of a window of `extent` cells over `size` cells and the padding, which fit at least one.
  func outputs(size: Int, extent: Int, axis: Int) -> Int {
    let stride = strides[axis]
    let free = size + padBegin[axis] + padEnd[axis] - extent
    var count = (ceil ? (free + stride - 1) / stride : free / stride) + 1
    // A window that would begin in the padding after the image does not count.
    if ceil && (count - 1) * stride >= size + padBegin[axis] { count -= 1 }
    return count
  }

  /// The window with explicit padding for images of the given spatial sizes. With `ceil` the last windows reach beyond the
  /// padding; cells there never count.
  public func resolved(kernel: [Int], sizes: [Int]) -> Window {
    var window = self
    for i in kernel.indices where rule != .explicit {
      let extent = (kernel[i] - 1) * dilations[i] + 1
      let total = max(0, (sizes[i] - 1) / strides[i] * strides[i] + extent - sizes[i])
      window.padBegin[i] = rule == .sameUpper ? total / 2 : total - total / 2
      window.padEnd[i] = total - window.padBegin[i]
    }
    window.rule = .explicit
    window.ceil = false
    return window
  }

  /// The window of a transposed convolution with explicit padding, and its output padding. By rule the output is
  /// in · stride, whatever the size.
  public func resolvedTransposed(kernel: [Int], outputPadding: [Int]) -> (Window, outputPadding: [Int]) {
    if rule == .explicit { return (self, outputPadding) }
    var window = self
    var outputPadding = outputPadding
    window.rule = .explicit
    for i in kernel.indices {
      let total = (kernel[i] - 1) * dilations[i] + 1 + outputPadding[i] - strides[i]
      // What no input reaches lies at the end.
      if total < 0 { outputPadding[i] -= total }
      let pad = max(0, total)
      window.padBegin[i] = rule == .sameUpper ? pad / 2 : pad - pad / 2
      window.padEnd[i] = pad - window.padBegin[i]
    }
    return (window, outputPadding)
  }

  /// The size that pooling by this window made `size` of, if none was lost.
  func unpooled(size: Int, kernel: Int, axis: Int) -> Int {
    (size - 1) * strides[axis] + kernel - padBegin[axis] - padEnd[axis]
  }
}
