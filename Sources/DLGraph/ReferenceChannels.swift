// Operations along one axis: normalisations, softmax, concatenation; and broadcasting.

func referenceSoftmax<T: ReferenceScalar>(_ axis: Int, _ x: TensorView<T>, _ y: MutableTensorView<T>) {
  let n = x.sizes[axis]
  let inner = x.sizes[(axis + 1)...].reduce(1, *)
  for outer in 0..<x.sizes[..<axis].reduce(1, *) {
    for i in 0..<inner {
      let first = outer * n * inner + i
      var best = -T.infinity
      for k in 0..<n where x.data[first + k * inner] > best { best = x.data[first + k * inner] }
      var sum: T = 0
      for k in 0..<n {
        let e = T.exp(x.data[first + k * inner] - best)
        y.data[first + k * inner] = e
        sum += e
      }
      for k in 0..<n { y.data[first + k * inner] /= sum }
    }
  }
}

func referenceLocalResponseNorm<T: ReferenceScalar>(
  _ size: Int, _ alpha: T, _ beta: T, _ bias: T, _ x: TensorView<T>, _ y: MutableTensorView<T>
) {
  let channels = x.sizes[1]
  let pixels = x.sizes[2...].reduce(1, *)
  let before = (size - 1) / 2
  let after = size - 1 - before
  for n in 0..<x.sizes[0] {
    for c in 0..<channels {
      for p in 0..<pixels {
        var squares: T = 0
        for other in max(0, c - before)...min(channels - 1, c + after) {
          let v = x.data[(n * channels + other) * pixels + p]
          squares += v * v
        }
        let at = (n * channels + c) * pixels + p
        y.data[at] = x.data[at] / T.pow(bias + alpha / T(size) * squares, beta)
      }
    }
  }
}

/// inputs: x, scale, shift, mean, variance.
func referenceBatchNorm<T: ReferenceScalar>(_ epsilon: T, _ inputs: [TensorView<T>], _ y: MutableTensorView<T>) {
  let x = inputs[0]
  let channels = x.sizes[1]
  let pixels = x.sizes[2...].reduce(1, *)
  for n in 0..<x.sizes[0] {
    for c in 0..<channels {
      let factor = inputs[1].data[c] / (inputs[4].data[c] + epsilon).squareRoot()
      let first = (n * channels + c) * pixels
      for i in first..<first + pixels { y.data[i] = (x.data[i] - inputs[3].data[c]) * factor + inputs[2].data[c] }
    }
  }
}

/// numpy's broadcasting: sizes are aligned at the end, and a size of 1 is repeated.
func referenceBroadcast<T: ReferenceScalar>(
  _ a: TensorView<T>, _ b: TensorView<T>, _ y: MutableTensorView<T>, _ f: (T, T) -> T
) {
  let rank = y.sizes.count
  for i in 0..<y.count {
    var left = i
    var p = 0, pStride = 1
    var q = 0, qStride = 1
    for axis in 0..<rank {
      // Axes from the last to the first.
      let at = left % y.sizes[rank - 1 - axis]
      left /= y.sizes[rank - 1 - axis]
      if axis < a.sizes.count {
        let size = a.sizes[a.sizes.count - 1 - axis]
        if size > 1 { p += at * pStride }
        pStride *= size
      }
      if axis < b.sizes.count {
        let size = b.sizes[b.sizes.count - 1 - axis]
        if size > 1 { q += at * qStride }
        qStride *= size
      }
    }
    y.data[i] = f(a.data[p], b.data[q])
  }
}

func referenceConcat<T: ReferenceScalar>(_ axis: Int, _ inputs: [TensorView<T>], _ y: MutableTensorView<T>) {
  let outer = y.sizes[..<axis].reduce(1, *)
  let run = y.sizes[axis...].reduce(1, *)
  var first = 0
  for input in inputs {
    let count = input.sizes[axis...].reduce(1, *)
    for o in 0..<outer {
      for i in 0..<count { y.data[o * run + first + i] = input.data[o * count + i] }
    }
    first += count
  }
}
