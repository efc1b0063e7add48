import KernelTypes

/// y = activation(x). Comparisons are such that NaN passes through, but for thresholdedRelu and shrink, where it gives 0.
public func referenceActivation<T: ReferenceScalar>(_ activation: Activation, _ x: T) -> T {
  switch activation {
  case .identity: return x
  case .relu: return x < 0 ? 0 : x
  case .leakyRelu(let slope): return x < 0 ? T(slope) * x : x
  case .sigmoid: return sigmoid(x)
  case .tanh: return T.tanh(x)
  case .clip(let low, let high): return clip(x, T(low), T(high))
  case .elu(let alpha): return elu(x, T(alpha))
  case .selu(let alpha, let gamma): return T(gamma) * elu(x, T(alpha))
  case .celu(let alpha):
    let bent = T(alpha) * T.expm1(x / T(alpha))
    return (x < 0 ? 0 : x) + (bent > 0 ? 0 : bent)
  case .gelu: return x / 2 * (1 + T.erf(x * T(0.5).squareRoot()))
  case .geluTanh: return x / 2 * (1 + T.tanh((2 / T.pi).squareRoot() * (x + T(0.044715) * x * x * x)))
  case .hardSigmoid(let alpha, let beta): return clip(T(alpha) * x + T(beta), 0, 1)
  case .silu(let alpha): return x * sigmoid(T(alpha) * x)
  case .hardSwish: return x * clip(x / 6 + 0.5, 0, 1)
  case .mish: return x * T.tanh(softplus(x))
  case .softplus: return softplus(x)
  case .softsign: return x / (1 + x.magnitude)
  case .thresholdedRelu(let alpha): return x > T(alpha) ? x : 0
  case .shrink(let lambda, let bias): return x > T(lambda) ? x - T(bias) : x < -T(lambda) ? x + T(bias) : 0
  }
}

private func sigmoid<T: ReferenceScalar>(_ x: T) -> T { 1 / (1 + T.exp(-x)) }

private func clip<T: ReferenceScalar>(_ x: T, _ low: T, _ high: T) -> T {
  let raised = x < low ? low : x
  return raised > high ? high : raised
}

private func elu<T: ReferenceScalar>(_ x: T, _ alpha: T) -> T { x < 0 ? alpha * T.expm1(x) : x }

/// log(1 + eˣ) without overflow.
private func softplus<T: ReferenceScalar>(_ x: T) -> T { (x > 0 ? x : 0) + T.log1p(T.exp(-x.magnitude)) }
