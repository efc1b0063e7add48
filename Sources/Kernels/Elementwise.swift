import KernelTypes

func binary(
  _ operation: BinaryOperation, _ rows: Int, _ columns: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ bStride: Int,
  _ y: UnsafeMutablePointer<Float>
) {
  for r in 0..<rows {
    let a = a + r * columns, b = b + r * bStride, y = y + r * columns
    switch operation {
    case .add: addRow(columns, a, b, y)
    case .multiply: multiplyRow(columns, a, b, y)
    }
  }
}

private func addRow(_ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  var i = 0
  while i + lanes <= count {
    store(load(a + i) + load(b + i), y + i)
    i += lanes
  }
  let left = count - i
  if left > 0 { store(load(a + i, count: left) + load(b + i, count: left), y + i, count: left) }
}

private func multiplyRow(_ count: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
  var i = 0
  while i + lanes <= count {
    store(load(a + i) * load(b + i), y + i)
    i += lanes
  }
  let left = count - i
  if left > 0 { store(load(a + i, count: left) * load(b + i, count: left), y + i, count: left) }
}
