// Functions of one number over an array, a vector at a time.

/// A function as a type: inlined into `map`, so that no vector is ever passed.
protocol VectorFunction {
  func callAsFunction(_ x: Vector) -> Vector
}

/// Rows of y, and where those of x lie.
struct Rows {
  var y: UnsafeMutablePointer<Float>
  var rows: Int, columns: Int, stride: Int
  /// Floats from y to x; 0: in place.
  var from: Int

  /// y = f(x). One body for whole vectors and the rest: there are many functions.
  @inline(__always) func map<F: VectorFunction>(_ f: F) {
    for row in 0..<rows {
      var y = y + row * stride
      var left = columns
      while left > 0 {
        store(f(load(y + from, count: left)), y, count: left)
        y += lanes
        left -= lanes
      }
    }
  }
}

/// y = f(x); x may be y.
@inline(__always)
func map<F: VectorFunction>(_ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ f: F) {
  Rows(y: y, rows: 1, columns: count, stride: count, from: x - UnsafePointer(y)).map(f)
}

struct Identity: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { x }
}
