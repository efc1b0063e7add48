import DLGraph
import KernelTypes

/// Elements that one thread takes at a time.
let elementGrain = 1 << 14

/// A tensor that `fill` computes a range of elements at a time, on all cores.
func elementwise<Scalar: TensorScalar>(
  _ shape: [Int], _ fill: (_ y: UnsafeMutablePointer<Scalar>, _ range: Range<Int>) -> Void
) -> Tensor<Scalar> {
  Tensor(uninitialized: shape) { y in
    parallelRanges(elementCount(shape)!, grain: elementGrain) { fill(y, $0) }
  }
}

/// a + b, of one shape.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func sum<Scalar: TensorScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> {
  let (p, q) = (a.start, b.start)
  return withExtendedLifetime((a, b)) {
    elementwise(a.shape) { y, range in for i in range { y[i] = p[i] + q[i] } }
  }
}

// MARK: activations

func activationForward<Scalar: TensorScalar>(_ activation: Activation, _ x: Tensor<Scalar>) -> Tensor<Scalar> {
  let (x, shape) = (x.start, x.shape)
  return elementwise(shape) { y, range in
    switch activation {
    case .identity: for i in range { y[i] = x[i] }
    case .relu: for i in range { y[i] = x[i] < 0 ? 0 : x[i] }  // NaN stays visible
    case .leakyRelu(let slope):
      let slope = Scalar(slope)
      for i in range { y[i] = x[i] < 0 ? slope * x[i] : x[i] }
    case .sigmoid: for i in range { y[i] = logistic(x[i]) }
    case .tanh: for i in range { y[i] = Scalar.tanh(x[i]) }
    default: for i in range { y[i] = Scalar(referenceActivation(activation, Double(x[i]))) }
    }
  }
}

/// 1 / (1 + exp(−x)), without overflow.
func logistic<Scalar: TensorScalar>(_ x: Scalar) -> Scalar {
  if x >= 0 { return 1 / (1 + Scalar.exp(-x)) }
  let e = Scalar.exp(x)
  return e / (1 + e)
}

func activationBackward<Scalar: TensorScalar>(_ activation: Activation, _ step: BackwardStep<Scalar>) -> Tensor<Scalar> {
  let (x, y, dy) = (step.inputs[0].start, step.output.start, step.gradient.start)
  return elementwise(step.output.shape) { dx, range in
    switch activation {
    case .identity: for i in range { dx[i] = dy[i] }
    case .relu:
      for i in range {
        let gradient = dy[i]  // read in either case, so that the choice needs no jump
        dx[i] = y[i] > 0 ? gradient : 0
      }
    case .leakyRelu(let slope):
      let slope = Scalar(slope)
      for i in range { dx[i] = dy[i] * (x[i] < 0 ? slope : 1) }
    case .sigmoid: for i in range { dx[i] = dy[i] * y[i] * (1 - y[i]) }
    case .tanh: for i in range { dx[i] = dy[i] * (1 - y[i] * y[i]) }
    default: for i in range { dx[i] = dy[i] * Scalar(derivative(activation, Double(x[i]))) }
    }
  }
}

// MARK: |x|

func absoluteForward<Scalar: TensorScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
  let from = x.start
  return elementwise(x.shape) { y, range in for i in range { y[i] = from[i].magnitude } }
}

/// 0 at 0, where there is no derivative.
func absoluteBackward<Scalar: TensorScalar>(_ step: BackwardStep<Scalar>) -> Tensor<Scalar> {
  let (x, dy) = (step.inputs[0].start, step.gradient.start)
  return elementwise(step.output.shape) { dx, range in for i in range { dx[i] = x[i] > 0 ? dy[i] : x[i] < 0 ? -dy[i] : 0 } }
}

// MARK: dropout

/// Inverted dropout: in training each element is zero with probability `rate`, else divided by 1 − rate, so that inference
/// has nothing to do. Srivastava et al. 2014.
func dropoutForward<Scalar: TensorScalar>(
  _ rate: Scalar, _ x: Tensor<Scalar>, _ generator: inout Generator?
) -> (Tensor<Scalar>, Saved<Scalar>) {
  guard generator != nil, rate > 0 else { return (x.detached, Saved()) }
  let keep = 1 / (1 - rate)
  let threshold = Double(rate)
  let mask = Tensor<Scalar>(uninitialized: x.shape) { mask in
    for i in 0..<x.count { mask[i] = generator!.uniform() < threshold ? 0 : keep }
  }
  let (from, factor) = (x.start, mask.start)
  let y = elementwise(x.shape) { y, range in for i in range { y[i] = from[i] * factor[i] } }
  return (y, Saved(tensors: [mask]))
}

func dropoutBackward<Scalar: TensorScalar>(_ step: BackwardStep<Scalar>) -> Tensor<Scalar> {
  guard let mask = step.saved.tensors.first else { return step.gradient }
  let (dy, factor) = (step.gradient.start, mask.start)
  return elementwise(mask.shape) { dx, range in for i in range { dx[i] = dy[i] * factor[i] } }
}
