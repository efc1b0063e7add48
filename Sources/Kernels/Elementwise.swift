import KernelTypes

func binary(
  _ operation: BinaryOperation, _ rows: Int, _ columns: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ bStride: Int,
  _ y: UnsafeMutablePointer<Float>
) {
  switch operation {
  case .add: combine(rows, columns, a, b, bStride, y) { $0 + $1 }
  case .multiply: combine(rows, columns, a, b, bStride, y) { $0 * $1 }
  }
}

@inline(__always)
private func combine(
  _ rows: Int, _ columns: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ bStride: Int,
  _ y: UnsafeMutablePointer<Float>, _ f: (Vector, Vector) -> Vector
) {
  for r in 0..<rows {
    let a = a + r * columns, b = b + r * bStride, y = y + r * columns
    var i = 0
    while i + lanes <= columns {
      store(f(load(a + i), load(b + i)), y + i)
      i += lanes
    }
    let left = columns - i
    if left > 0 { store(f(load(a + i, count: left), load(b + i, count: left)), y + i, count: left) }
  }
}
