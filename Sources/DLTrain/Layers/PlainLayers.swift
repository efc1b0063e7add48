import DLGraph
import KernelTypes

// Layers without parameters.

public struct ReLU<Scalar: TensorScalar>: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { relu(x) }
}

/// x if x ≥ 0, else slope · x.
public struct LeakyReLU<Scalar: TensorScalar>: Layer {
  let slope: Float
  public init(slope: Float = 0.01) { self.slope = slope }
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { leakyRelu(x, slope: slope) }
}

public struct Sigmoid<Scalar: TensorScalar>: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { sigmoid(x) }
}

public struct Tanh<Scalar: TensorScalar>: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { tanh(x) }
}

/// Any activation of the vocabulary, such as `.silu(alpha: 1)`.
public struct Activate<Scalar: TensorScalar>: Layer {
  let activation: Activation
  public init(_ activation: Activation) { self.activation = activation }
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(.activation(activation), x) }
}

/// min(max(x, 0), 6). Krizhevsky 2010.
public struct ReLU6<Scalar: TensorScalar>: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(.activation(.clip(low: 0, high: 6)), x) }
}

/// x · sigmoid(x). Ramachandran et al. 2017.
public struct SiLU<Scalar: TensorScalar>: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(.activation(.silu(alpha: 1)), x) }
}

/// x / √Σx² along one axis; a negative axis counts from the end.
public struct L2Normalise<Scalar: TensorScalar>: Layer {
  let axis: Int
  public init(axis: Int = -1) { self.axis = axis }
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { l2Normalise(x, axis: axis) }
}

/// Along one axis; a negative axis counts from the end.
public struct Softmax<Scalar: TensorScalar>: Layer {
  let axis: Int
  public init(axis: Int = -1) { self.axis = axis }
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { softmax(x, axis: axis) }
}

/// [N, …] → [N, everything else].
public struct Flatten<Scalar: TensorScalar>: Layer {
  public init() {}
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { flatten(x) }
}

/// [N, …] → [N, sizes…]; a −1 is what is left.
public struct Reshape<Scalar: TensorScalar>: Layer {
  let sizes: [Int]
  public init(_ sizes: [Int]) { self.sizes = sizes }
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { reshape(x, [0] + sizes) }
}

/// In training sets each element to zero with probability `rate` and divides the others by 1 − rate; else nothing.
public struct Dropout<Scalar: TensorScalar>: Layer {
  let rate: Float
  /// rate: 0..<1.
  public init(_ rate: Float) {
    precondition(0..<1 ~= rate, "a dropout rate of \(rate)")
    self.rate = rate
  }
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(.dropout(rate: rate), x) }
}

/// Over `size` neighbouring channels: x / (bias + alpha/size · Σ x²)^beta. The defaults are AlexNet's, with alpha times size.
public struct LocalResponseNorm<Scalar: TensorScalar>: Layer {
  let op: Op
  public init(_ size: Int = 5, alpha: Float = 5e-4, beta: Float = 0.75, bias: Float = 2) {
    op = .localResponseNorm(size: size, alpha: alpha, beta: beta, bias: bias)
  }
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> { apply(op, x) }
}
