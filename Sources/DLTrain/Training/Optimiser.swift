/// Changes the learnt parameters of a model by their gradients.
///
/// Its own state (the moments) is in `parameters`, so that checkpoints keep it.
public protocol Optimiser<Scalar>: AnyObject, HasParameters {
  /// What it changes, in the order of the gradients.
  var targets: [Parameter<Scalar>] { get }
  /// May change from step to step.
  var learningRate: Scalar { get set }
  /// Steps done.
  var steps: Int { get set }
  /// One step against the gradients of `targets`.
  func update(_ gradients: [Tensor<Scalar>])
}

/// Adds weightDecay · w to the gradient of weights (L2 regularisation). Biases and the parameters of normalisation, which
/// have one axis only, are left alone.
func decay<Scalar: TensorScalar>(_ parameter: Parameter<Scalar>, _ weightDecay: Scalar) -> Scalar {
  parameter.value.rank > 1 ? weightDecay : 0
}

/// Zeros for every target, to keep a moment in.
func moments<Scalar: TensorScalar>(of targets: [Parameter<Scalar>]) -> [Parameter<Scalar>] {
  targets.map { Parameter(Tensor(zeros: $0.value.shape), isLearnt: false) }
}
