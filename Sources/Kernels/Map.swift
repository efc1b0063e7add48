// Functions of one number over an array, a vector at a time.

/// A function as a type: inlined into `map`, so that no vector is ever passed.
protocol VectorFunction {
  func callAsFunction(_ x: Vector) -> Vector
}

/// y = f(x); x may be y.
@inline(__always)
func map<F: VectorFunction>(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ f: F) {
  // One body for whole vectors and the rest: there are many functions.
  var i = 0
  while i < count {
    store(f(load(x + i, count: count - i)), y + i, count: count - i)
    i += lanes
  }
}

struct Identity: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { x }
}
