// Windows over any number of spatial axes.

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

/// The cells of a window that lie inside an image, at one output position after the other.
struct WindowCells {
  private let kernel: [Int], window: Window, image: [Int]
  private var lows: [Int]
  private var position: Index

  init(_ kernel: [Int], _ window: Window, _ image: [Int]) {
    (self.kernel, self.window, self.image) = (kernel, window, image)
    lows = kernel
    position = Index(kernel)
  }

  /// Calls body for each cell at an output position: the cell's number in the kernel and its offset in the image.
  mutating func each(at out: [Int], _ body: (_ cell: Int, _ offset: Int) -> Void) {
    for axis in kernel.indices {
      let first = out[axis] * window.strides[axis] - window.padBegin[axis]
      let dilation = window.dilations[axis]
      lows[axis] = first >= 0 ? 0 : (dilation - 1 - first) / dilation
      position.sizes[axis] = max(0, cells(kernel[axis], dilation, from: first, before: image[axis]) - lows[axis])
      position.at[axis] = 0
    }
    for _ in 0..<position.sizes.reduce(1, *) {
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
}

/// How many of `kernel` cells, `dilation` apart from `first` on, lie before `end`.
private func cells(_ kernel: Int, _ dilation: Int, from first: Int, before end: Int) -> Int {
  first >= end ? 0 : min(kernel, (end - 1 - first) / dilation + 1)
}

/// How many cells of the window lie inside image and padding.
func paddedCells(_ kernel: [Int], _ window: Window, _ image: [Int], at out: [Int]) -> Double {
  var count = 1.0
  for axis in kernel.indices {
    let first = out[axis] * window.strides[axis] - window.padBegin[axis]
    count *= Double(cells(kernel[axis], window.dilations[axis], from: first, before: image[axis] + window.padEnd[axis]))
  }
  return count
}
