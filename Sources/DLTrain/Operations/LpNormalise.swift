import DLGraph

/// y = x / norm along an axis, with the norm Σ|x| (p = 1) or √Σx² (p = 2); where the norm is 0, 0. Saves the norms' inverses.
func lpNormaliseForward<Scalar: TensorScalar>(
  _ axis: Int, _ p: Int, _ x: Tensor<Scalar>
) -> (Tensor<Scalar>, Saved<Scalar>) {
  let lines = Lines(x.shape, axis: axis)
  let inverse = Tensor<Scalar>(zeros: x.shape)
  let y = Tensor<Scalar>(uninitialized: x.shape) { y in
    lines.forEach { first in
      var sum: Scalar = 0
      for k in 0..<lines.size {
        let value = x.start[first + k * lines.stride]
        sum += p == 1 ? abs(value) : value * value
      }
      let norm = p == 1 ? sum : sum.squareRoot()
      let factor = norm == 0 ? 0 : 1 / norm
      for k in 0..<lines.size {
        let i = first + k * lines.stride
        inverse.buffer.start[i] = factor
        y[i] = factor * x.start[i]
      }
    }
  }
  return (y, Saved(tensors: [inverse]))
}

/// dx = (dy − n · Σ dy·y) / norm, where n = ∂norm/∂x is y (p = 2) or the sign of x (p = 1).
func lpNormaliseBackward<Scalar: TensorScalar>(_ axis: Int, _ p: Int, _ step: BackwardStep<Scalar>) -> Tensor<Scalar> {
  let lines = Lines(step.output.shape, axis: axis)
  let (x, y, dy, inverse) = (step.inputs[0].start, step.output.start, step.gradient.start, step.saved.tensors[0].start)
  return Tensor(uninitialized: step.output.shape) { dx in
    lines.forEach { first in
      var dot: Scalar = 0
      for k in 0..<lines.size { dot += dy[first + k * lines.stride] * y[first + k * lines.stride] }
      for k in 0..<lines.size {
        let i = first + k * lines.stride
        let slope: Scalar = p == 2 ? y[i] : x[i] > 0 ? 1 : x[i] < 0 ? -1 : 0
        dx[i] = (dy[i] - slope * dot) * inverse[i]
      }
    }
  }
}
