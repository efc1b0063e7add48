/// Draws a directed acyclic graph in layers, from top to bottom (Sugiyama, Tagawa and Toda 1981): boxes in layers, each below all
/// that it reads; few crossings; edges over several layers as straight as can be.
struct LayeredLayout {
  struct Box {
    var width: Double
    var height: Double
    /// The middle of the upper edge.
    var x = 0.0
    var y = 0.0
  }

  /// A way from one box to a later one.
  struct Edge {
    var from: Int
    var to: Int
    /// In the language of SVG's paths.
    var path = HTML()
    /// Whether it passes other layers.
    var isLong = false
  }

  private(set) var boxes: [Box]
  private(set) var edges: [Edge]
  private(set) var width = 0.0
  private(set) var height = 0.0

  /// Vertices of the layered graph: the boxes, then one for each layer that an edge passes.
  private var layers: [[Int]] = []
  private var above: [[Int]]
  private var below: [[Int]]
  private var widths: [Double]
  /// The vertices of each edge, from its first box to its last.
  private var ways: [[Int]] = []

  /// More vertices than this are no drawing that anybody could read.
  private static let mostVertices = 30_000
  private static let margin = 16.0

  /// boxes: in an order in which every edge leads to a later one. Nil if the graph is too large to draw.
  init?(_ boxes: [Box], _ edges: [Edge]) {
    self.boxes = boxes
    self.edges = edges
    above = boxes.map { _ in [] }
    below = above
    widths = boxes.map(\.width)
    guard boxes.count <= LayeredLayout.mostVertices, makeLayers() else { return nil }
    reduceCrossings()
    place()
    drawEdges()
  }

  // MARK: - layers

  private mutating func makeLayers() -> Bool {
    let layer = chooseLayers()
    layers = Array(repeating: [], count: (layer.max() ?? 0) + 1)
    for box in boxes.indices { layers[layer[box]].append(box) }
    for edge in edges {
      guard widths.count + layer[edge.to] - layer[edge.from] <= LayeredLayout.mostVertices else { return false }
      var way = [edge.from]
      for passed in layer[edge.from] + 1..<layer[edge.to] {
        layers[passed].append(widths.count)
        way.append(widths.count)
        widths.append(4)
        above.append([])
        below.append([])
      }
      way.append(edge.to)
      for (a, b) in zip(way, way.dropFirst()) {
        below[a].append(b)
        above[b].append(a)
      }
      ways.append(way)
    }
    return true
  }

  /// The first layer for each box that its inputs allow; but a later one where that makes edges shorter, as of a box that more edges
  /// lead from than to, and of those below it.
  private func chooseLayers() -> [Int] {
    var inputs: [[Int]] = boxes.map { _ in [] }
    var readers = inputs
    for edge in edges {
      inputs[edge.to].append(edge.from)
      readers[edge.from].append(edge.to)
    }
    var latest = boxes.map { _ in 0 }
    for box in boxes.indices { for reader in readers[box] { latest[reader] = max(latest[reader], latest[box] + 1) } }
    for box in boxes.indices.reversed() where !readers[box].isEmpty && readers[box].count >= inputs[box].count {
      latest[box] = readers[box].reduce(Int.max) { min($0, latest[$1]) } - 1
    }
    var layer = boxes.map { _ in 0 }
    var isLater = boxes.map { _ in false }
    for box in boxes.indices {
      layer[box] = inputs[box].reduce(0) { max($0, layer[$1] + 1) }
      let isWorthIt = readers[box].count > inputs[box].count || inputs[box].contains { isLater[$0] }
      isLater[box] = isWorthIt && latest[box] > layer[box]
      if isLater[box] { layer[box] = latest[box] }
    }
    return layer
  }

  // MARK: - order

  /// Sorts each layer by the mean place of the neighbours in the layer before, downwards and upwards in turn, as long as that helps.
  private mutating func reduceCrossings() {
    var best = layers
    var fewest = crossings()
    var failures = 0
    for sweep in 0..<24 where failures < 6 && fewest > 0 {
      let isDown = sweep % 2 == 0
      var place = places(in: layers, of: widths.count)
      for l in isDown ? Array(layers.indices.dropFirst()) : layers.indices.dropLast().reversed() {
        sort(l, by: isDown ? above : below, &place, mirrored: sweep % 4 >= 2)
      }
      let found = crossings()
      failures = found < fewest ? 0 : failures + 1
      if found < fewest { (best, fewest) = (layers, found) }
    }
    layers = best
  }

