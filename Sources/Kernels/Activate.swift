import KernelTypes

// Activation functions: over an array, and over the rows a tile has just written.

@inline(__always) func leakyRelu(_ x: Vector, _ slope: Vector) -> Vector { x.replacing(with: x * slope, where: x .< 0) }

/// Whether the tile leaves the function to `activateRows`.
@inline(__always) func needsPass(_ activation: Activation) -> Bool {
  switch activation {
  case .identity, .relu: false
  case .leakyRelu, .sigmoid, .tanh: true
  }
}

/// Applies a function in place to rows still in the first-level cache.
@inline(never)
func activateRows(_ activation: Activation, _ rows: Int, _ columns: Int, _ y: UnsafeMutablePointer<Float>, _ stride: Int) {
  for i in 0..<rows { activate(activation, columns, y + i * stride, y + i * stride) }
}

func activate(_ activation: Activation, _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  switch activation {
  case .identity: if x != UnsafePointer(y) { map(count, x, y) { $0 } }
  case .relu: map(count, x, y) { relu($0) }
  case .leakyRelu(let slope): map(count, x, y) { leakyRelu($0, splat(slope)) }
  case .sigmoid: map(count, x, y) { sigmoid($0) }
  case .tanh: map(count, x, y) { tanh($0) }
  }
}

/// y = f(x), a vector at a time.
@inline(__always)
private func map(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ f: (Vector) -> Vector) {
  var i = 0
  while i + lanes <= count {
    store(f(load(x + i)), y + i)
    i += lanes
  }
  if i < count { store(f(load(x + i, count: count - i)), y + i, count: count - i) }
}
