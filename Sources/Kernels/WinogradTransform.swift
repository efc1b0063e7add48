import CPlatform

// Winograd's transforms of F(m×m, 3×3) (Lavin and Gray 2016), by the method of Toom and Cook: two polynomials are multiplied
// by way of their values at `size` = m + 2 points, here 0, ±a, ±b, …, ∞. Points of opposite sign share the even and the odd
// half of each sum, so that one way of writing serves both m = 2 and m = 4: the constants fold away when the loops are unrolled.
//
// The points of F(4×4) are chosen by measured error: with 5/8 and 3/2 it is about a third of that with the usual 1 and 2.
// Their squares and products are exact. F(6×6) was measured too: at most 5 % faster than F(4×4), mostly slower, with weights
// 64/36 as large and ten times the error.

/// The magnitude of pair `j` of points, j < size / 2 − 1.
@inline(__always) func winogradPoint(size: Int, _ j: Int) -> Float {
  size == 4 ? 1 : j == 0 ? 0.625 : 1.5
}

/// The coefficient of x^(2k) in Π (x² − a²) over the pairs of points but `left`.
@inline(__always) private func coefficient(size: Int, _ k: Int, without left: Int) -> Float {
  var c = InlineArray<3, Float>(repeating: 0)
  c[unchecked: 0] = 1
  for j in 0..<(size / 2 - 1) where j != left {
    let square = winogradPoint(size: size, j) * winogradPoint(size: size, j)
    for i in 0..<2 { c[unchecked: 2 - i] = c[unchecked: 1 - i] - square * c[unchecked: 2 - i] }
    c[unchecked: 0] *= -square
  }
  return c[unchecked: k]
}

/// Σ coefficient(k) · d[first + 2k].
@inline(__always)
private func combine<let size: Int>(_ d: InlineArray<size, Vector>, from first: Int, without left: Int) -> Vector {
  let terms = left < 0 ? size / 2 : size / 2 - 1
  // The last coefficient is 1.
  var sum = d[unchecked: first + 2 * (terms - 1)]
  for k in 0..<(terms - 1) {
    sum = multiplyAdd(splat(coefficient(size: size, k, without: left)), d[unchecked: first + 2 * k], sum)
  }
  return sum
}

/// Bᵀd: at 0, at each pair +a, −a, at ∞.
@inline(__always)
func transformInput<let size: Int>(_ d: InlineArray<size, Vector>) -> InlineArray<size, Vector> {
  var t = d
  t[unchecked: 0] = combine(d, from: 0, without: -1)
  for j in 0..<(size / 2 - 1) {
    let even = combine(d, from: 2, without: j)
    let odd = combine(d, from: 1, without: j)
    let a = winogradPoint(size: size, j)
    t[unchecked: 2 * j + 1] = multiplyAdd(splat(a), odd, even)
    t[unchecked: 2 * j + 2] = multiplyAdd(splat(-a), odd, even)
  }
  t[unchecked: size - 1] = combine(d, from: 1, without: -1)
  return t
}

/// Gg: a filter's values at the points, divided by what Bᵀ leaves over.
@inline(__always)
func transformWeights<let size: Int>(_ g: InlineArray<3, Vector>, _ zero: InlineArray<size, Vector>) -> InlineArray<size, Vector>
{
  var t = zero
  let pairs = size / 2 - 1
  t[unchecked: 0] = g[unchecked: 0] * splat(1 / coefficient(size: size, 0, without: -1))
  for j in 0..<pairs {
    let a = winogradPoint(size: size, j)
    // Π (a² − b²) over the other pairs, times a for the point 0 and 2a for −a.
    var scale = 2 * a * a
    for i in 0..<pairs where i != j { scale *= a * a - winogradPoint(size: size, i) * winogradPoint(size: size, i) }
    let even = multiplyAdd(splat(a * a), g[unchecked: 2], g[unchecked: 0]) * splat(1 / scale)
    let odd = g[unchecked: 1] * splat(a / scale)
    t[unchecked: 2 * j + 1] = even + odd
    t[unchecked: 2 * j + 2] = even - odd
  }
  t[unchecked: size - 1] = g[unchecked: 2]
  return t
}

/// Aᵀs: row i < size − 2 is Σ xⁱ · s(x) over the points.
@inline(__always)
func transformOutput<let size: Int>(_ s: InlineArray<size, Vector>) -> InlineArray<size, Vector> {
  var y = s
  let pairs = size / 2 - 1
  var sums = s
  var differences = s
  for j in 0..<pairs {
    sums[unchecked: j] = s[unchecked: 2 * j + 1] + s[unchecked: 2 * j + 2]
    differences[unchecked: j] = s[unchecked: 2 * j + 1] - s[unchecked: 2 * j + 2]
  }
  for i in 0..<(size - 2) {
    var sum = i == 0 ? s[unchecked: 0] : i == size - 3 ? s[unchecked: size - 1] : splat(0)
    for j in 0..<pairs {
      var power: Float = 1
      for _ in 0..<i { power *= winogradPoint(size: size, j) }
      let term = i % 2 == 0 ? sums[unchecked: j] : differences[unchecked: j]
      if i == 0 {
        sum += term
      } else if i != size - 3 && j == 0 {
        sum = splat(power) * term
      } else {
        sum = multiplyAdd(splat(power), term, sum)
      }
    }
    y[unchecked: i] = sum
  }
  return y
}
