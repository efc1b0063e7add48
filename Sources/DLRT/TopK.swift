import CDLRT
import DLGraph
import DLRuntime

extension SessionHandle {
  /// The k largest scores of a row, largest first; equal scores by lower index, NaN last.
  func topK(_ index: Int, _ k: Int) throws(DLError) -> [dlrt_class] {
    let (data, dtype, sizes) = try session.output(index)
    guard dtype == .f32 else { throw DLError(.typeMismatch, "output \(index): expected f32 scores, found \(dtype.name)") }
    guard let width = sizes.last, sizes.dropLast().allSatisfy({ $0 == 1 }) else {
      throw DLError(.shapeMismatch, "output \(index): expected one row of scores, found \(describe(sizes))")
    }
    let scores = data.bindMemory(to: Float.self)
    // Ranking NaN below −∞ makes the order total.
    func comesBefore(_ a: Int, _ b: Int) -> Bool { scores[b].isNaN ? !scores[a].isNaN : scores[a] > scores[b] }
    return sortedIndices(width, comesBefore).prefix(k).map { i in
      var entry = dlrt_class()
      entry.index = i
      entry.score = scores[i]
      entry.label = i < model.labels.count ? model.labels[i].pointer : nil
      return entry
    }
  }
}
