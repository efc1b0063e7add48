// Operations that select by index. An index from outside is an error that names it; nothing is read or written beyond an axis.

func evaluateIndex(_ op: Op, _ inputs: [TensorBuffer?], _ outputs: inout [TensorBuffer?]) throws(DLError) {
  guard let x = inputs[0], let y = outputs[0] else { return }
  let rank = x.sizes.count
  func front(_ axis: Int) -> Int { axis < 0 ? axis + rank : axis }
  switch op {
  case .gather(let axis):
    if let indices = inputs[1] { try gather(front(axis), x, indices, y) }
  case .gatherElements(let axis):
    if let indices = inputs[1] {
      try eachElement(front(axis), x.sizes, indices) { i, place in y.copy(1, from: x, at: place, to: i) }
    }
  case .gatherND(let batch):
    if let indices = inputs[1] {
      try eachTuple(batch, x.sizes, indices) { i, place, count in y.copy(count, from: x, at: place, to: i * count) }
    }
  case .scatterElements(let axis, let reduction):
    guard let indices = inputs[1], let updates = inputs[2] else { return }
    y.copy(x.count, from: x, at: 0, to: 0)
    try eachElement(front(axis), x.sizes, indices) { i, place in y.combine(reduction, 1, with: updates, at: i, to: place) }
  case .scatterND(let reduction):
    guard let indices = inputs[1], let updates = inputs[2] else { return }
    y.copy(x.count, from: x, at: 0, to: 0)
    try eachTuple(0, x.sizes, indices) { i, place, count in
      y.combine(reduction, count, with: updates, at: i * count, to: place)
    }
  case .topK(let axis, let largest, _):
    guard let k = inputs[1] else { return }
    try topK(front(axis), largest, Int(k.integer(0)), x, &outputs)
  case .unique(let axis, let sorted): try unique(axis.map(front), sorted, x, &outputs)
  case .nonZero: try nonZero(x, &outputs)
  case .compress(let axis):
    if let condition = inputs[1] { try compress(axis.map(front), x, condition, &outputs) }
  case .nonMaxSuppression(let centres): try nonMaxSuppression(centres, inputs, &outputs)
  default: break
  }
}

/// An index counted from the front.
@inline(__always)
private func resolved(_ indices: TensorBuffer, _ i: Int, size: Int) throws(DLError) -> Int {
  let index = Int(indices.integer(i))
  if index >= -size && index < size { return index < 0 ? index + size : index }
  throw DLError(.invalidArgument, "index \(index) at \(i) is outside an axis of \(size)")
}

extension Array where Element == TensorBuffer? {
  /// Says what sizes an output has, which must not be more than there is room for.
  mutating func settle(_ i: Int, _ sizes: [Int]) throws(DLError) {
    guard i < count, let buffer = self[i] else { return }
    guard let count = elementCount(sizes), count <= buffer.count else {
      throw DLError(.invalidArgument, "output \(i): \(describe(sizes)) does not fit \(describe(buffer.sizes))")
    }
    self[i]?.sizes = sizes
  }
}

private func gather(_ axis: Int, _ x: TensorBuffer, _ indices: TensorBuffer, _ y: TensorBuffer) throws(DLError) {
  let inner = x.sizes[(axis + 1)...].reduce(1, *)
  let count = indices.count
  for outer in 0..<x.sizes[..<axis].reduce(1, *) {
    for i in 0..<count {
      let place = try resolved(indices, i, size: x.sizes[axis])
      y.copy(inner, from: x, at: (outer * x.sizes[axis] + place) * inner, to: (outer * count + i) * inner)
    }
  }
}

/// For each index the offset of the element it means in a tensor of `sizes`: its own place but along the axis.
private func eachElement(
  _ axis: Int, _ sizes: [Int], _ indices: TensorBuffer, _ body: (_ i: Int, _ place: Int) -> Void
) throws(DLError) {
  let strides = rowMajorStrides(sizes)
  var at = Array(repeating: 0, count: sizes.count)
  for i in 0..<indices.count {
    var place = try resolved(indices, i, size: sizes[axis]) * strides[axis]
    for d in sizes.indices where d != axis { place += at[d] * strides[d] }
    body(i, place)
    for d in sizes.indices.reversed() {
      at[d] += 1
      if at[d] < indices.sizes[d] { break }
      at[d] = 0
    }
  }
}