  /// mirrored: of vertices with the same mean, the right one first.
  private mutating func sort(_ l: Int, by neighbours: [[Int]], _ place: inout [Int], mirrored: Bool) {
    let means = layers[l].map { v in
      neighbours[v].isEmpty ? Double(place[v]) : Double(neighbours[v].reduce(0) { $0 + place[$1] }) / Double(neighbours[v].count)
    }
    let order = layers[l].indices.sorted { a, b in
      means[a] != means[b] ? means[a] < means[b] : mirrored ? a > b : a < b
    }
    layers[l] = order.map { layers[l][$0] }
    for (i, v) in layers[l].enumerated() { place[v] = i }
  }

  /// Counted by inversions (Barth, Jünger and Mutzel 2002).
  private func crossings() -> Int {
    let place = places(in: layers, of: widths.count)
    var count = 0
    for (upper, lower) in zip(layers, layers.dropFirst()) {
      var tree = Array(repeating: 0, count: lower.count + 1)
      var inserted = 0
      for v in upper {
        let targets = below[v].map { place[$0] }
        for target in targets {
          var (i, notAfter) = (target + 1, 0)
          while i > 0 { (notAfter, i) = (notAfter + tree[i], i - (i & -i)) }
          count += inserted - notAfter
        }
        for target in targets {
          var i = target + 1
          while i < tree.count { (tree[i], i) = (tree[i] + 1, i + (i & -i)) }
          inserted += 1
        }
      }
    }
    return count
  }

  // MARK: - coordinates

  private mutating func place() {
    let x = HorizontalPlacement(layers, above: above, below: below, widths: widths, boxes: boxes.count).x
    let left = x.indices.map { x[$0] - widths[$0] / 2 }.min() ?? 0
    let right = x.indices.map { x[$0] + widths[$0] / 2 }.max() ?? 0
    let margin = LayeredLayout.margin
    width = right - left + 2 * margin
    centers = x.map { $0 - left + margin }
    var y = margin
    for layer in layers {
      let height = layer.reduce(0) { max($0, $1 < boxes.count ? boxes[$1].height : 0) }
      bands.append(y...y + height)
      for v in layer where v < boxes.count {
        boxes[v].x = centers[v]
        boxes[v].y = y + (height - boxes[v].height) / 2
      }
      // More room where edges lead far to the side.
      let shift = layer.reduce(0) { most, v in below[v].reduce(most) { max($0, abs(centers[$1] - centers[v])) } }
      y += height + min(26 + shift / 12, 64)
    }
    height = (bands.last?.upperBound ?? 0) + margin
  }

  /// By vertex.
  private var centers: [Double] = []
  /// From where to where each layer reaches.
  private var bands: [ClosedRange<Double>] = []

  /// Down through the layers, and in curves between them.
  private mutating func drawEdges() {
    var layerOf = widths.map { _ in 0 }
    for (l, layer) in layers.enumerated() { for v in layer { layerOf[v] = l } }
    for (e, way) in ways.enumerated() {
      let (from, to) = (boxes[way[0]], boxes[way[way.count - 1]])
      var path: HTML = "M\(from.x) \(from.y + from.height)"
      for (a, b) in zip(way, way.dropFirst()) {
        // Short of the layer, so that the arrow head points downwards also where the box begins with it.
        let (start, end) = (bands[layerOf[a]].upperBound, bands[layerOf[b]].lowerBound - 4)
        let middle = (start + end) / 2
        path +=
          centers[a] == centers[b]
          ? "V\(end)" : "V\(start)C\(centers[a]) \(middle) \(centers[b]) \(middle) \(centers[b]) \(end)"
      }
      path += "V\(to.y - 1)"
      edges[e].path = path
      edges[e].isLong = way.count > 2
    }
  }
}

/// The place of each vertex in its layer.
func places(in layers: [[Int]], of count: Int) -> [Int] {
  var places = Array(repeating: 0, count: count)
  for layer in layers { for (i, v) in layer.enumerated() { places[v] = i } }
  return places
}
