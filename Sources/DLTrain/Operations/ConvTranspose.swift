import DLGraph

// A transposed convolution is the gradient of a convolution by its input, and its gradient by its own input is that
// convolution: all three are made of `Convolution`'s parts, with the roles of input and output exchanged.

/// The convolution that would make x [N, C, …] of y [N, M, …] with weights [C, M/groups, kernel…].
private func mirrored(_ window: Window, _ groups: Int, x: [Int], w: [Int], y: [Int]) -> ConvShape {
  let (window, _) = window.resolvedTransposed(kernel: Array(w[2...]), outputPadding: w[2...].map { _ in 0 })
  return ConvShape(window, groups, x: y, w: w, y: x)
}

func convTransposeForward<Scalar: TensorScalar>(
  _ window: Window, _ groups: Int, _ inputs: [Tensor<Scalar>], _ shape: [Int]
) -> Tensor<Scalar> {
  let conv = mirrored(window, groups, x: inputs[0].shape, w: inputs[1].shape, y: shape)
  let y = convInputGradient(conv, inputs[1], inputs[0])
  guard inputs.count > 2, y.count > 0 else { return y }
  let (bias, plane) = (inputs[2].start, shape[2...].reduce(1, *))
  let start = y.buffer.start
  parallel(shape[0] * shape[1]) { p in
    for i in p * plane..<(p + 1) * plane { start[i] += bias[p % shape[1]] }
  }
  return y
}

func convTransposeBackward<Scalar: TensorScalar>(
  _ window: Window, _ groups: Int, _ step: BackwardStep<Scalar>
) -> [Tensor<Scalar>?] {
  let (x, w, dy) = (step.inputs[0], step.inputs[1], step.gradient)
  let conv = mirrored(window, groups, x: x.shape, w: w.shape, y: dy.shape)
  var gradients: [Tensor<Scalar>?] = step.inputs.map { _ in nil }
  if step.isNeeded[0] { gradients[0] = Scalar.backend.conv(conv, [dy, w]) }
  if step.isNeeded[1] { gradients[1] = convWeightGradient(conv, dy, x) }
  if step.inputs.count > 2, step.isNeeded[2] { gradients[2] = channelSums(dy) }
  return gradients
}
