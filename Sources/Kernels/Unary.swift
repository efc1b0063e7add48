import CPlatform
import KernelTypes

// Functions of one number without parameters. `UnaryFunction.hasKernel` says which.

@inline(never)
func unary(_ function: UnaryFunction, _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  switch function {
  case .negate: map(count, x, y, Negate())
  case .absolute: map(count, x, y, Absolute())
  case .sign: map(count, x, y, Sign())
  case .floor: map(count, x, y, Floor())
  case .ceil: map(count, x, y, Ceil())
  case .round: map(count, x, y, Round())
  case .exp: map(count, x, y, Exp())
  case .log: map(count, x, y, Log())
  case .sqrt: map(count, x, y, SquareRoot())
  case .reciprocal: map(count, x, y, Reciprocal())
  case .sin: map(count, x, y, Sine(quarter: 0))
  case .cos: map(count, x, y, Sine(quarter: 1))
  case .erf: map(count, x, y, Erf())
  default: break
  }
}

@inline(__always) func absolute(_ x: Vector) -> Vector {
  unsafeBitCast(unsafeBitCast(x, to: IntVector.self) & IntVector(repeating: 0x7FFF_FFFF), to: Vector.self)
}

/// The size of x with the sign of s.
@inline(__always) private func withSign(_ x: Vector, of s: Vector) -> Vector {
  let sign = unsafeBitCast(s, to: IntVector.self) & IntVector(repeating: .min)
  return unsafeBitCast(unsafeBitCast(absolute(x), to: IntVector.self) | sign, to: Vector.self)
}

/// To a whole number, halves to the even one: beside 2²³ there are no others.
@inline(__always) private func round(_ x: Vector) -> Vector {
  let large = splat(8_388_608)
  let size = absolute(x)
  let rounded = (size + large) - large
  return x.replacing(with: withSign(rounded, of: x), where: size .< large)
}

/// erf x to 4e-7: x · P(x²) / Q(x²), minimax in relative error on 0 … 3.95; beyond, cut to ±1.
@inline(__always) func erf(_ x: Vector) -> Vector {
  let inside = clip(x, -4.1, 4.1)
  let square = inside * inside
  var p = splat(2.026_364_421e-6)
  p = multiplyAdd(p, square, splat(2.846_859_984e-4))
  p = multiplyAdd(p, square, splat(3.807_200_166e-3))
  p = multiplyAdd(p, square, splat(5.287_254_384e-2))
  p = multiplyAdd(p, square, splat(1.915_252_924e-1))
  p = multiplyAdd(p, square, splat(1.128_379_144))
  var q = splat(3.783_642_781e-5)
  q = multiplyAdd(q, square, splat(1.170_529_641e-3))
  q = multiplyAdd(q, square, splat(1.505_314_742e-2))
  q = multiplyAdd(q, square, splat(1.145_496_528e-1))
  q = multiplyAdd(q, square, splat(5.030_675_484e-1))
  q = multiplyAdd(q, square, splat(1))
  return clip(inside * p / q, -1, 1)
}

private struct Negate: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { -x }
}
private struct Absolute: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { absolute(x) }
}
/// A zero stays that zero, a NaN NaN.
private struct Sign: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector {
    x.replacing(with: 1, where: x .> 0).replacing(with: -1, where: x .< 0)
  }
}
private struct Floor: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector {
    let near = round(x)
    return near.replacing(with: near - splat(1), where: near .> x)
  }
}
private struct Ceil: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector {
    let near = round(x)
    return withSign(near.replacing(with: near + splat(1), where: near .< x), of: x)
  }
}
private struct Round: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { round(x) }
}
private struct Exp: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { exp(x) }
}
private struct Log: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { log(x) }
}
private struct SquareRoot: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { dlp_sqrt(x) }
}
private struct Reciprocal: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { splat(1) / x }
}
private struct Erf: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { erf(x) }
}

/// sin(x + quarter · π/2). With x = n · π/2 + r, |r| ≤ π/4, it is ± sin r or ± cos r by n mod 4. The three parts of π/2 are
/// short enough that their products with n are exact up to |x| = 8192; beyond, the error grows by 1e-7 · |x| / 8192.
private struct Sine: VectorFunction {
  var quarter: Int32

  @inline(__always) func callAsFunction(_ x: Vector) -> Vector {
    // As in exp: adding 1.5 · 2²³ rounds and leaves the whole number in the low bits.
    let magic = splat(12_582_912)
    let shifted = multiplyAdd(x, splat(0.636_619_77), magic)
    let n = shifted - magic
    let turns = unsafeBitCast(shifted, to: IntVector.self) &+ IntVector(repeating: quarter)
    var r = multiplyAdd(n, splat(-1.570_312_5), x)
    r = multiplyAdd(n, splat(-4.837_512_97e-4), r)
    r = multiplyAdd(n, splat(-7.549_789_95e-8), r)
    let square = r * r
    // After Cephes (Moshier, 1984–2000).
    var s = splat(-1.951_529_59e-4)
    s = multiplyAdd(s, square, splat(8.332_160_87e-3))
    s = multiplyAdd(s, square, splat(-1.666_665_46e-1))
    let sine = multiplyAdd(s * square, r, r)
    var c = splat(2.443_315_71e-5)
    c = multiplyAdd(c, square, splat(-1.388_731_62e-3))
    c = multiplyAdd(c, square, splat(4.166_664_57e-2))
    let cosine = multiplyAdd(c, square * square, multiplyAdd(square, splat(-0.5), splat(1)))
    let isOdd = unsafeBitCast((turns & IntVector(repeating: 1)) &<< 23, to: Vector.self) .!= splat(0)
    let value = sine.replacing(with: cosine, where: isOdd)
    let sign = (turns & IntVector(repeating: 2)) &<< 30
    return unsafeBitCast(unsafeBitCast(value, to: IntVector.self) ^ sign, to: Vector.self)
  }
}
