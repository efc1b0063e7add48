import KernelTypes

// Activation functions: over an array, and over the rows a tile has just written.

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
  for i in 0..<rows { activate(activation, columns, y + i * stride, y + i * stride) }
}

func activate(_ activation: Activation, _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  switch activation {
  case .identity: if x != UnsafePointer(y) { map(count, x, y, Identity()) }
  case .relu: map(count, x, y, Relu())
  case .leakyRelu(let slope): map(count, x, y, LeakyRelu(slope: slope))
  case .sigmoid: map(count, x, y, Sigmoid())
  case .tanh: map(count, x, y, Tanh())
  default: break
  }
}

// Functions as types: inlined into `map` without a vector ever being passed.

private protocol VectorFunction {
  func callAsFunction(_ x: Vector) -> Vector
}

private struct Identity: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { x }
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

/// y = f(x), a vector at a time.
@inline(__always)
private func map<F: VectorFunction>(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ f: F) {
  var i = 0
  while i + lanes <= count {
    store(f(load(x + i)), y + i)
    i += lanes
  }
  if i < count { store(f(load(x + i, count: count - i)), y + i, count: count - i) }
}
