import CPlatform

/// y(c) = x(c) · (bias + alpha/size · Σ x²)^−beta over the `size` channels around c. Krizhevsky et al. 2012, §3.3.
@_optimize(size)
func localResponseNorm(
  _ rows: Int, _ channels: Int, _ size: Int, _ alpha: Float, _ beta: Float, _ bias: Float, _ x: UnsafePointer<Float>,
  _ y: UnsafeMutablePointer<Float>
) {
  let before = min((size - 1) / 2, channels - 1)
  let after = min(size - 1 - (size - 1) / 2, channels - 1)
  let scale = splat(alpha / Float(size))
  // The usual exponent needs no logarithm; that its base is neither 0 nor less follows from the other parameters.
  let isUsual = beta == 0.75 && bias > 1e-20 && alpha >= 0
  for r in 0..<rows {
    let x = x + r * channels, y = y + r * channels
    var c = 0
    while c < channels {
      let count = min(lanes, channels - c)
      var squares = splat(0)
      if c >= before && c + lanes + after <= channels {
        for d in -before...after {
          let v = load(x + c + d)
          squares = multiplyAdd(v, v, squares)
        }
      } else {
        for d in -before...after {
          let v = loadInside(x, c + d, channels)
          squares = multiplyAdd(v, v, squares)
        }
      }
      let base = multiplyAdd(scale, squares, splat(bias))
      let power = isUsual ? inverseThreeQuarters(base) : exp(log(base) * splat(-beta))
      store(load(x + c, count: count) * power, y + c, count: count)
      c += lanes
    }
  }
}

/// x to the power of −3/4, within 8 ulp, for x > 1e-20; infinity counts as the largest number.
@inline(__always) private func inverseThreeQuarters(_ x: Vector) -> Vector {
  let largest = splat(.greatestFiniteMagnitude)
  let root = inverseSquareRoot(x.replacing(with: largest, where: x .> largest))
  return root * root * inverseSquareRoot(root)
}

/// 1 / √x, within 3 ulp, for finite x > 0: an estimate of 11 bits or more and a step of Newton's method.
@inline(__always) private func inverseSquareRoot(_ x: Vector) -> Vector {
  let estimate = dlp_inverse_sqrt(x)
  return estimate * multiplyAdd(x * splat(-0.5) * estimate, estimate, splat(1.5))
}

/// x[first ..< first + lanes], 0 where that is not a channel.
@inline(__always) private func loadInside(_ x: UnsafePointer<Float>, _ first: Int, _ channels: Int) -> Vector {
  let low = max(0, -first)
  let high = min(lanes, channels - first)
  return low < high ? dlp_load_range(x + first, low, high) : splat(0)
}
