/// The function a kernel applies to each result before it is stored, or that an operation of its own applies.
public enum Activation: Hashable, Sendable {
  case identity
  case relu
  /// x if x ≥ 0, else slope · x.
  case leakyRelu(slope: Float)
  case sigmoid
  case tanh
}
