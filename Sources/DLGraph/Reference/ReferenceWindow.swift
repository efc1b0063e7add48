import KernelTypes

// Convolution and pooling over any number of spatial axes.

/// A multi-dimensional index that counts like an odometer, the last axis fastest.
struct Index {
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

/// Calls body for each cell of the window at an output position that lies inside the image: the cell's number in the kernel
/// and its offset in the image.
func eachCell(
  _ kernel: [Int], _ window: Window, _ image: [Int], at out: [Int], _ body: (_ cell: Int, _ offset: Int) -> Void
) {
  var lows: [Int] = []
  var counts: [Int] = []
  for axis in kernel.indices {
    let first = out[axis] * window.strides[axis] - window.padBegin[axis]
    let dilation = window.dilations[axis]
    let low = first >= 0 ? 0 : (dilation - 1 - first) / dilation
    lows.append(low)
    counts.append(max(0, cells(kernel[axis], dilation, from: first, before: image[axis]) - low))
  }
  var position = Index(counts)
  for _ in 0..<counts.reduce(1, *) {
    var cell = 0
    var offset = 0
    for axis in kernel.indices {
      let k = lows[axis] + position.at[axis]
      // Kernels of pools may have more cells than Int counts; they do not ask for the number.
      cell = cell &* kernel[axis] &+ k
      offset =
        offset * image[axis] + out[axis] * window.strides[axis] - window.padBegin[axis] + k * window.dilations[axis]
    }
    body(cell, offset)
    position.advance()
  }
}

/// How many of `kernel` cells, `dilation` apart from `first` on, lie before `end`.
private func cells(_ kernel: Int, _ dilation: Int, from first: Int, before end: Int) -> Int {
  first >= end ? 0 : min(kernel, (end - 1 - first) / dilation + 1)
}

/// How many cells of the window lie inside image and padding.
private func paddedCells<T: ReferenceScalar>(_ kernel: [Int], _ window: Window, _ image: [Int], at out: [Int]) -> T {
  var count: T = 1
  for axis in kernel.indices {
    let first = out[axis] * window.strides[axis] - window.padBegin[axis]
    count *= T(cells(kernel[axis], window.dilations[axis], from: first, before: image[axis] + window.padEnd[axis]))
  }
  return count
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
        eachCell(kernel, window, image, at: position.at) { cell, offset in
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
      eachCell(kernel, window, image, at: position.at) { _, offset in
        let v = xPlane[offset]
        inside += 1
        sum += v
        // A NaN wins and stays.
        if !(best >= v) && !best.isNaN { best = v }
      }
      y.data[plane * outPixels + o] =
        switch kind {
        case .max: best
        case .average(let countPadding):
          sum / (countPadding ? paddedCells(kernel, window, image, at: position.at) : T(inside))
        }
      position.advance()
    }
  }
}

func referenceGlobalPool<T: ReferenceScalar>(_ kind: PoolCall.Kind, _ x: TensorView<T>, _ y: MutableTensorView<T>) {
  let image = Array(x.sizes[2...])
  referencePool(image, Window(axes: image.count), kind, x, y)
}
