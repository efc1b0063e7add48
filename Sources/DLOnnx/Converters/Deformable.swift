import DLGraph

extension Call {
  /// x [N, C, H, W], w [M, C/groups, …], offsets [N, parts · cells · 2, height, width] that move each cell of the window, [bias],
  /// [mask]: the image is sampled where the cells lie, and the samples are multiplied as by a convolution of 1 × 1. Dai et al.
  /// 2017, with the mask of Zhu et al. 2019.
  func deformableConvolution() throws -> Int {
    let (x, weights, offsets) = (try input(0), try input(1), try input(2))
    let kernel = try kernel(of: weights)
    let window = try window(kernel: kernel, over: x)
    let (groups, parts) = (try int("group", default: 1), try int("offset_group", default: 1))
    guard kernel.count == 2, rank(offsets) == 4 else { throw DLError(.unsupported, "rank \(rank(x)): expected images") }
    guard let image = TensorType(.f32, Array(type(x).dims[1...])).sizes,
      let size = TensorType(.f32, Array(type(offsets).dims[2...])).sizes
    else { throw DLError(.unsupported, "images of free size; --shape can give it") }
    guard let positions = elementCount(kernel + size), positions <= 1 << 24 else {
      throw DLError(.unsupported, "\(describe(kernel)) cells at \(describe(size)) positions are too many")
    }
    guard parts > 0, image[0] % parts == 0 else { throw DLError(.shapeMismatch, "offset_group \(parts) of \(image[0]) channels") }
    let cells = kernel[0] * kernel[1]

    // [N · parts, cells, height, width, 2]: row and column of x.
    let moved = try transpose(reshape(offsets, [-1, cells, 2, size[0], size[1]]), [0, 1, 3, 4, 2])
    let position = try binary(.add, moved, cast(add(restPositions(kernel, window, size)), dtype(x)))
    // Cells of x lie at (2 · position + 1) / size − 1.
    let scale = try cast(add(Constant([2], [2 / Float(image[1]), 2 / Float(image[2])])), dtype(x))
    let shift = try cast(add(Constant([2], [1 / Float(image[1]) - 1, 1 / Float(image[2]) - 1])), dtype(x))
    let grid = try add(
      .gather(axis: -1), binary(.add, binary(.multiply, position, scale), shift), numbers([1, 0]))
    let flat = try reshape(grid, [-1, cells * size[0], size[1], 2])
    var samples = try add(.gridSample(GridSample()), reshape(x, [-1, image[0] / parts, image[1], image[2]]), flat)
    if let mask = optional(4) {
      samples = try binary(.multiply, samples, reshape(mask, [-1, 1, cells * size[0], size[1]]))
    }
    samples = try reshape(samples, [-1, image[0] * cells, size[0], size[1]])
    return try add(.conv(Window(), groups: groups), samples, reshape(weights, [0, -1, 1, 1]), optional(3))
  }

  /// Where the cells lie without an offset: [cells, height, width, 2].
  private func restPositions(_ kernel: [Int], _ window: Window, _ size: [Int]) throws -> Constant {
    var positions: [Float] = []
    for cell in 0..<kernel[0] * kernel[1] {
      let place = [cell / kernel[1], cell % kernel[1]]
      for row in 0..<size[0] {
        for column in 0..<size[1] {
          for (axis, index) in [row, column].enumerated() {
            positions.append(
              Float(index * window.strides[axis] - window.padBegin[axis] + place[axis] * window.dilations[axis]))
          }
        }
      }
    }
    return try Constant([kernel[0] * kernel[1], size[0], size[1], 2], positions)
  }
}
