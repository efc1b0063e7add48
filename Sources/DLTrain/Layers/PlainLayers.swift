import DLGraph

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
