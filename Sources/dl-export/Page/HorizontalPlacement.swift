/// Where the vertices of a layered graph lie from left to right (Brandes and Köpf 2002): edges over several layers are vertical
/// lines, and each vertex is near the middle of its neighbours. Four placements, each pushed into one corner, are averaged.
struct HorizontalPlacement {
  /// The middle of each vertex.
  private(set) var x: [Double]

  private let widths: [Double]
  /// Vertices below this are boxes, the others lie on edges.
  private let boxes: Int

  init(_ layers: [[Int]], above: [[Int]], below: [[Int]], widths: [Double], boxes: Int) {
    self.widths = widths
    self.boxes = boxes
    x = []
    var candidates: [[Double]] = []
    for isUpward in [false, true] {
      for isMirrored in [false, true] {
        var ordered = isUpward ? layers.reversed() : layers
        if isMirrored { ordered = ordered.map { $0.reversed() } }
        let found = place(ordered, neighbours: isUpward ? below : above)
        candidates.append(isMirrored ? found.map { -$0 } : found)
      }
    }
    x = balanced(candidates)
  }

  /// All shifted to the narrowest: those pushed to the left by their left ends, the others by their right ends.
  private func balanced(_ candidates: [[Double]]) -> [Double] {
    func ends(_ x: [Double]) -> (left: Double, right: Double) {
      x.indices.reduce((Double.infinity, -Double.infinity)) {
        (min($0.0, x[$1] - widths[$1] / 2), max($0.1, x[$1] + widths[$1] / 2))
      }
    }
    let spans = candidates.map(ends)
    guard let narrowest = spans.min(by: { $0.right - $0.left < $1.right - $1.left }) else { return [] }
    let shifted = candidates.indices.map { c in
      let shift = c % 2 == 0 ? narrowest.left - spans[c].left : narrowest.right - spans[c].right
      return candidates[c].map { $0 + shift }
    }
    return widths.indices.map { v in
      let values = shifted.map { $0[v] }.sorted()
      return (values[1] + values[2]) / 2
    }
  }

  /// Pushed to the left, each vertex in one vertical line with a neighbour of the layer before where that is possible.
  private func place(_ layers: [[Int]], neighbours: [[Int]]) -> [Double] {
    compact(layers, align(layers, neighbours, places(in: layers, of: widths.count)))
  }

  /// The first vertex of the vertical line that each is part of.
  private func align(_ layers: [[Int]], _ neighbours: [[Int]], _ place: [Int]) -> [Int] {
    var root = Array(widths.indices)
    for layer in layers.dropFirst() {
      let blocked = edgesAcrossLongOnes(layer, neighbours, place)
      var last = -1
      for v in layer {
        let sorted = neighbours[v].sorted { place[$0] < place[$1] }
        guard !sorted.isEmpty else { continue }
        for m in Set([(sorted.count - 1) / 2, sorted.count / 2]).sorted() where root[v] == v {
          let u = sorted[m]
          guard place[u] > last, !blocked.contains(Pair(u, v)) else { continue }
          root[v] = root[u]
          last = place[u]
        }
      }
    }
    return root
  }

  private struct Pair: Hashable {
    var u: Int, v: Int
    init(_ u: Int, _ v: Int) { (self.u, self.v) = (u, v) }
  }

  /// Edges to a layer that cross a piece of one over several layers: those stay straight.
  private func edgesAcrossLongOnes(_ layer: [Int], _ neighbours: [[Int]], _ place: [Int]) -> Set<Pair> {
    var blocked: Set<Pair> = []
    var (from, scanned) = (0, 0)
    for (i, v) in layer.enumerated() {
      let inner = v < boxes ? nil : neighbours[v].first { $0 >= boxes }
      guard inner != nil || i == layer.count - 1 else { continue }
      let to = inner.map { place[$0] } ?? .max
      for w in layer[scanned...i] {
        for u in neighbours[w] where place[u] < from || place[u] > to {
          if u < boxes || w < boxes { blocked.insert(Pair(u, w)) }
        }
      }
      (from, scanned) = (to, i + 1)
    }
    return blocked
  }

  /// As far to the left as the vertical lines can go, and then as near to their right neighbours as that leaves room for.
  private func compact(_ layers: [[Int]], _ root: [Int]) -> [Double] {
    var right: [Int: [(line: Int, distance: Double)]] = [:]
    var waiting = widths.map { _ in 0 }
    for layer in layers {
      for (a, b) in zip(layer, layer.dropFirst()) {
        right[root[a], default: []].append((root[b], distance(a, b)))
        waiting[root[b]] += 1
      }
    }
    var lines = widths.indices.filter { root[$0] == $0 && waiting[$0] == 0 }
    var x = widths.map { _ in 0.0 }
    var next = 0
    while next < lines.count {
      let line = lines[next]
      next += 1
      for (other, distance) in right[line] ?? [] {
        x[other] = max(x[other], x[line] + distance)
        waiting[other] -= 1
        if waiting[other] == 0 { lines.append(other) }
      }
    }
    for line in lines.reversed() {
      let room = (right[line] ?? []).reduce(Double.infinity) { min($0, x[$1.line] - $1.distance) }
      if room.isFinite { x[line] = max(x[line], room) }
    }
    return widths.indices.map { x[root[$0]] }
  }

  private func distance(_ a: Int, _ b: Int) -> Double { (widths[a] + widths[b]) / 2 + (a < boxes && b < boxes ? 24 : 14) }
}
