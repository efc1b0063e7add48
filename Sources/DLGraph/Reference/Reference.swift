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
  /// log(1 + x) and eˣ − 1, exact for small x.
  static func log1p(_ x: Self) -> Self
  static func expm1(_ x: Self) -> Self
  static func erf(_ x: Self) -> Self
}

extension Float: ReferenceScalar {
  public static func exp(_ x: Float) -> Float { dlp_expf(x) }
  public static func tanh(_ x: Float) -> Float { dlp_tanhf(x) }
  public static func pow(_ x: Float, _ y: Float) -> Float { dlp_powf(x, y) }
  public static func log1p(_ x: Float) -> Float { Float(dlp_log1p(Double(x))) }
  public static func expm1(_ x: Float) -> Float { Float(dlp_expm1(Double(x))) }
  public static func erf(_ x: Float) -> Float { Float(dlp_erf(Double(x))) }
}

extension Double: ReferenceScalar {
  public static func exp(_ x: Double) -> Double { dlp_exp(x) }
  public static func tanh(_ x: Double) -> Double { dlp_tanh(x) }
  public static func pow(_ x: Double, _ y: Double) -> Double { dlp_pow(x, y) }
  public static func log1p(_ x: Double) -> Double { dlp_log1p(x) }
  public static func expm1(_ x: Double) -> Double { dlp_expm1(x) }
  public static func erf(_ x: Double) -> Double { dlp_erf(x) }
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

/// Computes an operation. The types and sizes are those that `inferFacts` accepts and answers; nothing is checked again but
/// indices, which are data. Operations that work element by element on one input may have the output in its place.
/// inputs: nil where absent. outputs: nil where absent; sizes that depend on the elements are set to what they are.
/// Throws invalidArgument if an index lies outside its axis.
public func evaluateReference(_ op: Op, _ inputs: [TensorBuffer?], _ outputs: inout [TensorBuffer?]) throws(DLError) {
  guard let x = inputs[0], let y = outputs[0] else { return }
  switch op {
  case .conv, .averagePool, .globalMaxPool, .globalAveragePool, .gemm, .softmax, .localResponseNorm, .batchNorm:
    switch x.dtype {
    case .f64: evaluate(Double.self, op, inputs, y)
    case .f32: evaluate(Float.self, op, inputs, y)
    default: try evaluateWidened(op, inputs, y)
    }
  case .activation, .unary, .binary, .select, .cast:
    evaluateElementwise(op, inputs, y)
  case .maxPool, .lpPool, .globalLpPool, .maxUnpool, .roiMaxPool, .roiAlign, .convTranspose:
    try evaluateSpatial(op, inputs, outputs)
  case .resize, .gridSample:
    evaluateSampling(op, inputs, y)
  case .matmul, .einsum, .distance:
    evaluateProduct(op, inputs, y)
  case .logSoftmax, .hardmax, .instanceNorm, .groupNorm, .layerNorm, .rmsNorm, .lpNormalise:
    evaluateNorm(op, inputs, outputs)
  case .reduce, .argMax, .argMin, .cumulativeSum:
    try evaluateReduction(op, inputs, y)
  case .flatten, .reshape, .squeeze, .unsqueeze, .dropout:
    y.copy(x.count, from: x, at: 0, to: 0)
  case .concat, .split, .slice, .pad, .transpose, .expand, .tile, .depthToSpace, .spaceToDepth, .reverseSequence, .triangle:
    try evaluateShape(op, inputs, outputs)
  case .shape, .size, .fill, .range, .oneHot, .eyeLike:
    try evaluateMaking(op, inputs, y)
  case .gather, .gatherElements, .gatherND, .scatterElements, .scatterND, .topK, .unique, .nonZero, .compress,
    .nonMaxSuppression:
    try evaluateIndex(op, inputs, &outputs)
  }
}

/// `evaluate` of 16-bit floats: by f32 copies of inputs and output.
private func evaluateWidened(_ op: Op, _ inputs: [TensorBuffer?], _ y: TensorBuffer) throws(DLError) {
  var storages: [Storage] = []
  var copies: [TensorBuffer?] = []
  for buffer in inputs + [y] {
    guard let buffer else {
      copies.append(nil)
      continue
    }
    let storage = try Storage.allocate(buffer.count * DType.f32.size) { memory in
      guard let base = memory.baseAddress else { return }
      let copy = TensorBuffer(base, .f32, buffer.sizes)
      for i in 0..<buffer.count { copy.setReal(i, buffer.real(i)) }
    }
    storages.append(storage)
    copies.append(TensorBuffer(UnsafeMutableRawPointer(mutating: storage.base), .f32, buffer.sizes))
  }
  guard let result = copies.removeLast() else { return }
  withExtendedLifetime(storages) {
    evaluate(Float.self, op, copies, result)
    for i in 0..<y.count { y.setReal(i, result.real(i)) }
  }
}

/// The operations whose reference is written over pointers to numbers of one type.
private func evaluate<T: ReferenceScalar>(_: T.Type, _ op: Op, _ buffers: [TensorBuffer?], _ output: TensorBuffer) {
  let inputs = buffers.compactMap { $0.map { TensorView(UnsafePointer($0.data.assumingMemoryBound(to: T.self)), $0.sizes) } }
  let y = MutableTensorView(output.data.assumingMemoryBound(to: T.self), output.sizes)
  let x = inputs[0]
  switch op {
  case .conv(let window, let groups):
    let resolved = window.resolved(kernel: Array(inputs[1].sizes[2...]), sizes: Array(x.sizes[2...]))
    referenceConv(resolved, groups, x, inputs[1], inputs.count > 2 ? inputs[2].data : nil, y)
  case .averagePool(let kernel, let window, let countPadding):
    let resolved = window.resolved(kernel: kernel, sizes: Array(x.sizes[2...]))
    referencePool(kernel, resolved, .average(countPadding: countPadding), x, y)
  case .globalMaxPool: referenceGlobalPool(.max, x, y)
  case .globalAveragePool: referenceGlobalPool(.average(countPadding: false), x, y)
  case .gemm(let transposeA, let transposeB):
    referenceGemm(transposeA, transposeB, x, inputs[1], inputs.count > 2 ? inputs[2].data : nil, y)
  case .softmax(let axis): referenceSoftmax(axis < 0 ? axis + x.sizes.count : axis, x, y)
  case .localResponseNorm(let size, let alpha, let beta, let bias):
    referenceLocalResponseNorm(size, T(alpha), T(beta), T(bias), x, y)
  case .batchNorm(let epsilon): referenceBatchNorm(T(epsilon), inputs, y)
  default: break
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
