import CPlatform

/// Where the micro-kernel finds a, in the order of the rows of b: `slices` × `outer` × `inner` runs of `count` neighbouring
/// floats, at the same offsets from each row's pointer. A matrix is one run; a convolution window over NHWC is a run for each
/// kernel row, or for each kernel cell when cells are not neighbours in memory.
struct Runs {
  var slices = 1, slicePitch = 0
  var outer = 1, outerPitch = 0
  var inner = 1, innerPitch = 0
  var count: Int
}

/// One call of the micro-kernel.
struct TileCall {
  /// A pointer for each row.
  var rows: UnsafePointer<UnsafePointer<Float>>
  var runs: Runs
  /// A panel: `width` biases, then depth × `width` weights.
  var panel: UnsafePointer<Float>
  /// Floats from a panel to the next; read by tiles of more than one panel.
  var panelPitch: Int
  /// A line of memory to ask for with the first row of the panel, and floats from it to that of the next row.
  var asked: UnsafePointer<Float>
  var askedStep: Int
  var y: UnsafeMutablePointer<Float>
  var yStride: Int
  /// Columns to store, of the tile's last vector at least one.
  var columns: Int
  /// Added before the activation, addressed like y; nil: nothing.
  var residual: UnsafePointer<Float>?
  var residualStride: Int
  var limits: Limits
}

/// The accumulators of a tile: nv vectors for each of mr rows.
typealias Sums<let mr: Int, let nv: Int> = InlineArray<mr, InlineArray<nv, Vector>>

/// The micro-kernel: mr rows of a times nv vectors of columns, in mr · nv accumulators that stay in registers.
/// nv = 1 reads a narrow panel of one vector; nv = 2 a full panel; nv = 4, 8 as many full panels side by side, which
/// gives few rows enough independent sums to hide the latency of the multiply-add. Each output is
/// bias + a₀b₀ + a₁b₁ + … + residual in that order whatever the tile, so its bits do not depend on which tile computes it.
@inline(__always)
func tile<let mr: Int, let nv: Int>(_ call: TileCall, _: Sums<mr, nv>.Type) {
  let width = nv == 1 ? lanes : tileColumns
  // Not `repeating:`, which large tiles would call as a function, through memory and shared between instruction sets.
  let bias = InlineArray<nv, Vector> { load(call.panel + panelOffset($0, call.panelPitch)) }
  var sums = Sums<mr, nv> { _ in bias }
  let rows = InlineArray<mr, UnsafePointer<Float>> { call.rows[$0] }
  // The lines of y are asked for now: written at the end all at once, each would be waited for.
  for i in 0..<mr {
    for j in 0..<nv { dlp_prefetch_write(call.y + i * call.yStride + j * lanes) }
  }
  var b = call.panel + width
  var asked = call.asked
  for slice in 0..<call.runs.slices {
    for s in 0..<call.runs.outer {
      var first = slice * call.runs.slicePitch + s * call.runs.outerPitch
      for _ in 0..<call.runs.inner {
        var k = dlp_opaque(first)
        let end = k + call.runs.count
        while k < end {
          let vectors = InlineArray<nv, Vector> { load(b + panelOffset($0, call.panelPitch)) }
          for i in 0..<mr {
            let a = nv > 1 ? dlp_in_order(splat(rows[unchecked: i][k])) : splat(rows[unchecked: i][k])
            for j in 0..<nv {
              sums[unchecked: i][unchecked: j] = multiplyAdd(a, vectors[unchecked: j], sums[unchecked: i][unchecked: j])
            }
            if nv > 1 { dlp_keep(a) }
          }
          if nv == 2 {
            dlp_prefetch(asked)
            asked += call.askedStep
          }
          b += width
          k = dlp_opaque(k + 1)
        }
        first += call.runs.innerPitch
      }
    }
  }
  if let residual = call.residual { add(residual, call, &sums) }
  if !call.limits.isNone {
    let low = splat(call.limits.low), high = splat(call.limits.high)
    for i in 0..<mr {
      for j in 0..<nv { sums[unchecked: i][unchecked: j] = dlp_clip(sums[unchecked: i][unchecked: j], low, high) }
    }
  }
  store(sums, call)
}

/// Vector j of the columns, from the first panel.
@inline(__always) func panelOffset(_ j: Int, _ panelPitch: Int) -> Int { j / 2 * panelPitch + j % 2 * lanes }

/// Lanes past the columns get what is not stored.
@inline(__always)
private func add<let mr: Int, let nv: Int>(
  _ residual: UnsafePointer<Float>, _ call: TileCall, _ sums: inout InlineArray<mr, InlineArray<nv, Vector>>
) {
  let last = call.columns - (nv - 1) * lanes
  for i in 0..<mr {
    let row = residual + i * call.residualStride
    for j in 0..<(nv - 1) { sums[unchecked: i][unchecked: j] += load(row + j * lanes) }
    sums[unchecked: i][unchecked: nv - 1] += load(row + (nv - 1) * lanes, count: last)
  }
}

@inline(__always)
private func store<let mr: Int, let nv: Int>(_ sums: InlineArray<mr, InlineArray<nv, Vector>>, _ call: TileCall) {
  let last = call.columns - (nv - 1) * lanes
  if last >= lanes {
    for i in 0..<mr {
      for j in 0..<nv { store(sums[unchecked: i][unchecked: j], call.y + i * call.yStride + j * lanes) }
    }
  } else {
    for i in 0..<mr {
      let y = call.y + i * call.yStride
      for j in 0..<(nv - 1) { store(sums[unchecked: i][unchecked: j], y + j * lanes) }
      store(sums[unchecked: i][unchecked: nv - 1], y + (nv - 1) * lanes, count: last)
    }
  }
}
