import DLGraph

/// Mean cross-entropy between the labels and softmax(logits), computed as log Σ exp(z − max) − (z[label] − max).
/// - Parameters:
///   - logits: [N, classes]
///   - labels: N class numbers
public func softmaxCrossEntropy<Scalar: TensorScalar>(_ logits: Tensor<Scalar>, _ labels: [Int]) -> Tensor<Scalar> {
  precondition(logits.rank == 2, "softmaxCrossEntropy: expected logits [N, classes], found \(describe(logits.shape))")
  precondition(logits.shape[0] == labels.count, "softmaxCrossEntropy: \(logits.shape[0]) rows, \(labels.count) labels")
  precondition(labels.allSatisfy { 0..<logits.shape[1] ~= $0 }, "softmaxCrossEntropy: a label is not in 0..<\(logits.shape[1])")
  return perform(.softmaxCrossEntropy(labels: labels), [logits])
}

/// Mean cross-entropy between targets (0 to 1) and sigmoid(logits), computed as max(z, 0) − z·t + log(1 + exp(−|z|)).
/// Both have one shape.
public func binaryCrossEntropy<Scalar: TensorScalar>(_ logits: Tensor<Scalar>, _ targets: Tensor<Scalar>) -> Tensor<Scalar> {
  requireSameShape(logits, targets, "binaryCrossEntropy")
  return perform(.binaryCrossEntropy, [logits, targets])
}

/// Mean of the squared differences of two tensors of one shape.
public func meanSquaredError<Scalar: TensorScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> {
  requireSameShape(a, b, "meanSquaredError")
  return perform(.meanSquaredError, [a, b])
}

private func requireSameShape<Scalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>, _ name: String) {
  precondition(a.shape == b.shape, "\(name): \(describe(a.shape)) against \(describe(b.shape))")
}

// MARK: -

/// Saves the probabilities.
func softmaxCrossEntropyForward<Scalar: TensorScalar>(
  _ labels: [Int], _ x: [Tensor<Scalar>]
) -> (Tensor<Scalar>, Saved<Scalar>) {
  let z = x[0].start
  let classes = x[0].shape[1]
  var total: Scalar = 0
  for (i, label) in labels.enumerated() {
    let row = z + i * classes
    var top = -Scalar.infinity
    for k in 0..<classes { top = max(top, row[k]) }
    var sum: Scalar = 0
    for k in 0..<classes { sum += Scalar.exp(row[k] - top) }
    total += Scalar.log(sum) - (row[label] - top)
  }
  return (Tensor([], [total / Scalar(labels.count)]), Saved(tensors: [softmaxForward(1, x[0])]))
}

/// dz = (softmax(z) − onehot(label)) / N.
func softmaxCrossEntropyBackward<Scalar: TensorScalar>(_ labels: [Int], _ step: BackwardStep<Scalar>) -> [Tensor<Scalar>?] {
  let (p, classes) = (step.saved.tensors[0].start, step.inputs[0].shape[1])
  let factor = step.gradient.start[0] / Scalar(labels.count)
  let dz = elementwise(step.inputs[0].shape) { dz, range in for i in range { dz[i] = factor * p[i] } }
  for (i, label) in labels.enumerated() { dz.buffer.start[i * classes + label] -= factor }
  return [dz]
}

func binaryCrossEntropyForward<Scalar: TensorScalar>(_ x: [Tensor<Scalar>]) -> Tensor<Scalar> {
  var total: Scalar = 0
  for i in 0..<x[0].count {
    let (z, t) = (x[0].start[i], x[1].start[i])
    total += max(z, 0) - z * t + Scalar.log(1 + Scalar.exp(-abs(z)))
  }
  return Tensor([], [total / Scalar(x[0].count)])
}

func binaryCrossEntropyBackward<Scalar: TensorScalar>(_ step: BackwardStep<Scalar>) -> [Tensor<Scalar>?] {
  let (z, t) = (step.inputs[0].start, step.inputs[1].start)
  let factor = step.gradient.start[0] / Scalar(step.inputs[0].count)
  let shape = step.inputs[0].shape
  let dz = elementwise(shape) { dz, range in for i in range { dz[i] = factor * (logistic(z[i]) - t[i]) } }
  return [dz, step.isNeeded[1] ? elementwise(shape) { dt, range in for i in range { dt[i] = -factor * z[i] } } : nil]
}

func meanSquaredErrorForward<Scalar: TensorScalar>(_ x: [Tensor<Scalar>]) -> Tensor<Scalar> {
  var total: Scalar = 0
  for i in 0..<x[0].count {
    let difference = x[0].start[i] - x[1].start[i]
    total += difference * difference
  }
  return Tensor([], [total / Scalar(x[0].count)])
}

func meanSquaredErrorBackward<Scalar: TensorScalar>(_ step: BackwardStep<Scalar>) -> [Tensor<Scalar>?] {
  let (a, b) = (step.inputs[0].start, step.inputs[1].start)
  let factor = 2 * step.gradient.start[0] / Scalar(step.inputs[0].count)
  let shape = step.inputs[0].shape
  return [factor, -factor].enumerated().map { i, factor in
    guard step.isNeeded[i] else { return nil }
    return elementwise(shape) { dx, range in for i in range { dx[i] = factor * (a[i] - b[i]) } }
  }
}
