import DLGraph
import DLTrain

/// What a detector does with the features of an image and the boxes it found likely: logits of classes for each box, and for each
/// class what moves the box.
private struct RegionHead: Network {
  let body: Sequential<Float>
  let scores, deltas: Dense<Float>

  func callAsFunction(_ xs: [Tensor<Float>]) -> [Tensor<Float>] {
    let (features, boxes) = (xs[0], xs[1])
    // Pooling wants the image's number, 0, before the corners of a box.
    let behindZero = Tensor<Float>([4, 5], (0..<20).map { $0 % 5 == $0 / 5 + 1 ? 1 : 0 })
    let regions = apply(.gemm(transposeA: false, transposeB: false), boxes, behindZero)
    let y = body(apply(.roiMaxPool(height: 7, width: 7, scale: 1 / 16), features, regions))
    return [scores(y), deltas(y)]
  }

  var parameters: Parameters<Float> { ["body": body, "scores": scores, "deltas": deltas] }
}

extension Architecture {
  /// Features of an image of 800×800, boxes as its pixels x0, y0, x1, y1; the background and the 90 class numbers of COCO.
  static let fastRCNN = Architecture(
    "fast_rcnn", "head of a detector (Girshick 2015), as wide as in Lin et al. 2017",
    inputs: [GraphInput("features", [256, 50, 50], batch: nil), GraphInput("boxes", [4], batch: "R")], task: .detection
  ) { m in
    let body: Sequential<Float> = [
      "flatten": Flatten(), "fc1": m.dense(256 * 49, 1024), "relu1": ReLU(), "fc2": m.dense(1024, 1024), "relu2": ReLU(),
    ]
    return RegionHead(body: body, scores: m.dense(1024, 91), deltas: m.dense(1024, 4 * 91))
  }
}
