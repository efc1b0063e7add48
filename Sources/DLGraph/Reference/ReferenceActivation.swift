import CPlatform
import KernelTypes

/// y = activation(x). Comparisons are such that NaN passes through, but for thresholdedRelu and shrink, where it gives 0.
public func referenceActivation(_ activation: Activation, _ x: Double) -> Double {
  switch activation {
  case .identity: return x
  case .relu: return x < 0 ? 0 : x
  case .leakyRelu(let slope): return x < 0 ? Double(slope) * x : x
  case .sigmoid: return sigmoid(x)
  case .tanh: return dlp_tanh(x)
  case .clip(let low, let high): return clip(x, Double(low), Double(high))
  case .elu(let alpha): return elu(x, Double(alpha))
  case .selu(let alpha, let gamma): return Double(gamma) * elu(x, Double(alpha))
  case .celu(let alpha):
    let bent = Double(alpha) * dlp_expm1(x / Double(alpha))
    return (x < 0 ? 0 : x) + (bent > 0 ? 0 : bent)
  case .gelu: return x / 2 * (1 + dlp_erf(x * 0.5.squareRoot()))
  case .geluTanh: return x / 2 * (1 + dlp_tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  case .hardSigmoid(let alpha, let beta): return clip(Double(alpha) * x + Double(beta), 0, 1)
  case .silu(let alpha): return x * sigmoid(Double(alpha) * x)
  case .hardSwish: return x * clip(x / 6 + 0.5, 0, 1)
  case .mish: return x * dlp_tanh(softplus(x))
  case .softplus: return softplus(x)
  case .softsign: return x / (1 + x.magnitude)
  case .thresholdedRelu(let alpha): return x > Double(alpha) ? x : 0
  case .shrink(let lambda, let bias): return x > Double(lambda) ? x - Double(bias) : x < -Double(lambda) ? x + Double(bias) : 0
  }
}

private func sigmoid(_ x: Double) -> Double { 1 / (1 + dlp_exp(-x)) }

private func clip(_ x: Double, _ low: Double, _ high: Double) -> Double {
  let raised = x < low ? low : x
  return raised > high ? high : raised
}

private func elu(_ x: Double, _ alpha: Double) -> Double { x < 0 ? alpha * dlp_expm1(x) : x }

/// log(1 + eˣ) without overflow.
private func softplus(_ x: Double) -> Double { (x > 0 ? x : 0) + dlp_log1p(dlp_exp(-x.magnitude)) }
