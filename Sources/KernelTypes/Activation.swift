/// A function of one number with its parameters: applied by a kernel to each result before it is stored, or by an operation
/// of its own. Formulas are ONNX's.
public enum Activation: Hashable, Sendable {
  case identity
  /// max(x, 0); NaN stays NaN.
  case relu
  /// x if x ≥ 0, else slope · x.
  case leakyRelu(slope: Float)
  case sigmoid
  case tanh
  /// min(max(x, low), high); ReLU6 is clip(0, 6).
  case clip(low: Float, high: Float)
  /// x if x ≥ 0, else alpha · (eˣ − 1). Clevert et al. 2016.
  case elu(alpha: Float)
  /// gamma · elu(x). Klambauer et al. 2017.
  case selu(alpha: Float, gamma: Float)
  /// max(0, x) + min(0, alpha · (e^(x/alpha) − 1)). Barron 2017.
  case celu(alpha: Float)
  /// x · Φ(x) by erf. Hendrycks and Gimpel 2016.
  case gelu
  /// x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).
  case geluTanh
  /// min(max(alpha · x + beta, 0), 1).
  case hardSigmoid(alpha: Float, beta: Float)
  /// x · sigmoid(alpha · x); SiLU is alpha = 1. Ramachandran et al. 2017.
  case silu(alpha: Float)
  /// x · min(max(x/6 + 1/2, 0), 1). Howard et al. 2019.
  case hardSwish
  /// x · tanh(softplus(x)). Misra 2019.
  case mish
  /// log(1 + eˣ).
  case softplus
  /// x / (1 + |x|).
  case softsign
  /// x if x > alpha, else 0.
  case thresholdedRelu(alpha: Float)
  /// x − bias if x > lambda, x + bias if x < −lambda, else 0.
  case shrink(lambda: Float, bias: Float)
}
