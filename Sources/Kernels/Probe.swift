import KernelTypes

// What benchmarks measure: one tile alone, and the peak it is held against.

/// Runs tile `index` on dense rows, `repeats` times; returns the floating-point operations done.
func runTile(_ index: Int, _ probe: TileProbe) -> Int {
  guard let shape = tileShape(index) else { return 0 }
  var pointers = InlineArray<16, UnsafePointer<Float>> { _ in probe.x }
  withUnsafeMutablePointer(to: &pointers) { memory in
    let rows = UnsafeMutableRawPointer(memory).assumingMemoryBound(to: UnsafePointer<Float>.self)
    for i in 0..<shape.rows { rows[i] = probe.x + i * probe.depth }
    let call = TileCall(
      rows: rows, runs: Runs(count: probe.depth), panel: probe.panels, panelPitch: panelPitch(depth: probe.depth),
      asked: probe.panels, askedStep: tileColumns,
      y: probe.y, yStride: shape.columns, columns: shape.columns, residual: nil, residualStride: 0, limits: Limits())
    for _ in 0..<probe.repeats { runTile(rows: shape.rows, vectors: shape.columns / lanes, call) }
  }
  return 2 * shape.rows * shape.columns * probe.depth * probe.repeats
}

/// `steps` rounds of independent multiply-adds in registers, as many chains as hide the latency; returns the
/// floating-point operations done. The sums go to y (lanes floats) so that they are not left out.
@inline(never)
func peak(_ steps: Int, _ y: UnsafeMutablePointer<Float>) -> Int {
  var sums = InlineArray<12, Vector> { splat(Float($0)) }
  let a = load(y), b = splat(0.5)
  for _ in 0..<steps {
    for i in 0..<12 { sums[unchecked: i] = multiplyAdd(sums[unchecked: i], b, a) }
  }
  var total = splat(0)
  for i in 0..<12 { total += sums[unchecked: i] }
  store(total, y)
  return 2 * 12 * lanes * steps
}
