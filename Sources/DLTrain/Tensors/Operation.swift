import DLGraph

/// What a tape records: an operation of the graph vocabulary, or one that exists in training only.
enum Operation<Scalar: TensorScalar> {
  case op(Op)
  /// Batch normalisation of x by its own statistics: x, scale, shift → y.
  case batchNormTraining(epsilon: Scalar)
  /// Mean over the samples of −log softmax(logits)[label]: logits [N, classes] → [].
  case softmaxCrossEntropy(labels: [Int])
  /// Mean of the cross-entropy between targets and sigmoid(logits): logits, targets of one shape → [].
  case binaryCrossEntropy
  /// Mean of (a − b)²: a, b of one shape → [].
  case meanSquaredError
}

/// What a forward computation leaves for the backward one.
struct Saved<Scalar: TensorScalar> {
  var tensors: [Tensor<Scalar>] = []
  /// For each output of max pooling the offset of the winner in its plane.
  var indices: [Int32] = []
}

/// What a backward computation starts from.
struct BackwardStep<Scalar: TensorScalar> {
  let inputs: [Tensor<Scalar>]
  let output: Tensor<Scalar>
  let saved: Saved<Scalar>
  /// ∂loss/∂output.
  let gradient: Tensor<Scalar>
  /// Which inputs want a gradient.
  let isNeeded: [Bool]
}

/// Applies an operation of the graph vocabulary, recording it if an input is on a tape. Inputs of wrong shapes are a mistake
/// in the program and stop it with the message of shape inference.
public func apply<Scalar: TensorScalar>(_ op: Op, _ inputs: Tensor<Scalar>...) -> Tensor<Scalar> {
  perform(.op(op), inputs)
}

/// The same for a list of inputs.
public func apply<Scalar: TensorScalar>(_ op: Op, _ inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
  perform(.op(op), inputs)
}

func perform<Scalar: TensorScalar>(_ operation: Operation<Scalar>, _ inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
  // Operations work on the memory of their inputs.
  defer { withExtendedLifetime(inputs) {} }
  guard let tape = inputs.lazy.compactMap({ $0.place?.tape }).first else {
    var noGenerator: Generator?
    return forward(operation, inputs, &noGenerator).0
  }
  if tape.isShapeOnly, case .op(let op) = operation {
    // Memory that is never touched is never given out by the system.
    return tape.record(operation, inputs, Tensor(uninitialized: outputShape(op, inputs)) { _ in }, Saved())
  }
  let (output, saved) = forward(operation, inputs, &tape.generator)
  return tape.record(operation, inputs, output, saved)
}

/// The shape of an operation's output.
func outputShape<Scalar: TensorScalar>(_ op: Op, _ inputs: [Tensor<Scalar>]) -> [Int] {
  do {
    return try inferType(of: op, inputs.map { TensorType(.f32, sizes: $0.shape) }).sizes!
  } catch { fatalError("\(op.name): \(error.message)") }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func forward<Scalar: TensorScalar>(
  _ operation: Operation<Scalar>, _ x: [Tensor<Scalar>], _ generator: inout Generator?
) -> (Tensor<Scalar>, Saved<Scalar>) {
  switch operation {
  case .op(let op): forward(op, x, shape: outputShape(op, x), &generator)
  case .batchNormTraining(let epsilon): batchNormTrainingForward(epsilon, x)
  case .softmaxCrossEntropy(let labels): softmaxCrossEntropyForward(labels, x)
  case .binaryCrossEntropy: (binaryCrossEntropyForward(x), Saved())
  case .meanSquaredError: (meanSquaredErrorForward(x), Saved())
  }
}

private func forward<Scalar: TensorScalar>(
  _ op: Op, _ x: [Tensor<Scalar>], shape: [Int], _ generator: inout Generator?
) -> (Tensor<Scalar>, Saved<Scalar>) {
  switch op {
  case .conv(let window, let groups): (convForward(resolved(window, x), groups, x, shape), Saved())
  case .convTranspose(let window, let groups, _): (convTransposeForward(window, groups, x, shape), Saved())
  case .maxPool(let kernel, let window): maxPoolForward(kernel, resolved(window, x, kernel), x[0], shape)
  case .averagePool(let kernel, let window, let countPadding) where hasGradient(op):
    (averagePoolForward(kernel, resolved(window, x, kernel), countPadding, x[0], shape), Saved())
  case .globalMaxPool: globalMaxPoolForward(x[0], shape)
  case .globalAveragePool: (globalAveragePoolForward(x[0], shape), Saved())
  case .gemm(let transposeA, let transposeB): (gemmForward(transposeA, transposeB, x, shape), Saved())
  case .activation(let activation): (activationForward(activation, x[0]), Saved())
  case .softmax(let axis): (softmaxForward(axis, x[0]), Saved())
  case .localResponseNorm(let size, let alpha, let beta, let bias):
    localResponseNormForward(LocalResponse(size, alpha, beta, bias), x[0])
  case .batchNorm(let epsilon): (batchNormForward(Scalar(epsilon), x), Saved())
  case .unary(.absolute): (absoluteForward(x[0]), Saved())
  case .binary(.add): (addForward(x, shape), Saved())
  case .binary(.multiply): (multiplyForward(x, shape), Saved())
  case .binary(let function) where hasGradient(op): (binaryForward(function, x, shape), Saved())
  case .concat(let axis): (concatForward(axis, x, shape), Saved())
  case .flatten, .reshape, .squeeze, .unsqueeze: (x[0].reshaped(shape), Saved())
  case .transpose(let permutation): (transposeForward(permutation, x[0]), Saved())
  case .lpNormalise(let axis, let p): lpNormaliseForward(axis, p, x[0])
  case .reduce(let reduction, let axes, _, let noAxesIsIdentity) where hasGradient(op):
    (
      sumForward(SumOverAxes(reduction, axes, noAxesIsIdentity: noAxesIsIdentity, x[0].shape), x[0], shape),
      Saved()
    )
  case .dropout(let rate): dropoutForward(Scalar(rate), x[0], &generator)
  default: (referenceForward(op, x), Saved())
  }
}

/// The window with explicit padding; the kernel is that of the weights unless given.
private func resolved<Scalar>(_ window: Window, _ x: [Tensor<Scalar>], _ kernel: [Int]? = nil) -> Window {
  window.resolved(kernel: kernel ?? Array(x[1].shape[2...]), sizes: Array(x[0].shape[2...]))
}

/// ∂loss/∂input for each input that wants it.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func backward<Scalar: TensorScalar>(_ operation: Operation<Scalar>, _ step: BackwardStep<Scalar>) -> [Tensor<Scalar>?] {
  switch operation {
  case .op(let op): backward(op, step)
  case .batchNormTraining: batchNormTrainingBackward(step)
  case .softmaxCrossEntropy(let labels): softmaxCrossEntropyBackward(labels, step)
  case .binaryCrossEntropy: binaryCrossEntropyBackward(step)
  case .meanSquaredError: meanSquaredErrorBackward(step)
  }
}

