import CPlatform
import KernelTypes

// Normalisations, computed in double precision.

func evaluateNorm(_ op: Op, _ inputs: [TensorBuffer?], _ outputs: [TensorBuffer?]) {
  guard let x = inputs[0], let y = outputs[0] else { return }
  switch op {
  case .softmax(let axis): softmax(axis, x, y, isLogarithm: false)
  case .logSoftmax(let axis): softmax(axis, x, y, isLogarithm: true)
  case .hardmax(let axis): hardmax(axis, x, y)
  case .localResponseNorm(let size, let alpha, let beta, let bias):
    localResponseNorm(size, Double(alpha), Double(beta), Double(bias), x, y)
  case .batchNorm(let epsilon): batchNorm(Double(epsilon), inputs.compactMap { $0 }, y)
  case .instanceNorm(let epsilon): channelNorm(groups: x.sizes[1], epsilon, inputs, y)
  case .groupNorm(let groups, let epsilon): channelNorm(groups: groups, epsilon, inputs, y)
  case .layerNorm(let axis, let epsilon): layerNorm(axis, epsilon, inputs, outputs)
  case .rmsNorm(let axis, let epsilon): rmsNorm(axis, epsilon, inputs, y)
  case .lpNormalise(let axis, let p): lpNormalise(axis, p, x, y)
  default: break
  }
}

private func softmax(_ axis: Int, _ x: TensorBuffer, _ y: TensorBuffer, isLogarithm: Bool) {
  eachRow(x.sizes, axis) { _, first, step, count in
    var best = -Double.infinity
    for k in 0..<count { best = realFunction(.maximum, best, x.real(first + k * step)) }
    var sum = 0.0
    for k in 0..<count { sum += dlp_exp(x.real(first + k * step) - best) }
    let log = best + dlp_log(sum)
    for i in stride(from: first, to: first + count * step, by: step) {
      y.setReal(i, isLogarithm ? x.real(i) - log : dlp_exp(x.real(i) - best) / sum)
    }
  }
}

private func hardmax(_ axis: Int, _ x: TensorBuffer, _ y: TensorBuffer) {
  eachRow(x.sizes, axis) { _, first, step, count in
    var best = 0
    for k in 0..<count where x.real(first + k * step) > x.real(first + best * step) { best = k }
    for k in 0..<count { y.setReal(first + k * step, k == best ? 1 : 0) }
  }
}

/// Mean and 1 / √(variance + epsilon) of `count` elements from `first` on.
private func statistics(_ x: TensorBuffer, _ first: Int, _ count: Int, _ epsilon: Float) -> (mean: Double, scale: Double) {
  var sum = 0.0
  for i in first..<first + count { sum += x.real(i) }
  let mean = sum / Double(count)
  var squares = 0.0
  for i in first..<first + count {
    let difference = x.real(i) - mean
    squares += difference * difference
  }
  return (mean, 1 / (squares / Double(count) + Double(epsilon)).squareRoot())
}

private func localResponseNorm(_ size: Int, _ alpha: Double, _ beta: Double, _ bias: Double, _ x: TensorBuffer, _ y: TensorBuffer)
{
  let before = (size - 1) / 2
  eachRow(x.sizes, 1) { _, first, step, channels in
    for c in 0..<channels {
      var squares = 0.0
      for other in max(0, c - before)...min(channels - 1, c - before + size - 1) {
        let v = x.real(first + other * step)
        squares += v * v
      }
      y.setReal(first + c * step, x.real(first + c * step) / dlp_pow(bias + alpha / Double(size) * squares, beta))
    }
  }
}

/// inputs: x [N, C, …], scale, shift, mean, variance [C].
private func batchNorm(_ epsilon: Double, _ inputs: [TensorBuffer], _ y: TensorBuffer) {
  let x = inputs[0]
  let factors = (0..<x.sizes[1]).map { inputs[1].real($0) / (inputs[4].real($0) + epsilon).squareRoot() }
  eachRow(x.sizes, 1) { _, first, step, channels in
    for c in 0..<channels {
      y.setReal(first + c * step, (x.real(first + c * step) - inputs[3].real(c)) * factors[c] + inputs[2].real(c))
    }
  }
}

/// inputs: x [N, C, …], scale, shift [C]. A group of channels and their positions are neighbours in memory.
private func channelNorm(groups: Int, _ epsilon: Float, _ inputs: [TensorBuffer?], _ y: TensorBuffer) {
  guard let x = inputs[0], let scale = inputs[1], let shift = inputs[2], x.count > 0 else { return }
  let pixels = x.sizes[2...].reduce(1, *)
  let channels = x.sizes[1]
  let count = channels / groups * pixels
  for group in 0..<x.sizes[0] * groups {
    let (mean, factor) = statistics(x, group * count, count, epsilon)
    for i in group * count..<(group + 1) * count {
      let channel = i / pixels % channels
      y.setReal(i, (x.real(i) - mean) * factor * scale.real(channel) + shift.real(channel))
    }
  }
}

/// inputs: x, scale, shift or nil. outputs: y, means, scales.
private func layerNorm(_ axis: Int, _ epsilon: Float, _ inputs: [TensorBuffer?], _ outputs: [TensorBuffer?]) {
  guard let x = inputs[0], let y = outputs[0], let scale = inputs[1] else { return }
  let shift = inputs.count > 2 ? inputs[2] : nil
  let rows = x.sizes[..<(axis < 0 ? axis + x.sizes.count : axis)].reduce(1, *)
  let count = rows == 0 ? 0 : x.count / rows
  var means: [Double] = []
  var factors: [Double] = []
  for row in 0..<rows {
    let (mean, factor) = statistics(x, row * count, count, epsilon)
    means.append(mean)
    factors.append(factor)
    if outputs.count > 1 { outputs[1]?.setReal(row, mean) }
    if outputs.count > 2 { outputs[2]?.setReal(row, factor) }
  }
  eachBroadcast([x.sizes, scale.sizes, shift?.sizes ?? []], x.sizes) { i, at in
    let row = i / count
    let normal = (x.real(i) - means[row]) * factors[row] * scale.real(at[1])
    y.setReal(i, normal + (shift?.real(at[2]) ?? 0))
  }
}

private func rmsNorm(_ axis: Int, _ epsilon: Float, _ inputs: [TensorBuffer?], _ y: TensorBuffer) {
  guard let x = inputs[0], let scale = inputs[1], x.count > 0 else { return }
  let rows = x.sizes[..<(axis < 0 ? axis + x.sizes.count : axis)].reduce(1, *)
  let count = x.count / rows
  var factors: [Double] = []
  for row in 0..<rows {
    var squares = 0.0
    for i in row * count..<(row + 1) * count { squares += x.real(i) * x.real(i) }
    factors.append(1 / (squares / Double(count) + Double(epsilon)).squareRoot())
  }
  eachBroadcast(x.sizes, scale.sizes, x.sizes) { i, _, at in y.setReal(i, x.real(i) * factors[i / count] * scale.real(at)) }
}

private func lpNormalise(_ axis: Int, _ p: Int, _ x: TensorBuffer, _ y: TensorBuffer) {
  eachRow(x.sizes, axis) { _, first, step, count in
    var sum = 0.0
    for k in 0..<count {
      let v = x.real(first + k * step)
      sum += p == 1 ? v.magnitude : v * v
    }
    let norm = p == 1 ? sum : sum.squareRoot()
    for k in 0..<count { y.setReal(first + k * step, norm == 0 ? 0 : x.real(first + k * step) / norm) }
  }
}
