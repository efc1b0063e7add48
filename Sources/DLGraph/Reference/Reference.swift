// The naive reference of each operation: plain loops over dense row-major tensors in the model's own dimension order.
// Floats are computed in double precision and rounded once. It says what an operation means: tests hold every kernel against it,
// gradients are checked with it, and the runtime falls back on it where no kernel fits.

/// Computes an operation. The types and sizes are those that `inferFacts` accepts and answers; nothing is checked again but
/// indices, which are data. Operations that work element by element on one input may have the output in its place.
/// inputs: nil where absent. outputs: nil where absent; sizes that depend on the elements are set to what they are.
/// Throws invalidArgument if an index lies outside its axis.
public func evaluateReference(_ op: Op, _ inputs: [TensorBuffer?], _ outputs: inout [TensorBuffer?]) throws(DLError) {
  guard let x = inputs[0], let y = outputs[0] else { return }
  switch op {
  case .activation, .unary, .binary, .select, .cast:
    evaluateElementwise(op, inputs, y)
  case .conv, .averagePool, .globalAveragePool, .maxPool, .globalMaxPool, .lpPool, .globalLpPool, .maxUnpool, .roiMaxPool,
    .roiAlign, .convTranspose:
    try evaluateSpatial(op, inputs, outputs)
  case .resize, .gridSample:
    evaluateSampling(op, inputs, y)
  case .matmul, .gemm, .einsum, .distance:
    evaluateProduct(op, inputs, y)
  case .softmax, .logSoftmax, .hardmax, .localResponseNorm, .batchNorm, .instanceNorm, .groupNorm, .layerNorm, .rmsNorm,
    .lpNormalise:
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
