import DLGraph

/// The maximum under a square window: [N, C, H, W] → [N, C, H', W'].
public struct MaxPool2D<Scalar: TensorScalar>: Layer {
  let op: Op

  /// stride: the kernel's size unless given.
  public init(_ kernel: Int, stride: Int? = nil, padding: Int = 0) {
    op = .maxPool(kernel: [kernel, kernel], Window(stride: stride ?? kernel, pad: padding))
  }
  /// Any window.
  public init(_ kernel: Int, _ window: Window) { op = .maxPool(kernel: [kernel, kernel], window) }
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(op, x) }
}

/// The maximum under a window over any number of spatial axes, as far apart as it is long: [N, C, spatial…] → [N, C, spatial…].
public struct MaxPool<Scalar: TensorScalar>: Layer {
  let op: Op

  public init(_ kernel: [Int]) {
    var window = Window(axes: kernel.count)
    window.strides = kernel
    op = .maxPool(kernel: kernel, window)
  }
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(op, x) }
}

/// The average under a square window: [N, C, H, W] → [N, C, H', W'].
public struct AveragePool2D<Scalar: TensorScalar>: Layer {
  let op: Op

  /// - Parameters:
  ///   - stride: the kernel's size unless given
  ///   - countPadding: whether padding counts as zeros, or not at all
  public init(_ kernel: Int, stride: Int? = nil, padding: Int = 0, countPadding: Bool = false) {
    op = .averagePool(kernel: [kernel, kernel], Window(stride: stride ?? kernel, pad: padding), countPadding: countPadding)
  }
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(op, x) }
}

/// The average of each channel: [N, C, H, W] → [N, C, 1, 1].
public struct GlobalAveragePool<Scalar: TensorScalar>: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(.globalAveragePool, x) }
}

/// The maximum of each channel: [N, C, H, W] → [N, C, 1, 1].
public struct GlobalMaxPool<Scalar: TensorScalar>: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(.globalMaxPool, x) }
}
