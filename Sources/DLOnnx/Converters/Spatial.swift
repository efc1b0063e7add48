import DLGraph

/// The most weights that Col2Im is spelt out with.
private let mostPicks = 1 << 24

/// Operations that slide a window over [N, C, spatial…].
let spatialConverters: [String: Converter] = [
  "Conv": { call in
    let (x, weights) = (try call.input(0), try call.input(1))
    let kernel = try call.kernel(of: weights)
    let window = try call.window(kernel: kernel, over: x)
    return [try call.add(.conv(window, groups: call.int("group", default: 1)), x, weights, call.optional(2))]
  },
  "ConvTranspose": { call in
    let (x, weights) = (try call.input(0), try call.input(1))
    let kernel = try call.kernel(of: weights)
    let (window, outputPadding) = try call.transposedWindow(kernel, x)
    let op = Op.convTranspose(window, groups: try call.int("group", default: 1), outputPadding: outputPadding)
    return [try call.add(op, x, weights, call.optional(2))]
  },
  "MaxPool": { call in
    let (x, kernel, window) = try call.pool()
    let byColumns = try call.bool("storage_order")
    let op = Op.maxPool(kernel: kernel, window)
    guard call.wantsOutput(1) else { return [try call.add(op, x)] }
    let outputs = try call.add(op, [x], outputs: 2)
    return byColumns ? [outputs[0], try call.countByColumns(outputs[1], x)] : outputs
  },
  "AveragePool": { call in
    let (x, kernel, window) = try call.pool()
    let countPadding = try call.bool("count_include_pad")
    return [try call.add(.averagePool(kernel: kernel, window, countPadding: countPadding), x)]
  },
  "LpPool": { call in
    let (x, kernel, window) = try call.pool()
    return [try call.add(.lpPool(kernel: kernel, window, p: call.order()), x)]
  },
  "MaxUnpool": { call in
    let (x, kernel, window) = try call.pool()
    return [try call.add(.maxUnpool(kernel: kernel, window), x, call.input(1), call.optional(2))]
  },
  "GlobalMaxPool": { call in [try call.add(.globalMaxPool, call.input(0))] },
  "GlobalAveragePool": { call in [try call.add(.globalAveragePool, call.input(0))] },
  "GlobalLpPool": { call in [try call.add(.globalLpPool(p: call.order()), call.input(0))] },
  "MaxRoiPool": { call in
    let size = try call.required(call.perAxis("pooled_shape", 2), "pooled_shape")
    let op = Op.roiMaxPool(height: size[0], width: size[1], scale: try call.float("spatial_scale", default: 1))
    return [try call.add(op, call.input(0), call.input(1))]
  },
  "RoiAlign": { call in
    let rule = try call.string("coordinate_transformation_mode", default: call.version < 16 ? "output_half_pixel" : "half_pixel")
    let op = RoiAlign(
      height: try call.int("output_height", default: 1), width: try call.int("output_width", default: 1),
      samples: try call.int("sampling_ratio", default: 0), scale: try call.float("spatial_scale", default: 1),
      isMaximum: try call.choice("mode", ["avg": false, "max": true], default: "avg"), halfPixel: rule == "half_pixel")
    return [try call.add(.roiAlign(op), call.input(0), call.input(1), call.input(2))]
  },
  "Col2Im": { call in [try call.columnsToImage()] },
  "DeformConv": { call in [try call.deformableConvolution()] },
]

extension Call {
  /// The kernel is that of the weights; the attribute kernel_shape, where it is given, says the same.
  func kernel(of weights: Int) throws -> [Int] {
    guard let sizes = type(weights).sizes else { throw DLError(.unsupported, "weights of free sizes; --shape can give them") }
    let kernel = Array(sizes.dropFirst(2))
    if let stated = try ints("kernel_shape"), stated != kernel {
      throw DLError(.invalidModel, "kernel_shape: expected the weights' \(describe(kernel)), found \(describe(stated))")
    }
    return kernel
  }

  fileprivate func pool() throws -> (x: Int, kernel: [Int], Window) {
    let x = try input(0)
    let kernel = try required(perAxis("kernel_shape", max(0, rank(x) - 2)), "kernel_shape")
    var window = try window(kernel: kernel, over: x)
    window.ceil = try bool("ceil_mode")
    return (x, kernel, window)
  }

  /// The p of an Lp norm; a float in version 1.
  fileprivate func order() throws -> Int {
    if version >= 2 { return try int("p", default: 2) }
    let p = try float("p", default: 2)
    guard let order = Int(exactly: p) else { throw DLError(.unsupported, "p \(Double(p))") }
    return order
  }

