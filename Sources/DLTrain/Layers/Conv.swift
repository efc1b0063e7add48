import DLGraph

/// Convolution over any number of spatial axes: [N, inputs, spatial…] → [N, outputs, spatial…], each size
/// (in + padding before and after − dilation · (kernel − 1) − 1) / stride + 1. As many groups as channels make it depthwise.
public struct Conv<Scalar: TensorScalar>: Layer {
  /// [outputs, inputs / groups, kernel…].
  public let weight: Parameter<Scalar>
  /// [outputs], starts at zero; nil where a normalisation follows that makes it useless.
  public let bias: Parameter<Scalar>?
  let window: Window
  let groups: Int

  /// kernel: one size for each spatial axis.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: [Int], _ window: Window, groups: Int = 1, hasBias: Bool = true,
    initialiser: Initialiser = .heNormal, using generator: inout Generator
  ) {
    precondition(
      groups > 0 && inputs % groups == 0 && outputs % groups == 0, "\(groups) groups of \(inputs) and \(outputs) channels")
    let cells = kernel.reduce(1, *)
    weight = Parameter(
      initialiser.tensor(
        [outputs, inputs / groups] + kernel, inputs: inputs / groups * cells, outputs: outputs / groups * cells,
        using: &generator))
    bias = hasBias ? Parameter(Tensor(zeros: [outputs])) : nil
    self.window = window
    self.groups = groups
  }

  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    apply(.conv(window, groups: groups), [x, weight.value] + (bias.map { [$0.value] } ?? []))
  }

  public var parameters: Parameters<Scalar> {
    if let bias { ["weight": weight, "bias": bias] } else { ["weight": weight] }
  }
}

/// Convolution of images with a square kernel: [N, inputs, H, W] → [N, outputs, H', W'].
public struct Conv2D<Scalar: TensorScalar>: Layer {
  let conv: Conv<Scalar>
  public var weight: Parameter<Scalar> { conv.weight }
  public var bias: Parameter<Scalar>? { conv.bias }

  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1,
    hasBias: Bool = true, initialiser: Initialiser = .heNormal, using generator: inout Generator
  ) {
    conv = Conv(
      inputs, outputs, kernel: [kernel, kernel], Window(stride: stride, dilation: dilation, pad: padding), groups: groups,
      hasBias: hasBias, initialiser: initialiser, using: &generator)
  }
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { conv(x) }
  public var parameters: Parameters<Scalar> { conv.parameters }
}

/// Convolution of signals: [N, inputs, T] → [N, outputs, T'].
public struct Conv1D<Scalar: TensorScalar>: Layer {
  let conv: Conv<Scalar>

  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1,
    hasBias: Bool = true, initialiser: Initialiser = .heNormal, using generator: inout Generator
  ) {
    conv = Conv(
      inputs, outputs, kernel: [kernel], Window(axes: 1, stride: stride, dilation: dilation, pad: padding), groups: groups,
      hasBias: hasBias, initialiser: initialiser, using: &generator)
  }
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { conv(x) }
  public var parameters: Parameters<Scalar> { conv.parameters }
}

/// Convolution of volumes or films with a cubic kernel: [N, inputs, D, H, W] → [N, outputs, D', H', W'].
public struct Conv3D<Scalar: TensorScalar>: Layer {
  let conv: Conv<Scalar>

  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, groups: Int = 1,
    hasBias: Bool = true, initialiser: Initialiser = .heNormal, using generator: inout Generator
  ) {
    conv = Conv(
      inputs, outputs, kernel: [kernel, kernel, kernel], Window(axes: 3, stride: stride, pad: padding), groups: groups,
      hasBias: hasBias, initialiser: initialiser, using: &generator)
  }
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { conv(x) }
  public var parameters: Parameters<Scalar> { conv.parameters }
}
