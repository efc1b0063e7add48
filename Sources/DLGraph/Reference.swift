import CPlatform
import KernelTypes

// The naive reference of each operation: plain loops over dense row-major tensors in the model's own dimension order.
// It says what an operation means. Tests hold every kernel against it in double precision, gradients are checked with
// it, and the runtime falls back on it where no kernel fits.

/// The numbers the reference computes with.
public protocol ReferenceScalar: BinaryFloatingPoint {
  static func exp(_ x: Self) -> Self
  static func tanh(_ x: Self) -> Self
  static func pow(_ x: Self, _ y: Self) -> Self
}

extension Float: ReferenceScalar {
  public static func exp(_ x: Float) -> Float { dlp_expf(x) }
  public static func tanh(_ x: Float) -> Float { dlp_tanhf(x) }
  public static func pow(_ x: Float, _ y: Float) -> Float { dlp_powf(x, y) }
}

extension Double: ReferenceScalar {
  public static func exp(_ x: Double) -> Double { dlp_exp(x) }
  public static func tanh(_ x: Double) -> Double { dlp_tanh(x) }
  public static func pow(_ x: Double, _ y: Double) -> Double { dlp_pow(x, y) }
}

/// A dense row-major tensor to read.
public struct TensorView<Scalar: ReferenceScalar> {
  public var data: UnsafePointer<Scalar>
  public var sizes: [Int]

  public init(_ data: UnsafePointer<Scalar>, _ sizes: [Int]) {
    self.data = data
    self.sizes = sizes
  }
  var count: Int { sizes.reduce(1, *) }
}

/// A dense row-major tensor to write.
public struct MutableTensorView<Scalar: ReferenceScalar> {
  public var data: UnsafeMutablePointer<Scalar>
  public var sizes: [Int]

  public init(_ data: UnsafeMutablePointer<Scalar>, _ sizes: [Int]) {
    self.data = data
    self.sizes = sizes
  }
  var count: Int { sizes.reduce(1, *) }
}

/// Computes an operation. The sizes are those that `inferType` accepts and answers; nothing is checked again. Operations
/// that work element by element on one input may have the output in its place.
public func evaluateReference<T: ReferenceScalar>(_ op: Op, _ inputs: [TensorView<T>], _ output: MutableTensorView<T>) {
  let x = inputs[0]
  switch op {
  case .conv(let window, let groups):
    referenceConv(window, groups, x, inputs[1], inputs.count > 2 ? inputs[2].data : nil, output)
  case .maxPool(let kernel, let window): referencePool(kernel, window, .max, x, output)
  case .averagePool(let kernel, let window, let countPadding):
    referencePool(kernel, window, .average(countPadding: countPadding), x, output)
  case .globalMaxPool: referenceGlobalPool(.max, x, output)
  case .globalAveragePool: referenceGlobalPool(.average(countPadding: false), x, output)
  case .gemm(let transposeA, let transposeB):
    referenceGemm(transposeA, transposeB, x, inputs[1], inputs.count > 2 ? inputs[2].data : nil, output)
  case .activation(let activation):
    for i in 0..<x.count { output.data[i] = referenceActivation(activation, x.data[i]) }
  case .softmax(let axis): referenceSoftmax(axis < 0 ? axis + x.sizes.count : axis, x, output)
  case .localResponseNorm(let size, let alpha, let beta, let bias):
    referenceLocalResponseNorm(size, T(alpha), T(beta), T(bias), x, output)
  case .batchNorm(let epsilon): referenceBatchNorm(T(epsilon), inputs, output)
  case .add: referenceBroadcast(x, inputs[1], output) { $0 + $1 }
  case .multiply: referenceBroadcast(x, inputs[1], output) { $0 * $1 }
  case .concat(let axis): referenceConcat(axis < 0 ? axis + x.sizes.count : axis, inputs, output)
  case .flatten, .reshape, .dropout:
    for i in 0..<x.count { output.data[i] = x.data[i] }
  }
}

/// y = activation(x). relu is x < 0 ? 0 : x, so that NaN passes through.
public func referenceActivation<T: ReferenceScalar>(_ activation: Activation, _ x: T) -> T {
  switch activation {
  case .identity: x
  case .relu: x < 0 ? 0 : x
  case .leakyRelu(let slope): x < 0 ? T(slope) * x : x
  case .sigmoid: 1 / (1 + T.exp(-x))
  case .tanh: T.tanh(x)
  }
}

func referenceGemm<T: ReferenceScalar>(
  _ transposeA: Bool, _ transposeB: Bool, _ a: TensorView<T>, _ b: TensorView<T>, _ c: UnsafePointer<T>?,
  _ y: MutableTensorView<T>
) {
  let (m, n) = (y.sizes[0], y.sizes[1])
  let depth = a.sizes[transposeA ? 0 : 1]
  for i in 0..<m {
    for j in 0..<n {
      var sum: T = c?[j] ?? 0
      for k in 0..<depth {
        sum += a.data[transposeA ? k * m + i : i * depth + k] * b.data[transposeB ? j * depth + k : k * n + j]
      }
      y.data[i * n + j] = sum
    }
  }
}