  /// Offsets into planes [H, W] as offsets into planes stored column by column.
  fileprivate func countByColumns(_ offsets: Int, _ x: Int) throws -> Int {
    guard rank(x) == 4 else { throw DLError(.unsupported, "storage_order 1 of rank \(rank(x))") }
    let (height, width) = (try size(x, 2), try size(x, 3))
    let inPlane = try binary(.modulo, offsets, binary(.multiply, height, width))
    let row = try binary(.divide, inPlane, width)
    let column = try binary(.modulo, inPlane, width)
    return try binary(
      .add, binary(.subtract, offsets, inPlane), binary(.add, binary(.multiply, column, height), row))
  }

  /// Of a transposed convolution; its sizes may be given instead of its padding.
  fileprivate func transposedWindow(_ kernel: [Int], _ x: Int) throws -> (Window, outputPadding: [Int]) {
    let axes = kernel.count
    let rule = try string("auto_pad", default: "NOTSET")
    var window = try window(kernel: kernel, over: x)
    window.rule = .explicit
    var outputPadding = try perAxis("output_padding", axes) ?? Array(repeating: 0, count: axes)
    // Some files count batch and channels in.
    let outputShape = try ints("output_shape").map { Array($0.suffix(axes)) }
    if let outputShape, outputShape.count != axes { throw DLError(.invalidModel, "output_shape: expected \(axes) sizes") }
    for axis in 0..<axes where outputShape != nil || rule.hasPrefix("SAME") {
      let (stride, size) = (window.strides[axis], type(x).dims[axis + 2].size)
      guard kernel[axis] <= Int(Int32.max) else { throw DLError(.shapeMismatch, "a kernel of \(kernel[axis])") }
      let extent = (kernel[axis] - 1) * window.dilations[axis] + 1
      var total = extent + outputPadding[axis] - stride
      if let wanted = outputShape?[axis] {
        guard let size else { throw DLError(.unsupported, "output_shape over a free size; --shape can give it") }
        let limit = Int(Int32.max)
        guard size <= limit, 0...limit ~= wanted else {
          throw DLError(.shapeMismatch, "output_shape: \(wanted) of a size of \(size)")
        }
        total += size * stride - wanted
      }
      // What the input does not reach stays empty, at the end.
      if total < 0 { outputPadding[axis] -= total }
      total = max(0, total)
      window.padBegin[axis] = rule == "SAME_UPPER" ? total / 2 : total - total / 2
      window.padEnd[axis] = total - window.padBegin[axis]
    }
    return (window, outputPadding)
  }

  /// Columns of blocks are put where they came from and summed: a transposed convolution whose weights pick one cell each.
  fileprivate func columnsToImage() throws -> Int {
    let x = try input(0)
    let image = try required(knownIntegers(1, "image_shape"), "image_shape")
    let block = try required(knownIntegers(2, "block_shape"), "block_shape")
    let axes = image.count
    guard rank(x) == 3, axes == block.count, let rows = type(x).dims[1].size, let cells = elementCount(block), cells > 0,
      rows % cells == 0, image.allSatisfy({ 0...Int(Int32.max) ~= $0 })
    else { throw DLError(.shapeMismatch, "the input has not the rows of blocks \(describe(block))") }
    guard rows > 0, rows <= mostPicks / cells else { throw DLError(.unsupported, "\(rows) rows of blocks of \(cells)") }
    var window = Window(axes: axes)
    window.strides = try perAxis("strides", axes) ?? window.strides
    window.dilations = try perAxis("dilations", axes) ?? window.dilations
    if let pads = try perAxis("pads", 2 * axes) {
      window.padBegin = Array(pads[..<axes])
      window.padEnd = Array(pads[axes...])
    }
    var steps: [Int] = []
    var outputPadding: [Int] = []
    for axis in 0..<axes {
      let extent = (block[axis] - 1) * window.dilations[axis] + 1
      let free = image[axis] + window.padBegin[axis] + window.padEnd[axis] - extent
      guard free >= 0, window.strides[axis] > 0 else { throw DLError(.shapeMismatch, "the blocks do not fit the image") }
      steps.append(free / window.strides[axis] + 1)
      // Cells at the end of the image that no block reaches.
      outputPadding.append(free % window.strides[axis])
    }
    var one = [Float](repeating: 0, count: cells * cells)
    for cell in 0..<cells { one[cell * cells + cell] = 1 }
    let channels = rows / cells
    let weights = try Constant(
      [rows, 1] + block, Array(repeatElement(one, count: channels).joined()))
    let columns = try reshape(x, [0, rows] + steps)
    return try add(.convTranspose(window, groups: channels, outputPadding: outputPadding), columns, cast(add(weights), dtype(x)))
  }
}
