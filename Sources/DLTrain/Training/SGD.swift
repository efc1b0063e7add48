/// Stochastic gradient descent: v ← momentum · v + g, w ← w − learningRate · v; with `nesterov`
/// w ← w − learningRate · (g + momentum · v). Polyak 1964; Sutskever et al. 2013.
public final class SGD<Scalar: TensorScalar>: Optimiser {
  public let targets: [Parameter<Scalar>]
  public var learningRate: Scalar
  public var steps = 0
  let momentum, weightDecay: Scalar
  let nesterov: Bool
  private let names: [String]
  private let velocity: [Parameter<Scalar>]

  public init(
    _ parameters: Parameters<Scalar>, learningRate: Scalar, momentum: Scalar = 0, nesterov: Bool = false,
    weightDecay: Scalar = 0
  ) {
    targets = parameters.learnt
    names = parameters.filter(\.parameter.isLearnt).map(\.name)
    self.learningRate = learningRate
    self.momentum = momentum
    self.nesterov = nesterov
    self.weightDecay = weightDecay
    velocity = momentum == 0 ? [] : moments(of: targets)
  }

  public func update(_ gradients: [Tensor<Scalar>]) {
    precondition(gradients.count == targets.count, "\(gradients.count) gradients for \(targets.count) parameters")
    for (i, gradient) in gradients.enumerated() {
      let rule = SGDRule(rate: learningRate, momentum: momentum, decay: decay(targets[i], weightDecay), nesterov: nesterov)
      if velocity.isEmpty {
        targets[i].value = descend(rule, targets[i].value, gradient)
      } else {
        (targets[i].value, velocity[i].value) = descend(rule, targets[i].value, gradient, velocity[i].value)
      }
    }
    steps += 1
  }

  public var parameters: Parameters<Scalar> {
    var all: Parameters<Scalar> = [:]
    for (name, velocity) in zip(names, velocity) { all.append(velocity, as: name + ".velocity") }
    return all
  }
}

private struct SGDRule<Scalar> {
  let rate, momentum, decay: Scalar
  let nesterov: Bool
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func descend<Scalar: TensorScalar>(
  _ rule: SGDRule<Scalar>, _ value: Tensor<Scalar>, _ gradient: Tensor<Scalar>
) -> Tensor<Scalar> {
  let (w, g) = (value.start, gradient.start)
  let (rate, decay) = (rule.rate, rule.decay)
  return withExtendedLifetime((value, gradient)) {
    elementwise(value.shape) { y, range in for i in range { y[i] = w[i] - rate * (g[i] + decay * w[i]) } }
  }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func descend<Scalar: TensorScalar>(
  _ rule: SGDRule<Scalar>, _ value: Tensor<Scalar>, _ gradient: Tensor<Scalar>, _ velocity: Tensor<Scalar>
) -> (Tensor<Scalar>, Tensor<Scalar>) {
  let (w, g, v) = (value.start, gradient.start, velocity.start)
  let (rate, momentum, decay) = (rule.rate, rule.momentum, rule.decay)
  return withExtendedLifetime((value, gradient, velocity)) {
    let moved = elementwise(value.shape) { y, range in
      for i in range { y[i] = momentum * v[i] + g[i] + decay * w[i] }
    }
    let next = moved.start
    let stepped = elementwise(value.shape) { y, range in
      if rule.nesterov {
        for i in range { y[i] = w[i] - rate * (g[i] + decay * w[i] + momentum * next[i]) }
      } else {
        for i in range { y[i] = w[i] - rate * next[i] }
      }
    }
    return (stepped, moved)
  }
}
