import DLGraph

/// The attributes of local response normalisation, y = x · s^(−beta) with s = bias + alpha/size · Σ x² over the window.
struct LocalResponse<Scalar: TensorScalar> {
  let size: Int
  let alpha, beta, bias: Scalar

  init(_ size: Int, _ alpha: Float, _ beta: Float, _ bias: Float) {
    self.size = size
    self.alpha = Scalar(alpha)
    self.beta = Scalar(beta)
    self.bias = Scalar(bias)
  }

  /// The channels that count for channel c.
  func window(_ c: Int, of channels: Int) -> Range<Int> {
    max(0, c - (size - 1) / 2)..<min(channels, c + size / 2 + 1)
  }
  /// The channels that channel c counts for.
  func mirror(_ c: Int, of channels: Int) -> Range<Int> {
    max(0, c - size / 2)..<min(channels, c + (size - 1) / 2 + 1)
  }
}

func localResponseNormForward<Scalar: TensorScalar>(
  _ norm: LocalResponse<Scalar>, _ x: Tensor<Scalar>
) -> (Tensor<Scalar>, Saved<Scalar>) {
  let lines = Lines(x.shape, axis: 1)
  let factor = norm.alpha / Scalar(norm.size)
  let scale = Tensor<Scalar>(uninitialized: x.shape) { scale in
    lines.forEach { first in
      for c in 0..<lines.size {
        var sum: Scalar = 0
        for k in norm.window(c, of: lines.size) {
          let value = x.start[first + k * lines.stride]
          sum += value * value
        }
        scale[first + c * lines.stride] = norm.bias + factor * sum
      }
    }
  }
  let (from, s) = (x.start, scale.start)
  let y = elementwise(x.shape) { y, range in for i in range { y[i] = from[i] * Scalar.pow(s[i], -norm.beta) } }
  return (y, Saved(tensors: [scale]))
}

/// dx = dy · s^(−beta) − 2 · alpha/size · beta · x · Σ dy·y/s over the channels whose windows hold this one.
func localResponseNormBackward<Scalar: TensorScalar>(
  _ norm: LocalResponse<Scalar>, _ step: BackwardStep<Scalar>
) -> Tensor<Scalar> {
  let lines = Lines(step.output.shape, axis: 1)
  let (x, y, dy, scale) = (step.inputs[0].start, step.output.start, step.gradient.start, step.saved.tensors[0].start)
  let factor = 2 * norm.alpha / Scalar(norm.size) * norm.beta
  return Tensor(uninitialized: step.output.shape) { dx in
    lines.forEach { first in
      for c in 0..<lines.size {
        var sum: Scalar = 0
        for k in norm.mirror(c, of: lines.size) {
          let i = first + k * lines.stride
          sum += dy[i] * y[i] / scale[i]
        }
        let i = first + c * lines.stride
        dx[i] = dy[i] * Scalar.pow(scale[i], -norm.beta) - factor * x[i] * sum
      }
    }
  }
}
