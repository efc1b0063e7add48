import DLGraph

/// A piece of arena memory and the steps, first to last, during which it must keep its contents.
struct Lifetime {
  var bytes: Int
  var first: Int
  var last: Int
}

/// Offsets of pieces in one arena, and its size.
struct MemoryPlan {
  static let alignment = 64
  private(set) var offsets: [Int]
  private(set) var bytes = 0

  /// Greedy by size (Pisarchyk and Lee 2020): the largest piece first, each at the tightest gap among those placed that
  /// live at the same time. Nil if the sizes overflow.
  init?(_ pieces: [Lifetime]) {
    offsets = Array(repeating: 0, count: pieces.count)
    let order = sortedIndices(pieces.count) { pieces[$0].bytes > pieces[$1].bytes }
    /// Placed pieces by rising offset.
    var placed: [Int] = []
    for piece in order {
      let (grown, overflow) = pieces[piece].bytes.addingReportingOverflow(MemoryPlan.alignment - 1)
      if overflow { return nil }
      let size = grown / MemoryPlan.alignment * MemoryPlan.alignment
      var best: (offset: Int, gap: Int)?
      var end = 0
      for other in placed where pieces[other].first <= pieces[piece].last && pieces[piece].first <= pieces[other].last {
        let gap = offsets[other] - end
        if gap >= size, best.map({ gap < $0.gap }) ?? true { best = (end, gap) }
        end = max(
          end, offsets[other] + (pieces[other].bytes + MemoryPlan.alignment - 1) / MemoryPlan.alignment * MemoryPlan.alignment)
      }
      let offset = best?.offset ?? end
      let (top, tooBig) = offset.addingReportingOverflow(size)
      if tooBig { return nil }
      offsets[piece] = offset
      bytes = max(bytes, top)
      let position = placed.firstIndex { offsets[$0] > offset } ?? placed.count
      placed.insert(piece, at: position)
    }
  }
}
