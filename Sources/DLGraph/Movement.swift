/// How a tensor lies in memory; strides in elements.
public struct StridedShape: Sendable {
  public var sizes: [Int]
  public var strides: [Int]

  public init(_ sizes: [Int], strides: [Int]) {
    self.sizes = sizes
    self.strides = strides
  }
  /// Dense and row-major.
  public init(_ sizes: [Int]) { self.init(sizes, strides: rowMajorStrides(sizes)) }

  /// The offset of a place on one axis.
  fileprivate func offset(_ axis: Int, _ place: Int) -> Int { place * strides[axis] }
}

/// An operation that moves elements and changes none, as strided copies. The same for every type and every layout.
public struct Movement: Sendable {
  public enum Source: Sendable {
    case input(Int)
    /// What earlier parts put into the same output.
    case output
    case zero
  }
  public struct Part: Sendable {
    public var source: Source
    public var output: Int
    public var copy: StridedCopy
  }
  /// In the order they must be done.
  public var parts: [Part] = []

  fileprivate mutating func add(_ copy: StridedCopy, from source: Source = .input(0), output: Int = 0) {
    if copy.count > 0 { parts.append(Part(source: source, output: output, copy: copy)) }
  }

  /// inputs: layouts of the inputs, of which only x (or all inputs of `concat`) is read. outputs: with the sizes that `inferFacts`
  /// answers. parameters: the integers of each input as far as it is a parameter. Nil for operations that are no such movement.
  public init?(
    _ op: Op, _ inputs: [StridedShape?], _ outputs: [StridedShape?], parameters: [[Int]?]
  ) throws(DLError) {
    guard let x = inputs[0], let y = outputs[0] else { return nil }
    let rank = x.sizes.count
    switch op {
    case .concat(let axis): concat(axis < 0 ? axis + rank : axis, inputs, y)
    case .split(let axis, _): split(axis < 0 ? axis + rank : axis, x, outputs)
    case .slice: try slice(x, y, parameters)
    case .pad(let mode): try pad(mode, x, y, parameters, hasValue: inputs.count > 2 && inputs[2] != nil)
    case .transpose(let permutation):
      let from = permutation.isEmpty ? Array(x.strides.reversed()) : permutation.map { x.strides[$0] }
      add(StridedCopy(y.sizes, from: from, to: y.strides))
    case .expand:
      var from = Array(repeating: 0, count: y.sizes.count)
      for i in 0..<rank where x.sizes[i] != 1 { from[y.sizes.count - rank + i] = x.strides[i] }
      add(StridedCopy(y.sizes, from: from, to: y.strides))
    case .tile: tile(x, y)
    case .depthToSpace(let block, let columnRowDepth): blocks(block, columnRowDepth, depth: x, space: y, toSpace: true)
    case .spaceToDepth(let block): blocks(block, false, depth: y, space: x, toSpace: false)
    default: return nil
    }
  }

  private mutating func concat(_ axis: Int, _ inputs: [StridedShape?], _ y: StridedShape) {
    var place = 0
    for (i, input) in inputs.enumerated() {
      guard let x = input else { continue }
      add(StridedCopy(x.sizes, from: x.strides, to: y.strides, place: y.offset(axis, place)), from: .input(i))
      place += x.sizes[axis]
    }
  }

  private mutating func split(_ axis: Int, _ x: StridedShape, _ outputs: [StridedShape?]) {
    var place = 0
    // An output that nobody reads has its size from those around it only if the parts are even, so all outputs are here.
    for (i, output) in outputs.enumerated() {
      guard let y = output else { continue }
      add(StridedCopy(y.sizes, from: x.strides, start: x.offset(axis, place), to: y.strides), output: i)
      place += y.sizes[axis]
    }
  }

