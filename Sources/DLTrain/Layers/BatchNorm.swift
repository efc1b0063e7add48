import DLGraph

/// Batch normalisation over all axes but the channels: [N, C, …]. In training it uses the statistics of the batch and moves its
/// running statistics towards them; else it uses the running statistics. Ioffe and Szegedy 2015.
public final class BatchNorm<Scalar: TensorScalar>: Layer {
  /// [C] each. `variance` runs over the unbiased estimate.
  public let scale, shift, mean, variance: Parameter<Scalar>
  let epsilon: Float
  let momentum: Scalar

  /// - Parameter momentum: how far the running statistics move towards those of a batch in one step.
  public init(_ channels: Int, epsilon: Float = 1e-5, momentum: Double = 0.1) {
    scale = Parameter(Tensor([channels], repeating: 1))
    shift = Parameter(Tensor(zeros: [channels]))
    mean = Parameter(Tensor(zeros: [channels]), isLearnt: false)
    variance = Parameter(Tensor([channels], repeating: 1), isLearnt: false)
    self.epsilon = epsilon
    self.momentum = Scalar(momentum)
  }

  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    guard let tape = x.place?.tape, tape.isTraining else {
      return apply(.batchNorm(epsilon: epsilon), x, scale.value, shift.value, mean.value, variance.value)
    }
    let channels = scale.value.count
    precondition(x.rank >= 2 && x.shape[1] == channels, "batch norm of \(channels) channels: found \(describe(x.shape))")
    let y = perform(.batchNormTraining(epsilon: Scalar(epsilon)), [x, scale.value, shift.value])
    let statistics = tape.entries.last!.saved.tensors
    let count = Scalar(x.count / channels)
    move(mean, towards: statistics[0], factor: 1)
    move(variance, towards: statistics[1], factor: count / max(1, count - 1))
    return y
  }

  private func move(_ running: Parameter<Scalar>, towards batch: Tensor<Scalar>, factor: Scalar) {
    let moved = zip(running.value.scalars, batch.scalars).map { old, new in old + momentum * (factor * new - old) }
    running.set(Tensor(batch.shape, moved))
  }

  public var parameters: Parameters<Scalar> { ["scale": scale, "shift": shift, "mean": mean, "variance": variance] }
}
