import KernelTypes

/// A sliding window over the spatial axes (all after batch and channels), one entry an axis.
public struct Window: Hashable, Sendable {
  public var strides: [Int]
  public var dilations: [Int]
  public var padBegin: [Int]
  public var padEnd: [Int]

  public init(strides: [Int], dilations: [Int], padBegin: [Int], padEnd: [Int]) {
    self.strides = strides
    self.dilations = dilations
    self.padBegin = padBegin
    self.padEnd = padEnd
  }
  /// The same stride, dilation and padding on every one of `axes` axes.
  public init(axes: Int = 2, stride: Int = 1, dilation: Int = 1, pad: Int = 0) {
    strides = Array(repeating: stride, count: axes)
    dilations = Array(repeating: dilation, count: axes)
    padBegin = Array(repeating: pad, count: axes)
    padEnd = padBegin
  }
}

/// The operation vocabulary. Inputs in order; shapes in the logical order of the model (batch, channels, spatial axes).
/// Adding a case makes the compiler name every place that must know of it: shape inference, reference kernel, runtime,
/// format, gradient, cost.
public enum Op: Hashable, Sendable {
  /// x [N, C, H, W], w [M, C/groups, kH, kW], optional bias [M] → [N, M, oH, oW].
  case conv(Window, groups: Int)
  /// x [N, C, H, W] → [N, C, oH, oW]. Padding never wins.
  case maxPool(kernel: [Int], Window)
  /// Divides by the cells inside the image, or with `countPadding` inside image and padding.
  case averagePool(kernel: [Int], Window, countPadding: Bool)
  /// x [N, C, spatial…] → [N, C, 1…].
  case globalMaxPool
  case globalAveragePool
  /// a [M, K] (or its transpose), b [K, N] (or its transpose), optional c [N] → a · b + c, [M, N].
  case gemm(transposeA: Bool, transposeB: Bool)
  /// Element by element.
  case activation(Activation)
  /// exp(x) / Σ exp(x) along one axis; a negative axis counts from the end.
  case softmax(axis: Int)
  /// x / (bias + alpha/size · Σ x²)^beta over `size` neighbouring channels, the window of channel c running from
  /// c − (size−1)/2 (rounded down) to c + (size−1)/2 (rounded up). Krizhevsky et al. 2012, as ONNX's LRN.
  case localResponseNorm(size: Int, alpha: Float, beta: Float, bias: Float)
  /// x [N, C, …], scale, shift, mean, variance [C] → scale · (x − mean) / √(variance + epsilon) + shift.
  case batchNorm(epsilon: Float)
  /// a, b broadcast to one shape by numpy's rules.
  case add
  case multiply
  /// Any number of inputs, equal but along `axis`; a negative axis counts from the end.
  case concat(axis: Int)
  /// [d0 · … · d(axis−1), d(axis) · …].
  case flatten(axis: Int)
  /// Sizes; 0 keeps the input's size, one −1 is what is left.
  case reshape([Int])
  /// Nothing at inference; rate is what it was in training.
  case dropout(rate: Float)

  public var name: StaticString {
    switch self {
    case .conv: "conv"
    case .maxPool: "max_pool"
    case .averagePool: "average_pool"
    case .globalMaxPool: "global_max_pool"
    case .globalAveragePool: "global_average_pool"
    case .gemm: "gemm"
    case .activation(.identity): "identity"
    case .activation(.relu): "relu"
    case .activation(.leakyRelu): "leaky_relu"
    case .activation(.sigmoid): "sigmoid"
    case .activation(.tanh): "tanh"
    case .softmax: "softmax"
    case .localResponseNorm: "local_response_norm"
    case .batchNorm: "batch_norm"
    case .add: "add"
    case .multiply: "multiply"
    case .concat: "concat"
    case .flatten: "flatten"
    case .reshape: "reshape"
    case .dropout: "dropout"
    }
  }

  /// How many inputs it takes.
  public var inputCounts: ClosedRange<Int> {
    switch self {
    case .conv, .gemm: 2...3
    case .batchNorm: 5...5
    case .add, .multiply: 2...2
    case .concat: 1...65_535
    case .maxPool, .averagePool, .globalMaxPool, .globalAveragePool, .activation, .softmax, .localResponseNorm, .flatten,
      .reshape, .dropout:
      1...1
    }
  }
}