/// Whether an operation can be trained through.
public func hasGradient(_ op: Op) -> Bool {
  switch op {
  // A last window that reaches beyond the padding would need a divisor of its own.
  case .averagePool(_, let window, let countPadding): !(window.ceil && countPadding)
  case .conv, .maxPool, .convTranspose, .globalMaxPool, .globalAveragePool, .gemm, .activation, .softmax, .localResponseNorm,
    .batchNorm, .unary(.absolute),
    .lpNormalise, .concat, .flatten, .reshape, .squeeze, .unsqueeze, .transpose, .dropout:
    true
  case .binary(let function):
    switch function {
    case .add, .subtract, .multiply, .divide, .minimum, .maximum: true
    default: false
    }
  case .reduce(let reduction, _, _, _): reduction == .sum || reduction == .mean
  default: false
  }
}

private func backward<Scalar: TensorScalar>(_ op: Op, _ step: BackwardStep<Scalar>) -> [Tensor<Scalar>?] {
  switch op {
  case .conv(let window, let groups): convBackward(resolved(window, step.inputs), groups, step)
  case .convTranspose(let window, let groups, _): convTransposeBackward(window, groups, step)
  case .maxPool, .globalMaxPool: [maxPoolBackward(step)]
  case .averagePool(let kernel, let window, let countPadding):
    [averagePoolBackward(kernel, resolved(window, step.inputs, kernel), countPadding, step)]
  case .globalAveragePool: [globalAveragePoolBackward(step)]
  case .gemm(let transposeA, let transposeB): gemmBackward(transposeA, transposeB, step)
  case .activation(let activation): [activationBackward(activation, step)]
  case .softmax(let axis): [softmaxBackward(axis, step)]
  case .localResponseNorm(let size, let alpha, let beta, let bias):
    [localResponseNormBackward(LocalResponse(size, alpha, beta, bias), step)]
  case .batchNorm(let epsilon): batchNormBackward(Scalar(epsilon), step)
  case .unary(.absolute): [absoluteBackward(step)]
  case .binary(.add): addBackward(step)
  case .binary(.multiply): multiplyBackward(step)
  case .binary(let function): binaryBackward(function, step)
  case .concat(let axis): concatBackward(axis, step)
  case .flatten, .reshape, .squeeze, .unsqueeze: [step.gradient.reshaped(step.inputs[0].shape)]
  case .transpose(let permutation): [transposeBackward(permutation, step)]
  case .lpNormalise(let axis, let p): [lpNormaliseBackward(axis, p, step)]
  case .reduce(let reduction, let axes, _, let noAxesIsIdentity):
    [sumBackward(SumOverAxes(reduction, axes, noAxesIsIdentity: noAxesIsIdentity, step.inputs[0].shape), step)]
  case .dropout: [dropoutBackward(step)]
  default: fatalError("\(op.name) has no gradient")
  }
}

/// Operations without a forward computation of their own here: the first output of the naive kernel.
private func referenceForward<Scalar: TensorScalar>(_ op: Op, _ x: [Tensor<Scalar>]) -> Tensor<Scalar> {
  let dtype: DType = Scalar.self == Float.self ? .f32 : .f64
  do {
    let constants = try x.map { tensor throws(DLError) in
      let storage = tensor.scalars.withUnsafeBytes { bytes in Result { () throws(DLError) in try Storage.copy(bytes) } }
      return Fact(try Constant(dtype, tensor.shape, try storage.get()))
    }
    let facts = try inferFacts(of: op, constants)
    guard let y = try fold(op, constants, facts, limit: .max - 1, canRead: { _ in true })?.first, y.dtype == dtype else {
      fatalError("\(op.name): not an operation on floats of known size")
    }
    return withExtendedLifetime(y.storage) { Tensor(y.sizes, Array(y.bytes.bindMemory(to: Scalar.self))) }
  } catch { fatalError("\(op.name): \(error)") }
}
