import CPlatform
import KernelTypes

// Rows brought to one scale. Sums are taken in the order of the columns modulo the vector's lanes, by blocks of 256 vectors.

func normalise(_ call: NormaliseCall) {
  for r in 0..<call.rows {
    let x = call.x + r * call.columns, y = call.y + r * call.columns
    switch call.kind {
    case .layer(let epsilon):
      let mean = total(call.columns, x, Plain()) / Float(call.columns)
      let variance = total(call.columns, x, Deviation(mean: mean)) / Float(call.columns)
      scaleRow(call, x, y, mean: mean, factor: inverseRoot(variance + epsilon))
    case .rms(let epsilon):
      let square = total(call.columns, x, Deviation(mean: 0)) / Float(call.columns)
      scaleRow(call, x, y, mean: 0, factor: inverseRoot(square + epsilon))
    case .l2:
      let square = total(call.columns, x, Deviation(mean: 0))
      scaleRow(call, x, y, mean: 0, factor: square == 0 ? 0 : inverseRoot(square))
    case .logSoftmax:
      let highest = rowMaximum(call.columns, x)
      let sum = total(call.columns, x, Exponential(highest: highest))
      scaleRow(call, x, y, mean: highest + log(splat(sum))[0], factor: 1)
    }
  }
}

@inline(__always) private func inverseRoot(_ x: Float) -> Float { (splat(1) / dlp_sqrt(splat(x)))[0] }

private struct Plain: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { x }
}
private struct Deviation: VectorFunction {
  var mean: Float
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector {
    let d = x - splat(mean)
    return d * d
  }
}
private struct Exponential: VectorFunction {
  var highest: Float
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { exp(x - splat(highest)) }
}

/// Σ f(x).
@inline(never)
private func total<F: VectorFunction>(_ count: Int, _ x: UnsafePointer<Float>, _ f: F) -> Float {
  var sums = splat(0)
  var i = 0
  while i + lanes <= count {
    // Blocks first, so that long sums stay exact.
    var block = splat(0)
    let end = min(count, i + 256 * lanes)
    while i + lanes <= end {
      block += f(load(x + i))
      i += lanes
    }
    sums += block
  }
  var result = sum(sums)
  if i < count {
    let last = f(load(x + i, count: count - i))
    for lane in 0..<count - i { result += last[lane] }
  }
  return result
}

/// y = (x − mean) · factor · scale + shift.
@inline(never) @_optimize(size)
private func scaleRow(
  _ call: NormaliseCall, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, mean: Float, factor: Float
) {
  var i = 0
  while i < call.columns {
    let count = min(lanes, call.columns - i)
    var v = (load(x + i, count: count) - splat(mean)) * splat(factor)
    if let scale = call.scale { v *= load(scale + i, count: count) }
    if let shift = call.shift { v += load(shift + i, count: count) }
    store(v, y + i, count: count)
    i += lanes
  }
}
