// Loops over short rows of neighbouring numbers, eight at a time.

@inline(__always)
private func load<Scalar: TensorScalar>(_ x: UnsafePointer<Scalar>) -> SIMD8<Scalar> {
  UnsafeRawPointer(x).loadUnaligned(as: SIMD8<Scalar>.self)
}

@inline(__always)
private func store<Scalar: TensorScalar>(_ vector: SIMD8<Scalar>, _ y: UnsafeMutablePointer<Scalar>) {
  UnsafeMutableRawPointer(y).storeBytes(of: vector, as: SIMD8<Scalar>.self)
}

/// y = x. The last eight may be copied twice in part, which is faster than one by one.
@inline(__always)
func copyRow<Scalar: TensorScalar>(_ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int) {
  if count < 8 {
    for i in 0..<count { y[i] = x[i] }
    return
  }
  var i = 0
  while i <= count &- 8 {
    store(load(x + i), y + i)
    i &+= 8
  }
  if i < count { store(load(x + (count &- 8)), y + (count &- 8)) }
}

/// y += x.
@inline(__always)
func addRow<Scalar: TensorScalar>(_ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int) {
  var i = 0
  while i <= count &- 8 {
    store(load(x + i) + load(UnsafePointer(y + i)), y + i)
    i &+= 8
  }
  while i < count {
    y[i] += x[i]
    i &+= 1
  }
}

/// Σ x, in eight sums that are added at the end.
func sumRow<Scalar: TensorScalar>(_ x: UnsafePointer<Scalar>, _ count: Int) -> Scalar {
  var sums = SIMD8<Scalar>()
  var i = 0
  while i <= count &- 8 {
    sums += load(x + i)
    i &+= 8
  }
  var total = ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
  while i < count {
    total += x[i]
    i &+= 1
  }
  return total
}
