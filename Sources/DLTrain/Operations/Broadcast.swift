import DLGraph
import KernelTypes

// Operations on two tensors with numpy's broadcasting.

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

/// Subtraction, division, minimum and maximum.
func binaryForward<Scalar: TensorScalar>(
  _ function: BinaryFunction, _ x: [Tensor<Scalar>], _ shape: [Int]
) -> Tensor<Scalar> {
  let (a, b) = (x[0].start, x[1].start)
  return Tensor(uninitialized: shape) { y in
    switch function {
    case .subtract: forEachBroadcast(shape, x[0].shape, x[1].shape) { y[$0] = a[$1] - b[$2] }
    case .divide: forEachBroadcast(shape, x[0].shape, x[1].shape) { y[$0] = a[$1] / b[$2] }
    // A NaN of either side stays.
    case .minimum: forEachBroadcast(shape, x[0].shape, x[1].shape) { y[$0] = a[$1] > b[$2] || b[$2].isNaN ? b[$2] : a[$1] }
    case .maximum: forEachBroadcast(shape, x[0].shape, x[1].shape) { y[$0] = a[$1] < b[$2] || b[$2].isNaN ? b[$2] : a[$1] }
    default: fatalError("\(function.name) is not computed here")
    }
  }
}

/// Of equal elements the first input's is the smallest and the largest.
func binaryBackward<Scalar: TensorScalar>(_ function: BinaryFunction, _ step: BackwardStep<Scalar>) -> [Tensor<Scalar>?] {
  let (a, b, dy) = (step.inputs[0].start, step.inputs[1].start, step.gradient.start)
  let gradients = step.inputs.map { Tensor<Scalar>(zeros: $0.shape) }
  let (da, db) = (gradients[0].buffer.start, gradients[1].buffer.start)
  forEachBroadcast(step.output.shape, step.inputs[0].shape, step.inputs[1].shape) { i, p, q in
    switch function {
    case .subtract:
      da[p] += dy[i]
      db[q] -= dy[i]
    case .divide:
      da[p] += dy[i] / b[q]
      db[q] -= dy[i] * a[p] / (b[q] * b[q])
    case .minimum: if a[p] > b[q] { db[q] += dy[i] } else { da[p] += dy[i] }
    case .maximum: if a[p] < b[q] { db[q] += dy[i] } else { da[p] += dy[i] }
    default: fatalError("\(function.name) has no gradient")
    }
  }
  return zip(gradients, step.isNeeded).map { $1 ? $0 : nil }
}

/// Sums over the axes along which `shape` was broadcast.
func reduce<Scalar: TensorScalar>(_ x: Tensor<Scalar>, to shape: [Int]) -> Tensor<Scalar> {
  if x.shape == shape { return x }
  return Tensor(shape) { y in
    forEachBroadcast(x.shape, x.shape, shape) { y[$2] += x.start[$1] }
  }
}

/// Calls `body` with the offset of each element of `shape` and of the elements of a and b that are broadcast to it.
func forEachBroadcast(_ shape: [Int], _ a: [Int], _ b: [Int], _ body: (Int, Int, Int) -> Void) {
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
