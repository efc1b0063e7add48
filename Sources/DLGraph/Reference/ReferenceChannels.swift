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