/// For each tuple of indices the offset and the number of elements of the slice it means.
private func eachTuple(
  _ batch: Int, _ sizes: [Int], _ indices: TensorBuffer, _ body: (_ i: Int, _ place: Int, _ count: Int) -> Void
) throws(DLError) {
  let length = indices.sizes[indices.sizes.count - 1]
  let strides = rowMajorStrides(sizes)
  let count = sizes[(batch + length)...].reduce(1, *)
  let whole = sizes[batch...].reduce(1, *)
  let tuples = indices.sizes.dropLast().reduce(1, *)
  let each = tuples / max(sizes[..<batch].reduce(1, *), 1)
  for i in 0..<tuples {
    var place = i / max(each, 1) * whole
    for d in 0..<length {
      place += try resolved(indices, i * length + d, size: sizes[batch + d]) * strides[batch + d]
    }
    body(i, place, count)
  }
}

extension TensorBuffer {
  fileprivate func combine(_ reduction: ScatterReduction, _ count: Int, with other: TensorBuffer, at source: Int, to place: Int) {
    if reduction == .replace { return copy(count, from: other, at: source, to: place) }
    for i in 0..<count {
      let (p, q) = (place + i, source + i)
      switch reduction {
      case .replace: break
      case .minimum: if other.compare(q, self, p) < 0 || other.isNaN(q) { copy(1, from: other, at: q, to: p) }
      case .maximum: if other.compare(q, self, p) > 0 && !isNaN(p) { copy(1, from: other, at: q, to: p) }
      case .add:
        if dtype.isFloat { setReal(p, real(p) + other.real(q)) } else { setInteger(p, integer(p) &+ other.integer(q)) }
      case .multiply:
        if dtype.isFloat { setReal(p, real(p) * other.real(q)) } else { setInteger(p, integer(p) &* other.integer(q)) }
      }
    }
  }

  private func isNaN(_ i: Int) -> Bool { dtype.isFloat && real(i).isNaN }

  /// Below, at or above 0 as element i is before, equal to or after element j of a tensor of the same type. NaN is after all.
  func compare(_ i: Int, _ other: TensorBuffer, _ j: Int) -> Int {
    if dtype.isFloat {
      let (a, b) = (real(i), other.real(j))
      if a.isNaN || b.isNaN { return (a.isNaN ? 1 : 0) - (b.isNaN ? 1 : 0) }
      return a < b ? -1 : a > b ? 1 : 0
    }
    let (a, b) = (integer(i), other.integer(j))
    // The bits of u64, with the first turned, order as those of i64.
    let turn: Int64 = dtype == .u64 ? .min : 0
    return a ^ turn < b ^ turn ? -1 : a == b ? 0 : 1
  }
}

// MARK: - order

/// By a heap of the k best, the worst of them on top: n · log k comparisons.
private func topK(
  _ axis: Int, _ largest: Bool, _ k: Int, _ x: TensorBuffer, _ outputs: inout [TensorBuffer?]
) throws(DLError) {
  guard 0...x.sizes[axis] ~= k else {
    throw DLError(.invalidArgument, "k: expected 0 to the axis's \(x.sizes[axis]), found \(k)")
  }
  var sizes = x.sizes
  sizes[axis] = k
  try outputs.settle(0, sizes)
  try outputs.settle(1, sizes)
  guard let y = outputs[0], k > 0 else { return }
  let places = outputs.count > 1 ? outputs[1] : nil
  let inner = sizes[(axis + 1)...].reduce(1, *)
  var heap = Array(repeating: 0, count: k)
  for row in 0..<sizes[..<axis].reduce(1, *) * inner {
    let start = row / inner * x.sizes[axis] * inner + row % inner
    let to = row / inner * k * inner + row % inner
    // Of equal elements the one with the lower place is better.
    func isWorse(_ a: Int, _ b: Int) -> Bool {
      let order = x.compare(start + a * inner, x, start + b * inner)
      return order == 0 ? a > b : (order < 0) == largest
    }
    for i in 0..<k { heap[i] = i }
    for i in (0..<k / 2).reversed() { sink(&heap, i, k, isWorse) }
    let isFloat = x.dtype.isFloat
    var worst = isFloat ? x.real(start + heap[0] * inner) : 0
    for i in k..<max(k, x.sizes[axis]) {
      // Most of a long row are nowhere near the best: floats are seen to be so at once.
      if isFloat {
        let element = x.real(start + i * inner)
        if largest ? element <= worst : element >= worst { continue }
      }
      if !isWorse(heap[0], i) { continue }
      heap[0] = i
      sink(&heap, 0, k, isWorse)
      if isFloat { worst = x.real(start + heap[0] * inner) }
    }
    for left in (0..<k).reversed() {
      y.copy(1, from: x, at: start + heap[0] * inner, to: to + left * inner)
      places?.setInteger(to + left * inner, Int64(heap[0]))
      heap[0] = heap[left]
      sink(&heap, 0, left, isWorse)
    }
  }
}

