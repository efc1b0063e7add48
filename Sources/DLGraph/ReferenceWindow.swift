import KernelTypes

// Convolution and pooling over any number of spatial axes.

/// A multi-dimensional index that counts like an odometer, the last axis fastest.
private struct Index {
  var sizes: [Int]
  var at: [Int]

  init(_ sizes: [Int]) {
    self.sizes = sizes
    at = Array(repeating: 0, count: sizes.count)
  }

  mutating func advance() {
    for axis in sizes.indices.reversed() {
      at[axis] += 1
      if at[axis] < sizes[axis] { return }
      at[axis] = 0
    }
  }
}

/// Calls body for each cell of the window at an output position: the cell's number in the kernel, its offset in the
/// image (nil in the padding), and whether it lies within the stated padding at all.
private func eachCell(
  _ kernel: [Int], _ window: Window, _ image: [Int], at out: [Int], _ body: (_ cell: Int, _ offset: Int?, _ padded: Bool) -> Void
) {
  var cell = Index(kernel)
  for number in 0..<kernel.reduce(1, *) {
    var offset = 0
    var inside = true
    var padded = true
    for axis in kernel.indices {
      let p = out[axis] * window.strides[axis] + cell.at[axis] * window.dilations[axis] - window.padBegin[axis]
      if p < 0 || p >= image[axis] { inside = false }
      if p >= image[axis] + window.padEnd[axis] { padded = false }
      offset = offset * image[axis] + p
    }
    body(number, inside ? offset : nil, padded)
    cell.advance()
  }
}

func referenceConv<T: ReferenceScalar>(
  _ window: Window, _ groups: Int, _ x: TensorView<T>, _ w: TensorView<T>, _ bias: UnsafePointer<T>?, _ y: MutableTensorView<T>
) {
  let image = Array(x.sizes[2...])
  let kernel = Array(w.sizes[2...])
  let out = Array(y.sizes[2...])
  let pixels = image.reduce(1, *)
  let cells = kernel.reduce(1, *)
  let outPixels = out.reduce(1, *)
  let channels = w.sizes[1]
  let outChannels = w.sizes[0]
  for n in 0..<x.sizes[0] {
    for m in 0..<outChannels {
      let group = m / (outChannels / groups)
      let xGroup = x.data + (n * x.sizes[1] + group * channels) * pixels
      let wFilter = w.data + m * channels * cells
      var position = Index(out)
      for o in 0..<outPixels {
        var sum: T = bias?[m] ?? 0
        eachCell(kernel, window, image, at: position.at) { cell, offset, _ in
          guard let offset else { return }
          for c in 0..<channels { sum += xGroup[c * pixels + offset] * wFilter[c * cells + cell] }
        }
        y.data[(n * outChannels + m) * outPixels + o] = sum
        position.advance()
      }
    }
  }
}

func referencePool<T: ReferenceScalar>(
  _ kernel: [Int], _ window: Window, _ kind: PoolCall.Kind, _ x: TensorView<T>, _ y: MutableTensorView<T>
) {
  let image = Array(x.sizes[2...])
  let out = Array(y.sizes[2...])
  let pixels = image.reduce(1, *)
  let outPixels = out.reduce(1, *)
  for plane in 0..<x.sizes[0] * x.sizes[1] {
    let xPlane = x.data + plane * pixels
    var position = Index(out)
    for o in 0..<outPixels {
      var best = -T.infinity
      var sum: T = 0
      var inside = 0
      var within = 0
      eachCell(kernel, window, image, at: position.at) { _, offset, padded in
        if padded { within += 1 }
        guard let offset else { return }
        let v = xPlane[offset]
        inside += 1
        sum += v
        // A NaN wins and stays.
        if !(best >= v) && !best.isNaN { best = v }
      }
      y.data[plane * outPixels + o] =
        switch kind {
        case .max: best
        case .average(let countPadding): sum / T(countPadding ? within : inside)
        }
      position.advance()
    }
  }
}

func referenceGlobalPool<T: ReferenceScalar>(_ kind: PoolCall.Kind, _ x: TensorView<T>, _ y: MutableTensorView<T>) {
  let image = Array(x.sizes[2...])
  referencePool(image, Window(axes: image.count), kind, x, y)
}
