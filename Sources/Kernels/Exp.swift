import CPlatform

// Exponential, logarithm and what follows from them, on vectors, without libm. Polynomials after Cephes (Moshier, 1984–2000).

/// x = n · ln 2 + r → r, n in the low bits of a float, and (eʳ − 1 − r) / r².
@_transparent private func reduced(_ x: Vector) -> (r: Vector, shifted: Vector, tail: Vector) {
  // Adding 1.5 · 2²³ rounds to a whole number and leaves it in the low bits.
  let magic = splat(12_582_912)
  let shifted = multiplyAdd(x, splat(1.442_695_04), magic)
  let n = shifted - magic
  var r = multiplyAdd(n, splat(-0.693_359_375), x)
  r = multiplyAdd(n, splat(2.121_944_4e-4), r)
  var p = splat(1.987_569_15e-4)
  p = multiplyAdd(p, r, splat(1.398_199_95e-3))
  p = multiplyAdd(p, r, splat(8.333_451_9e-3))
  p = multiplyAdd(p, r, splat(4.166_579_6e-2))
  p = multiplyAdd(p, r, splat(1.666_666_55e-1))
  p = multiplyAdd(p, r, splat(0.5))
  return (r, shifted, p)
}

/// 2ⁿ for −126 ≤ n ≤ 128, the last infinity, n in the low bits of a float as from `reduced`.
@_transparent private func powerOfTwo(_ shifted: Vector) -> Vector {
  let bits = (unsafeBitCast(shifted, to: IntVector.self) &<< 23) &+ IntVector(repeating: 0x3F80_0000)
  return unsafeBitCast(bits, to: Vector.self)
}

/// eˣ, within 2 ulp. Results below the smallest normal number are 0, above the largest infinity; NaN stays NaN.
@_transparent func exp(_ x: Vector) -> Vector {
  let lowest = splat(-87.33654), highest = splat(88.72283)
  let (r, shifted, tail) = reduced(dlp_clip(x, lowest, highest))
  // 2ⁿ by adding n to the exponent, which is in the low bits of `shifted`.
  let p = multiplyAdd(tail, r * r, r + splat(1))
  let bits = unsafeBitCast(p, to: IntVector.self) &+ (unsafeBitCast(shifted, to: IntVector.self) &<< 23)
  var result = unsafeBitCast(bits, to: Vector.self)
  result = result.replacing(with: 0, where: x .< lowest)
  result = result.replacing(with: .infinity, where: x .> highest)
  return result.replacing(with: x, where: x .!= x)
}

/// 1 / (1 + e⁻ˣ), within 4 ulp; NaN stays NaN. Results below 4e-39 are 0.
@_transparent func sigmoid(_ x: Vector) -> Vector {
  // As exp, without its care for results that are no normal numbers: at 88.8, 2¹²⁸ is infinite as it should be.
  let (r, shifted, tail) = reduced(dlp_clip(-x, splat(-87), splat(88.8)))
  return splat(1) / multiplyAdd(multiplyAdd(tail, r * r, r + splat(1)), powerOfTwo(shifted), splat(1))
}

/// tanh x, within 3 ulp: an odd polynomial near 0, 1 − 2 / (e²ˣ + 1) elsewhere.
@_transparent func tanh(_ x: Vector) -> Vector {
  let size = x.replacing(with: -x, where: x .< 0)
  let square = x * x
  var p = splat(-5.704_988_7e-3)
  p = multiplyAdd(p, square, splat(2.063_908_8e-2))
  p = multiplyAdd(p, square, splat(-5.373_971_5e-2))
  p = multiplyAdd(p, square, splat(1.333_144_2e-1))
  p = multiplyAdd(p, square, splat(-3.333_328_2e-1))
  let near = multiplyAdd(p * square, x, x)
  let far = splat(1) - splat(2) / (exp(size + size) + splat(1))
  return near.replacing(with: far.replacing(with: -far, where: x .< 0), where: size .> splat(0.625))
}

/// eˣ − 1, within 3 ulp also near 0; −1 far below, and above 88.3 its value there. NaN stays NaN.
@_transparent func exponentialMinusOne(_ x: Vector) -> Vector {
  let lowest = splat(-87.33654), highest = splat(88.3)
  // As exp, but 2ⁿ (eʳ − 1) + (2ⁿ − 1): nothing cancels.
  let (r, shifted, tail) = reduced(dlp_clip(x, lowest, highest))
  let p = multiplyAdd(tail, r * r, r)
  let power = powerOfTwo(shifted)
  return multiplyAdd(power, p, power - splat(1)).replacing(with: x, where: x .!= x)
}

/// ln(1 + u), within 3 ulp, for 0 ≤ u ≤ 1.
@_transparent func logOnePlus(_ u: Vector) -> Vector {
  let isUpper = u .> splat(0.414_213_56)
  let r = u.replacing(with: (u - splat(1)) * splat(0.5), where: isUpper)
  return logarithm(r, exponent: splat(0).replacing(with: 1, where: isUpper))
}

/// ln x, within 2 ulp; −infinity at 0, NaN below. Subnormal numbers count as 0.
@_transparent func log(_ x: Vector) -> Vector {
  let bits = unsafeBitCast(x, to: IntVector.self)
  // x = m · 2ᵉ with m in √½ … √2; e as a float by the same trick as in exp, backwards.
  let offset = bits &- IntVector(repeating: 0x3F35_04F3)
  let exponent = offset &>> 23
  let m = unsafeBitCast(bits &- (exponent &<< 23), to: Vector.self)
  let e = unsafeBitCast(exponent &+ IntVector(repeating: 0x4B40_0000), to: Vector.self) - splat(12_582_912)
  var result = logarithm(m - splat(1), exponent: e)
  result = result.replacing(with: -.infinity, where: x .< splat(1.175_494_4e-38))
  result = result.replacing(with: .nan, where: x .< 0)
  return result.replacing(with: x, where: (x .!= x) .| (x .== splat(.infinity)))
}

/// ln((1 + r) · 2ᵉ) for 1 + r in √½ … √2.
@_transparent private func logarithm(_ r: Vector, exponent e: Vector) -> Vector {
  let square = r * r
  var p = splat(7.037_683_6e-2)
  p = multiplyAdd(p, r, splat(-1.151_461e-1))
  p = multiplyAdd(p, r, splat(1.167_699_9e-1))
  p = multiplyAdd(p, r, splat(-1.242_014_1e-1))
  p = multiplyAdd(p, r, splat(1.424_932_3e-1))
  p = multiplyAdd(p, r, splat(-1.666_805_8e-1))
  p = multiplyAdd(p, r, splat(2.000_071_5e-1))
  p = multiplyAdd(p, r, splat(-2.499_999_4e-1))
  p = multiplyAdd(p, r, splat(3.333_333_1e-1))
  var result = p * r * square
  result = multiplyAdd(e, splat(-2.121_944_4e-4), result)
  result = multiplyAdd(square, splat(-0.5), result) + r
  return multiplyAdd(e, splat(0.693_359_375), result)
}
