import KernelTypes

// Activation functions: over an array, and over the rows a tile has just written. Formulas and sources are at `Activation`.

/// Whether the tile leaves the function to `activateRows`.
@inline(__always) func needsPass(_ activation: Activation) -> Bool {
  switch activation {
  case .identity, .relu: false
  default: true
  }
}

/// Applies a function in place to rows still in the first-level cache.
@inline(never)
func activateRows(_ activation: Activation, _ rows: Int, _ columns: Int, _ y: UnsafeMutablePointer<Float>, _ stride: Int) {
  if stride == columns { return activate(activation, rows * columns, y, y) }
  for i in 0..<rows { activate(activation, columns, y + i * stride, y + i * stride) }
}

@inline(never)
func activate(_ activation: Activation, _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  switch activation {
  case .identity: if x != UnsafePointer(y) { map(count, x, y, Identity()) }
  case .relu: map(count, x, y, Relu())
  case .leakyRelu(let slope): map(count, x, y, LeakyRelu(slope: slope))
  case .sigmoid: map(count, x, y, Sigmoid())
  case .tanh: map(count, x, y, Tanh())
  case .clip(let low, let high): map(count, x, y, Clip(low: low, high: high))
  case .elu(let alpha): map(count, x, y, Elu(alpha: alpha, gamma: 1))
  case .selu(let alpha, let gamma): map(count, x, y, Elu(alpha: alpha, gamma: gamma))
  case .celu(let alpha): map(count, x, y, Celu(alpha: alpha))
  case .gelu: map(count, x, y, Gelu())
  case .geluTanh: map(count, x, y, GeluTanh())
  case .hardSigmoid(let alpha, let beta): map(count, x, y, HardSigmoid(alpha: alpha, beta: beta))
  case .silu(let alpha): map(count, x, y, Silu(alpha: alpha))
  case .hardSwish: map(count, x, y, HardSwish())
  case .mish: map(count, x, y, Mish())
  case .softplus: map(count, x, y, Softplus())
  case .softsign: map(count, x, y, Softsign())
  case .thresholdedRelu(let alpha): map(count, x, y, ThresholdedRelu(alpha: alpha))
  case .shrink(let lambda, let bias): map(count, x, y, Shrink(lambda: lambda, bias: bias))
  }
}

/// min(max(x, low), high); a NaN stays NaN.
@inline(__always) func clip(_ x: Vector, _ low: Float, _ high: Float) -> Vector {
  let raised = x.replacing(with: splat(low), where: x .< splat(low))
  return raised.replacing(with: splat(high), where: raised .> splat(high))
}

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
