/// m ← β₁·m + (1−β₁)·g, v ← β₂·v + (1−β₂)·g², both corrected for their start at zero, then
/// w ← w − learningRate · m̂ / (√v̂ + epsilon). Kingma and Ba 2015.
public final class Adam<Scalar: TensorScalar>: Optimiser {
  public let targets: [Parameter<Scalar>]
  public var learningRate: Scalar
  public var steps = 0
  let beta1, beta2, epsilon, weightDecay: Scalar
  private let names: [String]
  private let first, second: [Parameter<Scalar>]

  public init(
    _ parameters: Parameters<Scalar>, learningRate: Scalar = 0.001, beta1: Scalar = 0.9, beta2: Scalar = 0.999,
    epsilon: Scalar = 1e-8, weightDecay: Scalar = 0
  ) {
    targets = parameters.learnt
    names = parameters.filter(\.parameter.isLearnt).map(\.name)
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    first = moments(of: targets)
    second = moments(of: targets)
  }

  public func update(_ gradients: [Tensor<Scalar>]) {
    precondition(gradients.count == targets.count, "\(gradients.count) gradients for \(targets.count) parameters")
    steps += 1
    let correction1 = 1 - Scalar.pow(beta1, Scalar(steps))
    let correction2 = 1 - Scalar.pow(beta2, Scalar(steps))
    for (i, gradient) in gradients.enumerated() {
      let rule = AdamRule(
        rate: learningRate / correction1, beta1: beta1, beta2: beta2, epsilon: epsilon, decay: decay(targets[i], weightDecay),
        correction2: correction2)
      let moved = adam(rule, targets[i].value, gradient, first[i].value, second[i].value)
      targets[i].value = moved[0]
      first[i].value = moved[1]
      second[i].value = moved[2]
    }
  }

  public var parameters: Parameters<Scalar> {
    var all: Parameters<Scalar> = [:]
    for (i, name) in names.enumerated() {
      all.append(first[i], as: name + ".first_moment")
      all.append(second[i], as: name + ".second_moment")
    }
    return all
  }
}

private struct AdamRule<Scalar> {
  let rate, beta1, beta2, epsilon, decay, correction2: Scalar
}

/// The next parameter, first and second moment.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func adam<Scalar: TensorScalar>(
  _ rule: AdamRule<Scalar>, _ value: Tensor<Scalar>, _ gradient: Tensor<Scalar>, _ first: Tensor<Scalar>,
  _ second: Tensor<Scalar>
) -> [Tensor<Scalar>] {
  let (w, g, m, v) = (value.start, gradient.start, first.start, second.start)
  let (beta1, beta2, epsilon, decay) = (rule.beta1, rule.beta2, rule.epsilon, rule.decay)
  let (rate, correction) = (rule.rate, 1 / rule.correction2)
  return withExtendedLifetime((value, gradient, first, second)) {
    let nextFirst = elementwise(value.shape) { y, range in
      for i in range { y[i] = beta1 * m[i] + (1 - beta1) * (g[i] + decay * w[i]) }
    }
    let nextSecond = elementwise(value.shape) { y, range in
      for i in range { y[i] = beta2 * v[i] + (1 - beta2) * (g[i] + decay * w[i]) * (g[i] + decay * w[i]) }
    }
    let (m, v) = (nextFirst.start, nextSecond.start)
    let next = elementwise(value.shape) { y, range in
      for i in range { y[i] = w[i] - rate * m[i] / ((v[i] * correction).squareRoot() + epsilon) }
    }
    return [next, nextFirst, nextSecond]
  }
}
