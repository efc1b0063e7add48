import DLGraph
import Foundation
import KernelTypes

/// f′(x) of every activation; at a kink the value of one side. Computed in double precision whatever the tensor's type.
func derivative(_ activation: Activation, _ x: Double) -> Double {
  switch activation {
  case .identity: 1
  case .relu: x > 0 ? 1 : 0
  case .leakyRelu(let slope): x < 0 ? Double(slope) : 1
  case .sigmoid: logistic(x) * (1 - logistic(x))
  case .tanh: 1 - Foundation.tanh(x) * Foundation.tanh(x)
  case .clip(let low, let high): x > Double(low) && x < Double(high) ? 1 : 0
  case .elu(let alpha): eluDerivative(x, Double(alpha))
  case .selu(let alpha, let gamma): Double(gamma) * eluDerivative(x, Double(alpha))
  case .celu(let alpha): x < 0 ? exp(x / Double(alpha)) : 1
  case .gelu: (1 + erf(x * 0.5.squareRoot())) / 2 + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
  case .geluTanh: geluTanhDerivative(x)
  case .hardSigmoid(let alpha, let beta):
    0 < Double(alpha) * x + Double(beta) && Double(alpha) * x + Double(beta) < 1 ? Double(alpha) : 0
  case .silu(let alpha): siluDerivative(x, Double(alpha))
  case .hardSwish: x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5
  case .mish: mishDerivative(x)
  case .softplus: logistic(x)
  case .softsign: 1 / ((1 + abs(x)) * (1 + abs(x)))
  case .thresholdedRelu(let alpha): x > Double(alpha) ? 1 : 0
  case .shrink(let lambda, _): abs(x) > Double(lambda) ? 1 : 0
  }
}

private func eluDerivative(_ x: Double, _ alpha: Double) -> Double { x < 0 ? alpha * exp(x) : 1 }

private func siluDerivative(_ x: Double, _ alpha: Double) -> Double {
  let s = logistic(alpha * x)
  return s + alpha * x * s * (1 - s)
}

private func geluTanhDerivative(_ x: Double) -> Double {
  let factor = (2 / Double.pi).squareRoot()
  let t = Foundation.tanh(factor * (x + 0.044715 * x * x * x))
  return (1 + t) / 2 + x / 2 * (1 - t * t) * factor * (1 + 3 * 0.044715 * x * x)
}

private func mishDerivative(_ x: Double) -> Double {
  let t = Foundation.tanh(x > 30 ? x : log1p(exp(x)))
  return t + x * (1 - t * t) * logistic(x)
}
