import DLGraph

// Addition and multiplication with numpy's broadcasting.

func addForward<Scalar: TensorScalar>(_ x: [Tensor<Scalar>], _ shape: [Int]) -> Tensor<Scalar> {
  if x[0].shape == x[1].shape { return sum(x[0], x[1]) }
  let (a, b) = (x[0].start, x[1].start)
  return Tensor(uninitialized: shape) { y in
    forEachBroadcast(shape, x[0].shape, x[1].shape) { y[$0] = a[$1] + b[$2] }
  }
}

func addBackward<Scalar: TensorScalar>(_ step: BackwardStep<Scalar>) -> [Tensor<Scalar>?] {
  step.inputs.indices.map { step.isNeeded[$0] ? reduce(step.gradient, to: step.inputs[$0].shape) : nil }
}

func multiplyForward<Scalar: TensorScalar>(_ x: [Tensor<Scalar>], _ shape: [Int]) -> Tensor<Scalar> {
  let (a, b) = (x[0].start, x[1].start)
  if x[0].shape == x[1].shape { return elementwise(shape) { y, range in for i in range { y[i] = a[i] * b[i] } } }
  return Tensor(uninitialized: shape) { y in
    forEachBroadcast(shape, x[0].shape, x[1].shape) { y[$0] = a[$1] * b[$2] }
  }
}

func multiplyBackward<Scalar: TensorScalar>(_ step: BackwardStep<Scalar>) -> [Tensor<Scalar>?] {
  step.inputs.indices.map { i in
    guard step.isNeeded[i] else { return nil }
    return reduce(multiplyForward([step.gradient, step.inputs[1 - i]], step.output.shape), to: step.inputs[i].shape)
  }
}

/// Sums over the axes along which `shape` was broadcast.
private func reduce<Scalar: TensorScalar>(_ x: Tensor<Scalar>, to shape: [Int]) -> Tensor<Scalar> {
  if x.shape == shape { return x }
  return Tensor(shape) { y in
    forEachBroadcast(x.shape, x.shape, shape) { y[$2] += x.start[$1] }
  }
}

/// Calls `body` with the offset of each element of `shape` and of the elements of a and b that are broadcast to it.
private func forEachBroadcast(_ shape: [Int], _ a: [Int], _ b: [Int], _ body: (Int, Int, Int) -> Void) {
  let aStrides = broadcastStrides(a, rank: shape.count)
  let bStrides = broadcastStrides(b, rank: shape.count)
  var index = shape.map { _ in 0 }
  var (i, j) = (0, 0)
  for offset in 0..<elementCount(shape)! {
    body(offset, i, j)
    var axis = shape.count - 1
    while axis >= 0 {
      index[axis] += 1
      i += aStrides[axis]
      j += bStrides[axis]
      if index[axis] < shape[axis] { break }
      i -= aStrides[axis] * shape[axis]
      j -= bStrides[axis] * shape[axis]
      index[axis] = 0
      axis -= 1
    }
  }
}

/// Elements from one index to the next on each axis of the broadcast shape; 0 along a broadcast axis.
private func broadcastStrides(_ shape: [Int], rank: Int) -> [Int] {
  var strides = Array(repeating: 0, count: rank)
  var stride = 1
  for (axis, size) in shape.enumerated().reversed() {
    strides[axis + rank - shape.count] = size == 1 ? 0 : stride
    stride *= size
  }
  return strides
}
