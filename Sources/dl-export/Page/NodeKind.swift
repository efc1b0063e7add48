import DLGraph

/// What colours tell apart.
enum NodeKind: String, CaseIterable {
  case product, activation, pooling, normalisation, arithmetic, movement, decision

  init(_ op: Op) {
    self =
      switch op {
      case .conv, .convTranspose, .gemm, .matmul, .einsum: .product
      case .activation: .activation
      case .maxPool, .averagePool, .lpPool, .globalMaxPool, .globalAveragePool, .globalLpPool, .maxUnpool, .roiMaxPool, .roiAlign,
        .resize, .gridSample:
        .pooling
      case .batchNorm, .instanceNorm, .groupNorm, .layerNorm, .rmsNorm, .lpNormalise, .localResponseNorm, .dropout:
        .normalisation
      case .unary, .binary, .select, .reduce, .cumulativeSum, .distance, .cast: .arithmetic
      case .softmax, .logSoftmax, .hardmax, .argMax, .argMin, .topK, .unique, .nonZero, .nonMaxSuppression: .decision
      case .concat, .split, .slice, .pad, .transpose, .flatten, .reshape, .squeeze, .unsqueeze, .expand, .tile, .depthToSpace,
        .spaceToDepth, .reverseSequence, .triangle, .shape, .size, .fill, .range, .oneHot, .eyeLike, .gather, .gatherElements,
        .gatherND, .scatterElements, .scatterND, .compress:
        .movement
      }
  }

  var title: String {
    switch self {
    case .product: "sums of products"
    case .activation: "activations"
    case .pooling: "pooling, resizing"
    case .normalisation: "normalisation"
    case .arithmetic: "arithmetic"
    case .movement: "shapes, moved elements"
    case .decision: "softmax, sorting, selection"
    }
  }

  /// Whether a node is shown below the one it reads, in the same box, when nothing else reads that.
  static func isEpilogue(_ op: Op) -> Bool {
    switch op {
    case .activation, .batchNorm, .dropout, .unary, .binary, .cast: true
    default: false
    }
  }
}
