import DLGraph

/// Convolution of images: [N, inputs, H, W] → [N, outputs, H', W'] with H' = (H + 2 · padding − dilation · (kernel − 1) − 1) / stride + 1.
public struct Conv2D<Scalar: TensorScalar>: Layer {
  /// [outputs, inputs / groups, kernel, kernel].
  public let weight: Parameter<Scalar>
  /// [outputs], starts at zero; nil where a normalisation follows that makes it useless.
  public let bias: Parameter<Scalar>?
  let window: Window
  let groups: Int

  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1,
    hasBias: Bool = true, initialiser: Initialiser = .heNormal, using generator: inout Generator
  ) {
    precondition(
      groups > 0 && inputs % groups == 0 && outputs % groups == 0, "\(groups) groups of \(inputs) and \(outputs) channels")
    let cells = kernel * kernel
    weight = Parameter(
      initialiser.tensor(
        [outputs, inputs / groups, kernel, kernel], inputs: inputs / groups * cells, outputs: outputs / groups * cells,
        using: &generator))
    bias = hasBias ? Parameter(Tensor(zeros: [outputs])) : nil
    window = Window(stride: stride, dilation: dilation, pad: padding)
    self.groups = groups
  }

  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    apply(.conv(window, groups: groups), [x, weight.value] + (bias.map { [$0.value] } ?? []))
  }

  public var parameters: Parameters<Scalar> {
    if let bias { ["weight": weight, "bias": bias] } else { ["weight": weight] }
  }
}