@inline(never)
private func sink(_ heap: inout [Int], _ first: Int, _ count: Int, _ isWorse: (Int, Int) -> Bool) {
  var at = first
  while 2 * at + 1 < count {
    var child = 2 * at + 1
    if child + 1 < count && isWorse(heap[child + 1], heap[child]) { child += 1 }
    if !isWorse(heap[child], heap[at]) { return }
    heap.swapAt(child, at)
    at = child
  }
}

/// outputs: distinct slices, the first place of each, which of them each slice is, how often each is there.
private func unique(_ axis: Int?, _ sorted: Bool, _ x: TensorBuffer, _ outputs: inout [TensorBuffer?]) throws(DLError) {
  // x as [outer, slices, inner].
  let slices = axis.map { x.sizes[$0] } ?? x.count
  let inner = axis.map { x.sizes[($0 + 1)...].reduce(1, *) } ?? 1
  let outer = axis.map { x.sizes[..<$0].reduce(1, *) } ?? 1
  func compare(_ a: Int, _ b: Int) -> Int {
    for o in 0..<outer {
      for i in 0..<inner {
        let order = x.compare((o * slices + a) * inner + i, x, (o * slices + b) * inner + i)
        if order != 0 { return order }
      }
    }
    return 0
  }
  let order = sortedIndices(slices) { compare($0, $1) < 0 }
  // Equal slices are neighbours in order, the first of them first.
  var firsts: [Int] = []
  var group = Array(repeating: 0, count: slices)
  for (i, slice) in order.enumerated() {
    if i == 0 || compare(order[i - 1], slice) != 0 { firsts.append(slice) }
    group[slice] = firsts.count - 1
  }
  let count = firsts.count
  var rank = Array(0..<count)
  if !sorted { for (i, g) in sortedIndices(count, { firsts[$0] < firsts[$1] }).enumerated() { rank[g] = i } }

  var sizes = [count]
  if let axis {
    sizes = x.sizes
    sizes[axis] = count
  }
  try outputs.settle(0, sizes)
  for i in [1, 3] { try outputs.settle(i, [count]) }
  guard let y = outputs[0] else { return }
  for (g, first) in firsts.enumerated() {
    for o in 0..<outer { y.copy(inner, from: x, at: (o * slices + first) * inner, to: (o * count + rank[g]) * inner) }
  }
  var counts = Array(repeating: 0, count: count)
  for g in group { counts[g] += 1 }
  func put(_ output: Int, _ i: Int, _ value: Int) { if output < outputs.count { outputs[output]?.setInteger(i, Int64(value)) } }
  for g in 0..<count {
    put(1, rank[g], firsts[g])
    put(3, rank[g], counts[g])
  }
  for (i, g) in group.enumerated() { put(2, i, rank[g]) }
}

// MARK: - by condition

private func nonZero(_ x: TensorBuffer, _ outputs: inout [TensorBuffer?]) throws(DLError) {
  let found = (0..<x.count).filter { x.dtype.isFloat ? x.real($0) != 0 : x.integer($0) != 0 }
  try outputs.settle(0, [x.sizes.count, found.count])
  guard let y = outputs[0] else { return }
  let strides = rowMajorStrides(x.sizes)
  for (axis, stride) in strides.enumerated() {
    for (i, place) in found.enumerated() { y.setInteger(axis * found.count + i, Int64(place / stride % x.sizes[axis])) }
  }
}

private func compress(
  _ axis: Int?, _ x: TensorBuffer, _ condition: TensorBuffer, _ outputs: inout [TensorBuffer?]
) throws(DLError) {
  let slices = axis.map { x.sizes[$0] } ?? x.count
  let inner = axis.map { x.sizes[($0 + 1)...].reduce(1, *) } ?? 1
  let outer = axis.map { x.sizes[..<$0].reduce(1, *) } ?? 1
  let kept = (0..<min(slices, condition.count)).filter { condition.integer($0) != 0 }
  var sizes = [kept.count]
  if let axis {
    sizes = x.sizes
    sizes[axis] = kept.count
  }
  try outputs.settle(0, sizes)
  guard let y = outputs[0] else { return }
  for o in 0..<outer {
    for (i, slice) in kept.enumerated() {
      y.copy(inner, from: x, at: (o * slices + slice) * inner, to: (o * kept.count + i) * inner)
    }
  }
}
