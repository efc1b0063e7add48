import DLTrain

extension Architecture {
  /// One branch of a Siamese or triplet network: two images are compared by `squaredDistance` of their embeddings.
  static let faceEmbedding = Architecture(
    "facenet", "faces to 128 numbers of length 1 (Schroff et al. 2015, on ResNet-18)", input: [3, 112, 112],
    task: .other("embedding")
  ) { m in
    Sequential(resnet(&m, blocks: [2, 2, 2, 2], isBottleneck: false, outputs: 128), L2Normalise(axis: 1))
  }
}

/// |a − b|² of each pair of embeddings: [N, D], [N, D] → [N]. Of embeddings of length 1 it is 0 for the same direction, 4 for
/// opposite ones.
public func squaredDistance<Scalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> {
  let difference = a - b
  return sum(difference * difference, axes: [1])
}

/// The mean of max(0, |anchor − positive|² − |anchor − negative|² + margin) over the triplets: [N, D] each → []. Schroff et al. 2015.
public func tripletLoss<Scalar>(
  anchor: Tensor<Scalar>, positive: Tensor<Scalar>, negative: Tensor<Scalar>, margin: Scalar = 0.2
) -> Tensor<Scalar> {
  let excess = squaredDistance(anchor, positive) - squaredDistance(anchor, negative) + Tensor([], [margin])
  return mean(relu(excess), axes: [0])
}
