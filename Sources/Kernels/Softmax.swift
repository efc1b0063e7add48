/// exp(x − max) / Σ exp(x − max) for each dense row.
func softmax(_ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  for r in 0..<rows { softmaxRow(columns, x + r * columns, y + r * columns) }
}

@inline(__always)
private func softmaxRow(_ columns: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  var best = splat(-.infinity)
  eachVector(columns) { i, count in
    let v = loadOrLowest(x + i, count)
    best = v.replacing(with: best, where: best .>= v)
  }
  let highest = splat(largest(best))
  var total = splat(0)
  eachVector(columns) { i, count in
    let e = exp(loadOrLowest(x + i, count) - highest)
    total += e
    store(e, y + i, count: count)
  }
  let scale = splat(1 / sum(total))
  eachVector(columns) { i, count in store(load(y + i, count: count) * scale, y + i, count: count) }
}

/// Lanes past the end are −infinity: nothing to a maximum, and 0 after exp.
@inline(__always) private func loadOrLowest(_ x: UnsafePointer<Float>, _ count: Int) -> Vector {
  if count >= lanes { return load(x) }
  var v = splat(-.infinity)
  for i in 0..<count { v[i] = x[i] }
  return v
}

@inline(__always) func eachVector(_ count: Int, _ body: (_ i: Int, _ count: Int) -> Void) {
  var i = 0
  while i < count {
    body(i, min(lanes, count - i))
    i += lanes
  }
}
