import KernelTypes

// Operations that work element by element.

func evaluateElementwise(_ op: Op, _ inputs: [TensorBuffer?], _ y: TensorBuffer) {
  guard let x = inputs[0] else { return }
  switch op {
  case .activation(let activation):
    for i in 0..<x.count { y.setReal(i, referenceActivation(activation, x.real(i))) }
  case .binary(let function):
    guard let b = inputs[1] else { return }
    eachBroadcast(x.sizes, b.sizes, y.sizes) { i, p, q in
      switch function {
      case .add: y.setReal(i, x.real(p) + b.real(q))
      case .multiply: y.setReal(i, x.real(p) * b.real(q))
      default: break
      }
    }
  default: break
  }
}

/// Calls body for each element of the broadcast shape with the offsets of the elements of a and b that meet there.
func eachBroadcast(_ a: [Int], _ b: [Int], _ y: [Int], _ body: (_ i: Int, _ a: Int, _ b: Int) -> Void) {
  let aStrides = broadcastStrides(a, rank: y.count)
  let bStrides = broadcastStrides(b, rank: y.count)
  var at = Array(repeating: 0, count: y.count)
  var p = 0
  var q = 0
  for i in 0..<y.reduce(1, *) {
    body(i, p, q)
    for axis in y.indices.reversed() {
      at[axis] += 1
      p += aStrides[axis]
      q += bStrides[axis]
      if at[axis] < y[axis] { break }
      p -= at[axis] * aStrides[axis]
      q -= at[axis] * bStrides[axis]
      at[axis] = 0
    }
  }
}

/// Elements from one place of each axis to the next, 0 where the axis is broadcast.
func broadcastStrides(_ sizes: [Int], rank: Int) -> [Int] {
  var strides = Array(repeating: 0, count: rank)
  var step = 1
  for axis in sizes.indices.reversed() {
    if sizes[axis] != 1 { strides[rank - sizes.count + axis] = step }
    step *= sizes[axis]
  }
  return strides
}
