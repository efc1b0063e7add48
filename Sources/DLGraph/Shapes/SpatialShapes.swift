// Shapes of pooling, transposed convolution and regions.

extension ShapeInference {
  func spatialFacts(_ op: Op, _ inputs: [Fact?], outputs: Int) throws(DLError) -> [Fact] {
    guard let x = inputs[0]?.type else { return [] }
    switch op {
    case .maxPool(let kernel, let window):
      let y = try poolDims(kernel, window, x)
      let winners = Fact(TensorType(.i64, y))
      return one(x.dtype, y) + (outputs > 1 ? [winners] : [])
    case .averagePool(let kernel, let window, _):
      try requireFloats(inputs)
      return one(x.dtype, try poolDims(kernel, window, x))
    case .globalMaxPool, .globalAveragePool:
      try requireFloats(inputs)
      try requireRank(x, atLeast: 3)
      for dim in x.dims[2...] where dim.size == 0 {
        throw DLError(.shapeMismatch, "cannot pool over no elements: \(describe(x, symbols: symbols))")
      }
      return one(x.dtype, x.dims[..<2] + x.dims[2...].map { _ in .fixed(1) })
    default: throw DLError(.unsupported, "not supported yet")
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

  /// The window with explicit padding for images of the given spatial sizes: rules applied, and as much padding after the
  /// image as the last window of `ceil` needs.
  public func resolved(kernel: [Int], sizes: [Int]) -> Window {
    var window = self
    for i in kernel.indices {
      let extent = (kernel[i] - 1) * dilations[i] + 1
      if rule != .explicit {
        let total = max(0, (sizes[i] - 1) / strides[i] * strides[i] + extent - sizes[i])
        window.padBegin[i] = rule == .sameUpper ? total / 2 : total - total / 2
        window.padEnd[i] = total - window.padBegin[i]
      } else if ceil {
        let last = (outputs(size: sizes[i], extent: extent, axis: i) - 1) * strides[i] + extent
        window.padEnd[i] = max(padEnd[i], last - sizes[i] - padBegin[i])
      }
    }
    window.rule = .explicit
    window.ceil = false
    return window
  }
}