  private mutating func slice(_ x: StridedShape, _ y: StridedShape, _ parameters: [[Int]?]) throws(DLError) {
    let ranges = try SliceRange.all(of: x.sizes, parameters)
    var start = 0
    var from = x.strides
    for (axis, range) in ranges.enumerated() {
      // No element, no address.
      if range.count == 0 { return }
      start += x.offset(axis, range.first)
      from[axis] = range.count == 1 ? 0 : x.strides[axis] * range.step
    }
    add(StridedCopy(ranges.map { $0.count }, from: from, start: start, to: y.strides))
  }

  private mutating func tile(_ x: StridedShape, _ y: StridedShape) {
    var sizes: [Int] = []
    var from: [Int] = []
    var to: [Int] = []
    for axis in x.sizes.indices {
      let n = x.sizes[axis]
      sizes += [n == 0 ? 0 : y.sizes[axis] / n, n]
      from += [0, x.strides[axis]]
      to += [n * y.strides[axis], y.strides[axis]]
    }
    add(StridedCopy(sizes, from: from, to: to))
  }

  /// Between [N, C · b², H, W] and [N, C, H · b, W · b]: a box of axes N, C, H, b, W, b.
  private mutating func blocks(_ b: Int, _ columnRowDepth: Bool, depth: StridedShape, space: StridedShape, toSpace: Bool) {
    let channels = space.sizes[1]
    let sizes = [depth.sizes[0], channels, depth.sizes[2], b, depth.sizes[3], b]
    let d = depth.strides
    let s = space.strides
    let (channel, cell) = columnRowDepth ? (b * b * d[1], d[1]) : (d[1], channels * d[1])
    let deep = [d[0], channel, d[2], b * cell, d[3], cell]
    let wide = [s[0], s[1], b * s[2], s[2], b * s[3], s[3]]
    add(StridedCopy(sizes, from: toSpace ? deep : wide, to: toSpace ? wide : deep))
  }

  // MARK: padding

  /// First the middle; then axis by axis, from the last, what is before and after it, over all of the axes already done.
  private mutating func pad(
    _ mode: PadMode, _ x: StridedShape, _ y: StridedShape, _ parameters: [[Int]?], hasValue: Bool
  ) throws(DLError) {
    let (begins, ends) = try paddings(rank: x.sizes.count, parameters)
    // The middle, in places of y.
    var first: [Int] = []
    var sizes: [Int] = []
    var start = 0
    for axis in x.sizes.indices {
      let cut = max(0, -begins[axis])
      first.append(max(0, begins[axis]))
      sizes.append(x.sizes[axis] - cut - max(0, -ends[axis]))
      start += x.offset(axis, cut)
    }
    // With nothing in the middle all is padding, which only a constant can be.
    guard sizes.allSatisfy({ $0 > 0 }) else {
      return add(
        StridedCopy(y.sizes, from: y.sizes.map { _ in 0 }, to: y.strides), from: hasValue ? .input(2) : .zero)
    }
    func corner(_ axes: Range<Int>) -> Int { axes.reduce(0) { $0 + y.offset($1, first[$1]) } }
    add(StridedCopy(sizes, from: x.strides, start: start, to: y.strides, place: corner(0..<sizes.count)))
    for axis in sizes.indices.reversed() {
      let inner = Array(y.sizes[(axis + 1)...])
      let (low, high) = (first[axis], first[axis] + sizes[axis])
      for border in [0..<low, high..<y.sizes[axis]] where !border.isEmpty {
        let base = corner(0..<axis)
        if mode == .constant {
          let box = sizes[..<axis] + [border.count] + inner
          let to = base + y.offset(axis, border.lowerBound)
          add(
            StridedCopy(Array(box), from: box.map { _ in 0 }, to: y.strides, place: to), from: hasValue ? .input(2) : .zero)
          continue
        }
        // Runs of places whose sources are one step apart.
        var place = border.lowerBound
        while place < border.upperBound {
          let source = mirrored(place - low, sizes[axis], mode)
          var step = 0
          var count = 1
          while place + count < border.upperBound {
            let next = mirrored(place + count - low, sizes[axis], mode)
            if count == 1 { step = next - source }
            if next != source + count * step { break }
            count += 1
          }
          var from = y.strides
          from[axis] = step * y.strides[axis]
          add(
            StridedCopy(
              Array(sizes[..<axis] + [count] + inner), from: from, start: base + y.offset(axis, low + source), to: y.strides,
              place: base + y.offset(axis, place)), from: .output)
          place += count
        }
      }
    }
  }
}

