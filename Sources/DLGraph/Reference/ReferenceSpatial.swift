import CPlatform
import KernelTypes

// Windows over elements of any type: convolution, pooling, transposed convolution, and unpooling.

func evaluateSpatial(_ op: Op, _ inputs: [TensorBuffer?], _ outputs: [TensorBuffer?]) throws(DLError) {
  guard let x = inputs[0], let y = outputs[0] else { return }
  let image = Array(x.sizes.dropFirst(2))
  switch op {
  case .conv(let window, let groups):
    guard let w = inputs[1] else { return }
    let resolved = window.resolved(kernel: Array(w.sizes[2...]), sizes: image)
    conv(resolved, groups, x, w, inputs.count > 2 ? inputs[2] : nil, y)
  case .convTranspose(let window, let groups, let outputPadding):
    guard let w = inputs[1] else { return }
    let (resolved, _) = window.resolvedTransposed(kernel: Array(w.sizes[2...]), outputPadding: outputPadding)
    convTranspose(resolved, groups, x, w, inputs.count > 2 ? inputs[2] : nil, y)
  case .maxPool(let kernel, let window):
    maxPool(kernel, window.resolved(kernel: kernel, sizes: image), x, y, outputs.count > 1 ? outputs[1] : nil)
  case .globalMaxPool:
    maxPool(image, Window(axes: image.count), x, y, nil)
  case .averagePool(let kernel, let window, let countPadding):
    averagePool(kernel, window.resolved(kernel: kernel, sizes: image), countPadding: countPadding, x, y)
  case .globalAveragePool:
    averagePool(image, Window(axes: image.count), countPadding: false, x, y)
  case .lpPool(let kernel, let window, let p):
    lpPool(kernel, window.resolved(kernel: kernel, sizes: image), Double(p), x, y)
  case .globalLpPool(let p):
    lpPool(image, Window(axes: image.count), Double(p), x, y)
  case .maxUnpool(let kernel, let window):
    guard let winners = inputs[1] else { return }
    try maxUnpool(kernel, window, x, winners, y)
  case .roiMaxPool(_, _, let scale):
    guard let regions = inputs[1] else { return }
    try roiMaxPool(scale, x, regions, y)
  case .roiAlign(let align):
    guard let regions = inputs[1], let images = inputs[2] else { return }
    try roiAlign(align, x, regions, images, y)
  default: break
  }
}

private func conv(
  _ window: Window, _ groups: Int, _ x: TensorBuffer, _ w: TensorBuffer, _ bias: TensorBuffer?, _ y: TensorBuffer
) {
  let kernel = Array(w.sizes[2...])
  var inside = WindowCells(kernel, window, Array(x.sizes[2...]))
  sumTaps(groups, x, w, bias, y) { position in
    var taps: [CellTap] = []
    inside.each(at: position) { cell, offset in taps.append((cell, offset)) }
    return taps
  } filter: { m, c in
    m * w.sizes[1] + c % w.sizes[1]
  }
}

/// Each output gathers the inputs that a forward convolution of the same window would have computed from it.
private func convTranspose(
  _ window: Window, _ groups: Int, _ x: TensorBuffer, _ w: TensorBuffer, _ bias: TensorBuffer?, _ y: TensorBuffer
) {
  let (image, kernel) = (Array(x.sizes[2...]), Array(w.sizes[2...]))
  sumTaps(groups, x, w, bias, y) {
    transposedTaps(kernel, window, image, at: $0)
  } filter: { m, c in
    c * w.sizes[1] + m % w.sizes[1]
  }
}

/// A cell of a kernel, and the offset in its plane of the input that it meets.
private typealias CellTap = (cell: Int, offset: Int)

/// Each output is a bias and the sum, over its taps and the channels of its group, of inputs times weights. filter: which plane of
/// w output channel m and channel c of x have.
private func sumTaps(
  _ groups: Int, _ x: TensorBuffer, _ w: TensorBuffer, _ bias: TensorBuffer?, _ y: TensorBuffer,
  taps: (_ position: [Int]) -> [CellTap], filter: (_ m: Int, _ c: Int) -> Int
) {
  let pixels = x.sizes[2...].reduce(1, *)
  let cells = w.sizes[2...].reduce(1, *)
  let outPixels = y.sizes[2...].reduce(1, *)
  let (channels, outChannels) = (x.sizes[1] / groups, y.sizes[1])
  var position = Index(Array(y.sizes[2...]))
  for o in 0..<outPixels {
    let taps = taps(position.at)
    for n in 0..<x.sizes[0] {
      for m in 0..<outChannels {
        let first = m / (outChannels / groups) * channels
        var sum = bias?.real(m) ?? 0
        for c in first..<first + channels {
          let xPlane = (n * x.sizes[1] + c) * pixels
          let wPlane = filter(m, c) * cells
          for tap in taps { sum += x.real(xPlane + tap.offset) * w.real(wPlane + tap.cell) }
        }
        y.setReal((n * outChannels + m) * outPixels + o, sum)
      }
    }
    position.advance()
  }
}

