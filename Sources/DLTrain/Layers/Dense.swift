import DLGraph

/// y = x · weightᵀ + bias: [N, inputs] → [N, outputs].
public struct Dense<Scalar: TensorScalar>: Layer {
  /// [outputs, inputs].
  public let weight: Parameter<Scalar>
  /// [outputs], starts at zero.
  public let bias: Parameter<Scalar>

  public init(_ inputs: Int, _ outputs: Int, initialiser: Initialiser = .heNormal, using generator: inout Generator) {
    weight = Parameter(initialiser.tensor([outputs, inputs], inputs: inputs, outputs: outputs, using: &generator))
    bias = Parameter(Tensor(zeros: [outputs]))
  }

  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    apply(.gemm(transposeA: false, transposeB: true), x, weight.value, bias.value)
  }

  public var parameters: Parameters<Scalar> { ["weight": weight, "bias": bias] }
}