/// Where in 0..<size a padded place finds its element; place < 0 or ≥ size.
private func mirrored(_ place: Int, _ size: Int, _ mode: PadMode) -> Int {
  switch mode {
  case .constant, .edge: return place < 0 ? 0 : size - 1
  case .wrap:
    let rest = place % size
    return rest < 0 ? rest + size : rest
  case .reflect:
    if size == 1 { return 0 }
    let period = 2 * (size - 1)
    var rest = place % period
    if rest < 0 { rest += period }
    return rest < size ? rest : period - rest
  }
}

/// What `pad` adds before and after each axis. parameters: none for x, then pads, nothing for the value, axes.
func paddings(rank: Int, _ parameters: [[Int]?]) throws(DLError) -> (begins: [Int], ends: [Int]) {
  let pads = parameters[1] ?? []
  let axes = try distinctAxes(parameters.count > 3 ? parameters[3] : nil, rank: rank)
  guard pads.count == 2 * axes.count else {
    throw DLError(.invalidModel, "pads: expected \(2 * axes.count), two for each axis, found \(pads.count)")
  }
  var begins = Array(repeating: 0, count: rank)
  var ends = begins
  for (i, axis) in axes.enumerated() {
    begins[axis] = pads[i]
    ends[axis] = pads[axes.count + i]
  }
  return (begins, ends)
}

/// Axes counted from the front, each once; nil: all.
func distinctAxes(_ axes: [Int]?, rank: Int) throws(DLError) -> [Int] {
  guard let axes else { return Array(0..<rank) }
  var resolved: [Int] = []
  for axis in axes {
    let axis = try resolveAxis(axis, rank: rank)
    if resolved.contains(axis) { throw DLError(.invalidModel, "axes: axis \(axis) is there twice") }
    resolved.append(axis)
  }
  return resolved
}

/// The places that a slice takes of one axis: first, first + step, …
struct SliceRange {
  var first: Int
  var count: Int
  var step: Int

  /// As numpy's start:end:step, but that a start before the first place is the first also on the way down. step is not 0.
  init(_ size: Int, start: Int, end: Int, step: Int) {
    // Negative places count from the end; then both ends are brought to where the walk can begin and stop.
    let high = step > 0 ? size : size - 1
    first = min(max(start < 0 ? start + size : start, 0), high)
    let last = min(max(end < 0 ? end + size : end, step > 0 ? 0 : -1), high)
    let span = step > 0 ? last - first : first - last
    count = span > 0 ? Int((UInt(span) - 1) / step.magnitude) + 1 : 0
    self.step = step
  }

  /// parameters: none for x, then starts, ends, axes, steps. One range for each axis of x.
  static func all(of sizes: [Int], _ parameters: [[Int]?]) throws(DLError) -> [SliceRange] {
    var ranges: [SliceRange] = []
    for size in sizes { ranges.append(SliceRange(size, start: 0, end: size, step: 1)) }
    let starts = parameters[1] ?? []
    let ends = parameters[2] ?? []
    let axes = try distinctAxes(
      parameters.count > 3 ? parameters[3] ?? Array(starts.indices) : Array(starts.indices), rank: sizes.count)
    let steps = parameters.count > 4 ? parameters[4] : nil
    guard ends.count == starts.count, axes.count == starts.count, steps == nil || steps?.count == starts.count else {
      throw DLError(.invalidModel, "starts, ends, axes and steps differ in length")
    }
    for (i, axis) in axes.enumerated() {
      let step = steps?[i] ?? 1
      if step == 0 { throw DLError(.invalidModel, "steps: 0 at \(i)") }
      ranges[axis] = SliceRange(sizes[axis], start: starts[i], end: ends[i], step: step)
    }
    return ranges
  }
}
