import KernelTypes

// Functions of two numbers over rows, either of which may be one number or one row for all.

func binary(_ call: BinaryCall) {
  switch call.function {
  case .add: combine(call, Add())
  case .subtract: combine(call, Subtract())
  case .multiply: combine(call, Multiply())
  case .divide: combine(call, Divide())
  case .minimum: combine(call, Minimum())
  case .maximum: combine(call, Maximum())
  case .prelu: combine(call, PRelu())
  default: break
  }
}

/// A function as a type: inlined, so that no vector is ever passed.
private protocol VectorCombination {
  func callAsFunction(_ a: Vector, _ b: Vector) -> Vector
}

private struct Add: VectorCombination {
  @inline(__always) func callAsFunction(_ a: Vector, _ b: Vector) -> Vector { a + b }
}
private struct Subtract: VectorCombination {
  @inline(__always) func callAsFunction(_ a: Vector, _ b: Vector) -> Vector { a - b }
}
private struct Multiply: VectorCombination {
  @inline(__always) func callAsFunction(_ a: Vector, _ b: Vector) -> Vector { a * b }
}
private struct Divide: VectorCombination {
  @inline(__always) func callAsFunction(_ a: Vector, _ b: Vector) -> Vector { a / b }
}
/// A NaN of either side wins.
private struct Minimum: VectorCombination {
  @inline(__always) func callAsFunction(_ a: Vector, _ b: Vector) -> Vector {
    b.replacing(with: a, where: (a .< b) .| (a .!= a))
  }
}
private struct Maximum: VectorCombination {
  @inline(__always) func callAsFunction(_ a: Vector, _ b: Vector) -> Vector {
    b.replacing(with: a, where: (a .> b) .| (a .!= a))
  }
}
private struct PRelu: VectorCombination {
  @inline(__always) func callAsFunction(_ a: Vector, _ b: Vector) -> Vector { a.replacing(with: a * b, where: a .< 0) }
}

@inline(never)
private func combine<F: VectorCombination>(_ call: BinaryCall, _ f: F) {
  // One number for a row is read as a vector of it that does not advance.
  var one = splat(0), other = splat(0)
  withUnsafeMutablePointer(to: &one) { one in
    withUnsafeMutablePointer(to: &other) { other in
      for r in 0..<call.rows {
        let a = row(call.a + r * call.aRow, call.aColumn, one), b = row(call.b + r * call.bRow, call.bColumn, other)
        let y = call.y + r * call.yRow
        let aStep = call.aColumn == 0 ? 0 : 1, bStep = call.bColumn == 0 ? 0 : 1
        var i = 0
        while i < call.columns {
          let left = call.columns - i
          store(f(load(a + i * aStep, count: left), load(b + i * bStep, count: left)), y + i, count: left)
          i += lanes
        }
      }
    }
  }
}

/// A row, or a vector of its one number.
@inline(__always)
private func row(_ p: UnsafePointer<Float>, _ column: Int, _ spread: UnsafeMutablePointer<Vector>) -> UnsafePointer<Float> {
  if column != 0 { return p }
  spread.pointee = splat(p[0])
  return UnsafePointer(UnsafeMutableRawPointer(spread).assumingMemoryBound(to: Float.self))
}

/// See `KernelSet.keepLargest`.
@inline(never)
func keepLargest(
  _ count: Int, _ x: UnsafePointer<Float>, _ sign: Float, _ place: Int32, _ largest: UnsafeMutablePointer<Float>,
  _ places: UnsafeMutablePointer<Int32>
) {
  // Places are moved as vectors of floats are.
  let places = UnsafeMutableRawPointer(places).assumingMemoryBound(to: Float.self)
  let place = unsafeBitCast(IntVector(repeating: place), to: Vector.self)
  var i = 0
  while i < count {
    let left = count - i
    let next = load(x + i, count: left) * splat(sign), before = load(largest + i, count: left)
    let isMore = .!(next .<= before) .& (before .== before)
    store(before.replacing(with: next, where: isMore), largest + i, count: left)
    store(load(places + i, count: left).replacing(with: place, where: isMore), places + i, count: left)
    i += lanes
  }
}
