import DLGraph

// Ioffe and Szegedy 2015. x [N, C, …]; everything else [C].

/// Calls `body` with each channel and the offsets of its planes in x, in parallel over the channels.
private func forEachChannel(_ shape: [Int], _ body: (_ channel: Int, _ planes: StrideTo<Int>, _ size: Int) -> Void) {
  let size = shape[2...].reduce(1, *)
  parallel(shape[1]) { channel in
    body(channel, stride(from: channel * size, to: shape[0] * shape[1] * size, by: shape[1] * size), size)
  }
}

/// y = scale · (x − mean) / √(variance + epsilon) + shift.
func batchNormForward<Scalar: TensorScalar>(_ epsilon: Scalar, _ inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
  let x = inputs[0].start
  return Tensor(uninitialized: inputs[0].shape) { y in
    forEachChannel(inputs[0].shape) { c, planes, size in
      let factor = inputs[1].start[c] / (inputs[4].start[c] + epsilon).squareRoot()
      let offset = inputs[2].start[c] - factor * inputs[3].start[c]
      for plane in planes { for i in plane..<plane + size { y[i] = factor * x[i] + offset } }
    }
  }
}

func batchNormBackward<Scalar: TensorScalar>(_ epsilon: Scalar, _ step: BackwardStep<Scalar>) -> [Tensor<Scalar>?] {
  let (x, dy) = (step.inputs[0].start, step.gradient.start)
  let (scale, mean, variance) = (step.inputs[1].start, step.inputs[3].start, step.inputs[4].start)
  let gradients = step.inputs.map { Tensor<Scalar>(zeros: $0.shape) }
  let start = gradients.map { $0.buffer.start }
  forEachChannel(step.output.shape) { c, planes, size in
    let deviation = (variance[c] + epsilon).squareRoot()
    var (sum, dot): (Scalar, Scalar) = (0, 0)
    for plane in planes {
      for i in plane..<plane + size {
        sum += dy[i]
        dot += dy[i] * (x[i] - mean[c]) / deviation
        start[0][i] = dy[i] * scale[c] / deviation
      }
    }
    start[1][c] = dot
    start[2][c] = sum
    start[3][c] = -sum * scale[c] / deviation
    start[4][c] = -dot * scale[c] / (2 * deviation * deviation)
  }
  return zip(gradients, step.isNeeded).map { $1 ? $0 : nil }
}

/// Normalises by the mean and the (biased) variance of the batch, which it saves with 1 / √(variance + epsilon).
func batchNormTrainingForward<Scalar: TensorScalar>(
  _ epsilon: Scalar, _ inputs: [Tensor<Scalar>]
) -> (Tensor<Scalar>, Saved<Scalar>) {
  let x = inputs[0].start
  let statistics = (0..<3).map { _ in Tensor<Scalar>(zeros: inputs[1].shape) }
  let (mean, variance, inverse) = (statistics[0].buffer.start, statistics[1].buffer.start, statistics[2].buffer.start)
  let y = Tensor<Scalar>(uninitialized: inputs[0].shape) { y in
    forEachChannel(inputs[0].shape) { c, planes, size in
      let count = Scalar(inputs[0].shape[0] * size)
      var sum: Scalar = 0
      for plane in planes { for i in plane..<plane + size { sum += x[i] } }
      mean[c] = sum / count
      var squares: Scalar = 0
      for plane in planes {
        for i in plane..<plane + size { squares += (x[i] - mean[c]) * (x[i] - mean[c]) }
      }
      variance[c] = squares / count
      inverse[c] = 1 / (variance[c] + epsilon).squareRoot()
      let factor = inputs[1].start[c] * inverse[c]
      for plane in planes {
        for i in plane..<plane + size { y[i] = factor * (x[i] - mean[c]) + inputs[2].start[c] }
      }
    }
  }
  return (y, Saved(tensors: statistics))
}

/// With x̂ = (x − mean) / σ: dx = scale/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)).
func batchNormTrainingBackward<Scalar: TensorScalar>(_ step: BackwardStep<Scalar>) -> [Tensor<Scalar>?] {
  let (x, dy, scale) = (step.inputs[0].start, step.gradient.start, step.inputs[1].start)
  let (mean, inverse) = (step.saved.tensors[0].start, step.saved.tensors[2].start)
  let gradients = step.inputs.map { Tensor<Scalar>(zeros: $0.shape) }
  let start = gradients.map { $0.buffer.start }
  forEachChannel(step.output.shape) { c, planes, size in
    let count = Scalar(step.output.shape[0] * size)
    var (sum, dot): (Scalar, Scalar) = (0, 0)
    for plane in planes {
      for i in plane..<plane + size {
        sum += dy[i]
        dot += dy[i] * (x[i] - mean[c]) * inverse[c]
      }
    }
    start[1][c] = dot
    start[2][c] = sum
    for plane in planes {
      for i in plane..<plane + size {
        let normalised = (x[i] - mean[c]) * inverse[c]
        start[0][i] = scale[c] * inverse[c] * (dy[i] - sum / count - normalised * dot / count)
      }
    }
  }
  return zip(gradients, step.isNeeded).map { $1 ? $0 : nil }
}
