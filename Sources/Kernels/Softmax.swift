/// exp(x − max) / Σ exp(x − max) for each dense row.
func softmax(_ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  for r in 0..<rows { softmaxRow(columns, x + r * columns, y + r * columns) }
}

@_optimize(size)
private func softmaxRow(_ columns: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  let highest = splat(rowMaximum(columns, x))
  // The sum, in the order of the columns modulo the vector's lanes.
  var total = splat(0)
  var i = 0
  while i + lanes <= columns {
    let e = exp(load(x + i) - highest)
    total += e
    store(e, y + i)
    i += lanes
  }
  let left = columns - i
  if left > 0 {
    store(exp(load(x + i, count: left) - highest), y + i, count: left)
    // Read back, so that lanes past the end add nothing.
    total += load(y + i, count: left)
  }
  scaleRow(columns, y, 1 / sum(total))
}

private func scaleRow(_ count: Int, _ y: UnsafeMutablePointer<Float>, _ scale: Float) {
  var i = 0
  while i + lanes <= count {
    store(load(y + i) * splat(scale), y + i)
    i += lanes
  }
  if i < count { store(load(y + i, count: count - i) * splat(scale), y + i, count: count - i) }
}

/// The largest of a row; NaN counts as small. −infinity for no columns.
func rowMaximum(_ columns: Int, _ x: UnsafePointer<Float>) -> Float {
  var best = splat(-.infinity)
  var i = 0
  while i + lanes <= columns {
    let v = load(x + i)
    best = best.replacing(with: v, where: v .> best)
    i += lanes
  }
  var result = largest(best)
  while i < columns {
    if x[i] > result { result = x[i] }
    i += 1
  }
  return result
}
