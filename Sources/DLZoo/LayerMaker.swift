import DLGraph
import DLTrain
import KernelTypes

/// Makes layers with random weights: uniform with variance 2 / fan-in (He et al. 2015), and normalisations whose statistics are
/// about those of their input, so that numbers keep their scale through any depth.
struct LayerMaker {
  private var generator: Generator

  init(seed: UInt64) { generator = Generator(seed: seed) }

  /// Mean square of what an activation makes of numbers with mean 0 and variance 1.
  private func meanSquare(after activation: Activation) -> Double {
    switch activation {
    case .identity: 1
    case .silu: 0.36
    default: 0.5
    }
  }

  mutating func conv(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, groups: Int = 1, hasBias: Bool = true
  ) -> Conv2D<Float> {
    Conv2D(
      inputs, outputs, kernel: kernel, stride: stride, padding: padding, groups: groups, hasBias: hasBias,
      initialiser: .heUniform, using: &generator)
  }

  mutating func conv1D(_ inputs: Int, _ outputs: Int, kernel: Int, stride: Int) -> Conv1D<Float> {
    Conv1D(
      inputs, outputs, kernel: kernel, stride: stride, padding: kernel / 2, hasBias: false, initialiser: .heUniform,
      using: &generator)
  }

  mutating func conv3D(_ inputs: Int, _ outputs: Int, kernel: Int, padding: Int) -> Conv3D<Float> {
    Conv3D(inputs, outputs, kernel: kernel, padding: padding, initialiser: .heUniform, using: &generator)
  }

  mutating func convTranspose(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int, padding: Int = 0
  ) -> ConvTranspose2D<Float> {
    ConvTranspose2D(
      inputs, outputs, kernel: kernel, stride: stride, padding: padding, initialiser: .heUniform, using: &generator)
  }

  mutating func dense(_ inputs: Int, _ outputs: Int) -> Dense<Float> {
    Dense(inputs, outputs, initialiser: .heUniform, using: &generator)
  }

  /// Convolution without bias, normalisation, activation. The image keeps its size but for the stride, unless `padding` is given.
  /// - Parameters:
  ///   - from: the activation that made the input
  ///   - gain: the deviation of the normalised output, less than 1 where it is added to something
  mutating func convNorm(
    _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1, padding: Int? = nil, groups: Int = 1,
    epsilon: Float = 1e-5, from before: Activation = .relu, _ activation: Activation = .relu, gain: Double = 1
  ) -> Sequential<Float> {
    convNorm(
      inputs, outputs, kernel: [kernel, kernel], stride: stride, padding: padding.map { [$0, $0] }, groups: groups,
      epsilon: epsilon, from: before, activation, gain: gain)
  }

  /// The same with a kernel of height and width.
  mutating func convNorm(
    _ inputs: Int, _ outputs: Int, kernel: [Int], stride: Int = 1, padding: [Int]? = nil, groups: Int = 1,
    epsilon: Float = 1e-5, from before: Activation = .relu, _ activation: Activation = .relu, gain: Double = 1
  ) -> Sequential<Float> {
    var window = Window(stride: stride)
    window.padBegin = padding ?? kernel.map { $0 / 2 }
    window.padEnd = window.padBegin
    let conv = Conv<Float>(
      inputs, outputs, kernel: kernel, window, groups: groups, hasBias: false, initialiser: .heUniform, using: &generator)
    let norm = norm(outputs, epsilon: epsilon, from: before, gain: gain)
    if activation == .identity { return ["conv": conv, "norm": norm] }
    return ["conv": conv, "norm": norm, "activation": Activate(activation)]
  }

  /// For what a convolution made of numbers from an activation.
  mutating func norm(
    _ channels: Int, epsilon: Float = 1e-5, from before: Activation = .relu, gain: Double = 1
  ) -> BatchNorm<Float> {
    let norm = BatchNorm<Float>(channels, epsilon: epsilon)
    let variance = 2 * meanSquare(after: before)
    norm.scale.set(uniform(channels, (0.8 * gain)...(1.2 * gain)))
    norm.shift.set(uniform(channels, -0.1...0.1))
    norm.mean.set(uniform(channels, -0.1...0.1))
    norm.variance.set(uniform(channels, (0.8 * variance)...(1.2 * variance)))
    return norm
  }

  private mutating func uniform(_ count: Int, _ range: ClosedRange<Double>) -> Tensor<Float> {
    Tensor([count], (0..<count).map { _ in Float(generator.uniform(range)) })
  }
}

extension Activation {
  static let relu6 = Activation.clip(low: 0, high: 6)
  static let silu = Activation.silu(alpha: 1)
}
