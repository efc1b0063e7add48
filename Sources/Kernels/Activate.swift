import CPlatform
import KernelTypes

// Activation functions: over an array, and over the rows a tile has just written. Formulas and sources are at `Activation`.

/// What results are cut to before they are stored: min(max(x, low), high), where a NaN stays NaN.
struct Limits {
  var low = -Float.infinity, high = Float.infinity
  var isNone: Bool { low == -.infinity && high == .infinity }
}

/// The activation as limits; nil: it is left to `activateRows`.
func limits(_ activation: Activation) -> Limits? {
  switch activation {
  case .identity: Limits()
  case .relu: Limits(low: 0)
  case .clip(let low, let high): Limits(low: low, high: high)
  default: nil
  }
}

/// Applies a function in place to rows still in the first-level cache.
@inline(__always)
func activateRows(_ activation: Activation, _ rows: Int, _ columns: Int, _ y: UnsafeMutablePointer<Float>, _ stride: Int) {
  // Rows without gaps are one.
  let together = stride == columns ? rows : 1
  activate(activation, Rows(y: y, rows: rows / together, columns: columns * together, stride: stride, from: 0))
}

func activate(_ activation: Activation, _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  activate(activation, Rows(y: y, rows: 1, columns: count, stride: count, from: x - UnsafePointer(y)))
}

@inline(never)
private func activate(_ activation: Activation, _ rows: Rows) {
  switch activation {
  case .identity: if rows.from != 0 { rows.map(Identity()) }
  case .relu: rows.map(Relu())
  case .leakyRelu(let slope): rows.map(LeakyRelu(slope: slope))
  case .sigmoid: rows.map(Sigmoid())
  case .tanh: rows.map(Tanh())
  case .clip(let low, let high): rows.map(Clip(low: low, high: high))
  case .elu(let alpha): rows.map(Elu(alpha: alpha, gamma: 1))
  case .selu(let alpha, let gamma): rows.map(Elu(alpha: alpha, gamma: gamma))
  case .celu(let alpha): rows.map(Celu(alpha: alpha))
  case .gelu: rows.map(Gelu())
  case .geluTanh: rows.map(GeluTanh())
  case .hardSigmoid(let alpha, let beta): rows.map(HardSigmoid(alpha: alpha, beta: beta))
  case .silu(let alpha): rows.map(Silu(alpha: alpha))
  case .hardSwish: rows.map(HardSwish())
  case .mish: rows.map(Mish())
  case .softplus: rows.map(Softplus())
  case .softsign: rows.map(Softsign())
  case .thresholdedRelu(let alpha): rows.map(ThresholdedRelu(alpha: alpha))
  case .shrink(let lambda, let bias): rows.map(Shrink(lambda: lambda, bias: bias))
  }
}

@_transparent func clip(_ x: Vector, _ low: Float, _ high: Float) -> Vector { dlp_clip(x, splat(low), splat(high)) }

private struct Relu: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { relu(x) }
}
private struct LeakyRelu: VectorFunction {
  var slope: Float
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { x.replacing(with: x * splat(slope), where: x .< 0) }
}
private struct Sigmoid: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { sigmoid(x) }
}
private struct Tanh: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { tanh(x) }
}
private struct Clip: VectorFunction {
  var low: Float, high: Float
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { clip(x, low, high) }
}
private struct Elu: VectorFunction {
  var alpha: Float, gamma: Float
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector {
    splat(gamma) * x.replacing(with: splat(alpha) * exponentialMinusOne(x), where: x .< 0)
  }
}
private struct Celu: VectorFunction {
  var alpha: Float
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector {
    let below = splat(alpha) * exponentialMinusOne(x / splat(alpha))
    return relu(x) + below.replacing(with: 0, where: below .> 0)
  }
}
private struct Gelu: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector {
    splat(0.5) * x * (splat(1) + erf(x * splat(0.707_106_78)))
  }
}
private struct GeluTanh: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector {
    let inner = splat(0.797_884_56) * multiplyAdd(x * x * x, splat(0.044_715), x)
    return splat(0.5) * x * (splat(1) + tanh(inner))
  }
}
private struct HardSigmoid: VectorFunction {
  var alpha: Float, beta: Float
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { clip(multiplyAdd(x, splat(alpha), splat(beta)), 0, 1) }
}
private struct Silu: VectorFunction {
  var alpha: Float
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { x * sigmoid(x * splat(alpha)) }
}
private struct HardSwish: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { x * clip(multiplyAdd(x, splat(1 / 6), splat(0.5)), 0, 1) }
}
/// With t = eˣ, tanh(ln(1 + t)) = (t² + 2t) / (t² + 2t + 2), which is 1 from 20 on.
private struct Mish: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector {
    let t = exp(x.replacing(with: 20, where: x .> 20))
    let u = multiplyAdd(t, t, t + t)
    return x * (u / (u + splat(2)))
  }
}
/// max(x, 0) + ln(1 + e^−|x|).
private struct Softplus: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector {
    relu(x) + logOnePlus(exp(x.replacing(with: -x, where: x .> 0)))
  }
}
private struct Softsign: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { x / (splat(1) + absolute(x)) }
}
private struct ThresholdedRelu: VectorFunction {
  var alpha: Float
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { splat(0).replacing(with: x, where: x .> splat(alpha)) }
}
private struct Shrink: VectorFunction {
  var lambda: Float, bias: Float
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector {
    let above = splat(0).replacing(with: x - splat(bias), where: x .> splat(lambda))
    return above.replacing(with: x + splat(bias), where: x .< splat(-lambda))
  }
}
