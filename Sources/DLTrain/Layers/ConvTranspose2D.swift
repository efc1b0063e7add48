import DLGraph

/// Transposed convolution of images: [N, inputs, H, W] → [N, outputs, H', W'] with
/// H' = (H − 1) · stride − 2 · padding + kernel + outputPadding.
public struct ConvTranspose2D<Scalar: TensorScalar>: Layer {
  /// [inputs, outputs / groups, kernel, kernel].
  public let weight: Parameter<Scalar>
  /// [outputs], starts at zero; nil where a normalisation follows that makes it useless.
  public let bias: Parameter<Scalar>?
  let op: Op

  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0, groups: Int = 1,
    hasBias: Bool = true, initialiser: Initialiser = .heNormal, using generator: inout Generator
  ) {
    precondition(
      groups > 0 && inputs % groups == 0 && outputs % groups == 0, "\(groups) groups of \(inputs) and \(outputs) channels")
    // Of the kernel's cells one in stride² meets any one output.
    let cells = max(1, kernel * kernel / (stride * stride))
    weight = Parameter(
      initialiser.tensor(
        [inputs, outputs / groups, kernel, kernel], inputs: inputs / groups * cells, outputs: outputs / groups * cells,
        using: &generator))
    bias = hasBias ? Parameter(Tensor(zeros: [outputs])) : nil
    op = .convTranspose(
      Window(stride: stride, pad: padding), groups: groups, outputPadding: [outputPadding, outputPadding])
  }

  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    apply(op, [x, weight.value] + (bias.map { [$0.value] } ?? []))
  }

  public var parameters: Parameters<Scalar> {
    if let bias { ["weight": weight, "bias": bias] } else { ["weight": weight] }
  }
}
