/// y(c) = x(c) · (bias + alpha/size · Σ x²)^−beta over the `size` channels around c. Krizhevsky et al. 2012, §3.3.
func localResponseNorm(
  _ rows: Int, _ channels: Int, _ size: Int, _ alpha: Float, _ beta: Float, _ bias: Float, _ x: UnsafePointer<Float>,
  _ y: UnsafeMutablePointer<Float>
) {
  let before = (size - 1) / 2
  let after = size - 1 - before
  let scale = splat(alpha / Float(size))
  for r in 0..<rows {
    let x = x + r * channels, y = y + r * channels
    eachVector(channels) { first, count in
      var squares = splat(0)
      for d in -before...after {
        let v = loadInside(x, first + d, count, channels)
        squares = multiplyAdd(v, v, squares)
      }
      let power = exp(log(multiplyAdd(scale, squares, splat(bias))) * splat(-beta))
      store(load(x + first, count: count) * power, y + first, count: count)
    }
  }
}

/// x[first ..< first + count], 0 where that is not a channel.
@inline(__always) private func loadInside(_ x: UnsafePointer<Float>, _ first: Int, _ count: Int, _ channels: Int) -> Vector {
  if first >= 0 && first + lanes <= channels { return load(x + first) }
  var v = splat(0)
  for i in 0..<count where first + i >= 0 && first + i < channels { v[i] = x[first + i] }
  return v
}
