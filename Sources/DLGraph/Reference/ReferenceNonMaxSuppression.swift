/// The corners of a box, the lower ones first.
private struct Box {
  var y0: Double, x0: Double, y1: Double, x1: Double

  init(_ boxes: TensorBuffer, _ i: Int, centres: Bool) {
    let (a, b, c, d) = (boxes.real(4 * i), boxes.real(4 * i + 1), boxes.real(4 * i + 2), boxes.real(4 * i + 3))
    if centres {
      (x0, x1) = (a - c / 2, a + c / 2)
      (y0, y1) = (b - d / 2, b + d / 2)
    } else {
      (y0, y1) = (min(a, c), max(a, c))
      (x0, x1) = (min(b, d), max(b, d))
    }
  }

  var area: Double { (y1 - y0) * (x1 - x0) }

  /// Whether intersection over union is above a threshold.
  func overlaps(_ other: Box, above threshold: Double) -> Bool {
    let height = min(y1, other.y1) - max(y0, other.y0)
    let width = min(x1, other.x1) - max(x0, other.x0)
    guard height > 0, width > 0, area > 0, other.area > 0 else { return false }
    let common = height * width
    return common / (area + other.area - common) > threshold
  }
}

/// Greedy: each class's boxes by falling score, without those that overlap one taken before (Neubeck and Van Gool 2006). Only
/// boxes above the score threshold are sorted, and each is held only against those taken.
func nonMaxSuppression(_ centres: Bool, _ inputs: [TensorBuffer?], _ outputs: inout [TensorBuffer?]) throws(DLError) {
  guard let boxes = inputs[0], let scores = inputs[1], let y = outputs[0] else { return }
  func parameter(_ i: Int) -> TensorBuffer? { i < inputs.count ? inputs[i] : nil }
  let most = parameter(2)?.integer(0) ?? 0
  let overlap = parameter(3)?.real(0) ?? 0
  let threshold = parameter(4)?.real(0) ?? -.infinity
  let (classes, count) = (scores.sizes[1], scores.sizes[2])
  var taken = 0
  for image in 0..<scores.sizes[0] {
    let corners = (0..<count).map { Box(boxes, image * count + $0, centres: centres) }
    for label in 0..<classes {
      let first = (image * classes + label) * count
      let candidates = (0..<count).filter { !(scores.real(first + $0) <= threshold) }
      let order = sortedIndices(candidates.count) {
        scores.compare(first + candidates[$0], scores, first + candidates[$1]) > 0
      }
      var kept: [Box] = []
      for i in order {
        if kept.count >= most { break }
        let box = corners[candidates[i]]
        if kept.contains(where: { $0.overlaps(box, above: overlap) }) { continue }
        guard 3 * taken + 3 <= y.count else {
          throw DLError(.invalidArgument, "output 0: more than \(y.count / 3) boxes")
        }
        for (k, value) in [image, label, candidates[i]].enumerated() { y.setInteger(3 * taken + k, Int64(value)) }
        kept.append(box)
        taken += 1
      }
    }
  }
  try outputs.settle(0, [taken, 3])
}
