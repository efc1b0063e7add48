import DLGraph

/// A tensor seen as lines along one axis: element k of line (outer, inner) is at outer · size · stride + k · stride + inner.
struct Lines {
  let count: Int
  let size: Int
  let stride: Int

  init(_ shape: [Int], axis: Int) {
    let axis = axis < 0 ? axis + shape.count : axis
    size = shape[axis]
    stride = shape[(axis + 1)...].reduce(1, *)
    count = shape[..<axis].reduce(1, *) * stride
  }

  /// Calls `body` with the offset of each line's first element, in parallel.
  func forEach(_ body: (Int) -> Void) {
    parallelRanges(count, grain: max(1, elementGrain / max(1, size))) { range in
      for line in range { body(line / stride * size * stride + line % stride) }
    }
  }
}

func softmaxForward<Scalar: TensorScalar>(_ axis: Int, _ x: Tensor<Scalar>) -> Tensor<Scalar> {
  let lines = Lines(x.shape, axis: axis)
  return Tensor(uninitialized: x.shape) { y in
    lines.forEach { first in
      let x = x.start + first
      let y = y + first
      var top = -Scalar.infinity
      for k in 0..<lines.size { top = max(top, x[k * lines.stride]) }
      var sum: Scalar = 0
      for k in 0..<lines.size {
        y[k * lines.stride] = Scalar.exp(x[k * lines.stride] - top)
        sum += y[k * lines.stride]
      }
      for k in 0..<lines.size { y[k * lines.stride] /= sum }
    }
  }
}

/// dx = y · (dy − Σ y·dy).
func softmaxBackward<Scalar: TensorScalar>(_ axis: Int, _ step: BackwardStep<Scalar>) -> Tensor<Scalar> {
  let lines = Lines(step.output.shape, axis: axis)
  return Tensor(uninitialized: step.output.shape) { dx in
    lines.forEach { first in
      let y = step.output.start + first
      let dy = step.gradient.start + first
      var dot: Scalar = 0
      for k in 0..<lines.size { dot += y[k * lines.stride] * dy[k * lines.stride] }
      for k in 0..<lines.size { dx[first + k * lines.stride] = y[k * lines.stride] * (dy[k * lines.stride] - dot) }
    }
  }
}
