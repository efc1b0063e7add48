import DLGraph

/// A piece of arena memory and the steps, first to last, during which it must keep its contents.
struct Lifetime {
  var bytes: Int
  var first: Int
  var last: Int

  /// With the gap up to where another may begin; nil if that overflows. Large sizes are often multiples of 4096, and processors
  /// compare only the last 12 bits of the addresses of loads and stores under way: some lines more keep what is read and what is
  /// written meanwhile from being mistaken for each other.
  fileprivate var padded: Int? {
    let gap = bytes >= 65_536 ? 13 * MemoryPlan.alignment : 0
    let (grown, overflow) = bytes.addingReportingOverflow(gap + MemoryPlan.alignment - 1)
    return overflow ? nil : grown / MemoryPlan.alignment * MemoryPlan.alignment
  }
}

/// Offsets of pieces in one arena, and its size.
struct MemoryPlan {
  static let alignment = 64
  private(set) var offsets: [Int]
  private(set) var bytes = 0
  /// Bytes of the pieces that live at once, at most: no plan can need less.
  private(set) var liveBytes = 0

  /// Greedy by size (Pisarchyk and Lee 2020): the largest piece first, each at the tightest gap among those placed that
  /// live at the same time. Nil if the sizes overflow.
  init?(_ pieces: [Lifetime]) {
    offsets = Array(repeating: 0, count: pieces.count)
    let order = sortedIndices(pieces.count) { pieces[$0].bytes > pieces[$1].bytes }
    var neighbours = Neighbours(pieces)
    for piece in order {
      guard let size = pieces[piece].padded else { return nil }
      let placed = neighbours.of(piece, pieces)
      var best: (offset: Int, gap: Int)?
      var end = 0
      for i in sortedIndices(placed.count, { offsets[placed[$0]] < offsets[placed[$1]] }) {
        let other = placed[i]
        let gap = offsets[other] - end
        if gap >= size, best.map({ gap < $0.gap }) ?? true { best = (end, gap) }
        end = max(end, offsets[other] + (pieces[other].padded ?? 0))
      }
      let offset = best?.offset ?? end
      let (top, tooBig) = offset.addingReportingOverflow(size)
      if tooBig { return nil }
      offsets[piece] = offset
      bytes = max(bytes, top)
      neighbours.insert(piece, pieces)
    }
    liveBytes = mostLive(pieces)
  }
}

/// Placed pieces by when they live, so that only those that live together with one are looked at.
private struct Neighbours {
  private static let stepsPerSpan = 64
  private var spans: [[Int]]
  /// The piece for which each was last found.
  private var found: [Int]

  init(_ pieces: [Lifetime]) {
    let last = pieces.reduce(0) { max($0, $1.last) }
    spans = Array(repeating: [], count: last / Neighbours.stepsPerSpan + 1)
    found = pieces.map { _ in -1 }
  }

  private func spans(_ piece: Lifetime) -> ClosedRange<Int> {
    piece.first / Neighbours.stepsPerSpan...max(piece.first, piece.last) / Neighbours.stepsPerSpan
  }

  mutating func insert(_ piece: Int, _ pieces: [Lifetime]) {
    for span in spans(pieces[piece]) { spans[span].append(piece) }
  }

  mutating func of(_ piece: Int, _ pieces: [Lifetime]) -> [Int] {
    let (first, last) = (pieces[piece].first, pieces[piece].last)
    var together: [Int] = []
    for span in spans(pieces[piece]) {
      for other in spans[span] where found[other] != piece && pieces[other].first <= last && first <= pieces[other].last {
        found[other] = piece
        together.append(other)
      }
    }
    return together
  }
}

/// The bytes of the pieces of the step at which they are most; 0 if they overflow.
private func mostLive(_ pieces: [Lifetime]) -> Int {
  var changes = Array(repeating: 0, count: pieces.reduce(0) { max($0, $1.last) } + 2)
  for piece in pieces {
    changes[piece.first] &+= piece.padded ?? 0
    changes[piece.last + 1] &-= piece.padded ?? 0
  }
  var live = 0
  var most = 0
  for change in changes {
    live &+= change
    most = max(most, live)
  }
  return most
}