/// The kernel cells by which inputs reach an output position, and the offsets of those inputs in their plane.
private func transposedTaps(
  _ kernel: [Int], _ window: Window, _ image: [Int], at out: [Int]
) -> [CellTap] {
  var taps: [CellTap] = []
  var cell = Index(kernel)
  for number in 0..<kernel.reduce(1, *) {
    var offset = 0
    var isReached = true
    for axis in kernel.indices {
      let distance = out[axis] + window.padBegin[axis] - cell.at[axis] * window.dilations[axis]
      let i = distance / window.strides[axis]
      isReached = isReached && distance >= 0 && distance % window.strides[axis] == 0 && i < image[axis]
      if !isReached { break }
      offset = offset * image[axis] + i
    }
    if isReached { taps.append((number, offset)) }
    cell.advance()
  }
  return taps
}

/// The first of equal elements wins; a NaN wins and stays. A window that lies wholly in the padding has −∞ and winner −1.
private func maxPool(_ kernel: [Int], _ window: Window, _ x: TensorBuffer, _ y: TensorBuffer, _ winners: TensorBuffer?) {
  var cells = WindowCells(kernel, window, Array(x.sizes[2...]))
  eachWindow(x, y) { plane, o, position in
    var best = -Double.infinity
    var winner = -1
    cells.each(at: position) { _, offset in
      let v = x.real(plane + offset)
      if winner < 0 || (!(best >= v) && !best.isNaN) { (best, winner) = (v, plane + offset) }
    }
    y.setReal(o, best)
    winners?.setInteger(o, Int64(winner))
  }
}

private func averagePool(_ kernel: [Int], _ window: Window, countPadding: Bool, _ x: TensorBuffer, _ y: TensorBuffer) {
  let image = Array(x.sizes[2...])
  var cells = WindowCells(kernel, window, image)
  eachWindow(x, y) { plane, o, position in
    var sum = 0.0
    var inside = 0.0
    cells.each(at: position) { _, offset in
      sum += x.real(plane + offset)
      inside += 1
    }
    y.setReal(o, sum / (countPadding ? paddedCells(kernel, window, image, at: position) : inside))
  }
}

private func lpPool(_ kernel: [Int], _ window: Window, _ p: Double, _ x: TensorBuffer, _ y: TensorBuffer) {
  var cells = WindowCells(kernel, window, Array(x.sizes[2...]))
  eachWindow(x, y) { plane, o, position in
    var sum = 0.0
    cells.each(at: position) { _, offset in
      sum += dlp_pow(x.real(plane + offset).magnitude, p)
    }
    y.setReal(o, dlp_pow(sum, 1 / p))
  }
}

/// Calls body for each output: the offset of its plane in x, its own offset, its position in the plane.
private func eachWindow(
  _ x: TensorBuffer, _ y: TensorBuffer, _ body: (_ plane: Int, _ output: Int, _ position: [Int]) -> Void
) {
  let pixels = x.sizes[2...].reduce(1, *)
  let outPixels = y.sizes[2...].reduce(1, *)
  for plane in 0..<x.sizes[0] * x.sizes[1] {
    var position = Index(Array(y.sizes[2...]))
    for o in plane * outPixels..<(plane + 1) * outPixels {
      body(plane * pixels, o, position.at)
      position.advance()
    }
  }
}

/// The winners are offsets in a tensor of the size that follows from the window; a larger output has that at its beginning.
private func maxUnpool(
  _ kernel: [Int], _ window: Window, _ x: TensorBuffer, _ winners: TensorBuffer, _ y: TensorBuffer
) throws(DLError) {
  y.data.initializeMemory(as: UInt8.self, repeating: 0, count: y.count * y.dtype.size)
  var sizes = Array(x.sizes[..<2])
  for axis in kernel.indices {
    sizes.append(window.unpooled(size: x.sizes[axis + 2], kernel: kernel[axis], axis: axis))
  }
  let count = elementCount(sizes) ?? 0
  for i in 0..<x.count {
    let winner = winners.integer(i)
    guard winner >= 0, winner < count else {
      throw DLError(.invalidArgument, "offset \(Int(winner)) at \(i): expected 0 to \(count - 1)")
    }
    var rest = Int(winner)
    var place = 0
    var step = 1
    for axis in sizes.indices.reversed() {
      let at = rest % sizes[axis]
      guard at < y.sizes[axis] else {
        throw DLError(.invalidArgument, "offset \(Int(winner)) at \(i) lies outside the output \(describe(y.sizes))")
      }
      place += at * step
      rest /= sizes[axis]
      step *= y.sizes[axis]
    }
    y.copy(1, from: x, at: i, to: place)
  }
}
