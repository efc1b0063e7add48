import DLGraph
import KernelTypes

/// Elements that one thread takes at a time.
let elementGrain = 1 << 14

/// y[i] = f(i) for every element, on all cores. Inlined so that `f` becomes a loop over vectors.
@inline(__always)
func elementwise<Scalar: TensorScalar>(_ shape: [Int], _ f: (Int) -> Scalar) -> Tensor<Scalar> {
  Tensor(uninitialized: shape) { y in
    parallelRanges(elementCount(shape)!, grain: elementGrain) { range in
      for i in range { y[i] = f(i) }
    }
  }
}

/// a + b, of one shape.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func sum<Scalar: TensorScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> {
  let (a, b, shape) = (a.start, b.start, a.shape)
  return elementwise(shape) { a[$0] + b[$0] }
}

// MARK: activations

func activationForward<Scalar: TensorScalar>(_ activation: Activation, _ x: Tensor<Scalar>) -> Tensor<Scalar> {
  let (x, shape) = (x.start, x.shape)
  switch activation {
  case .identity: return elementwise(shape) { x[$0] }
  case .relu: return elementwise(shape) { x[$0] < 0 ? 0 : x[$0] }  // NaN stays visible
  case .leakyRelu(let slope):
    let slope = Scalar(slope)
    return elementwise(shape) { x[$0] < 0 ? slope * x[$0] : x[$0] }
  case .sigmoid: return elementwise(shape) { logistic(x[$0]) }
  case .tanh: return elementwise(shape) { Scalar.tanh(x[$0]) }
  }
}

/// 1 / (1 + exp(−x)), without overflow.
func logistic<Scalar: TensorScalar>(_ x: Scalar) -> Scalar {
  if x >= 0 { return 1 / (1 + Scalar.exp(-x)) }
  let e = Scalar.exp(x)
  return e / (1 + e)
}

func activationBackward<Scalar: TensorScalar>(_ activation: Activation, _ step: BackwardStep<Scalar>) -> Tensor<Scalar> {
  let (y, dy, shape) = (step.output.start, step.gradient.start, step.output.shape)
  switch activation {
  case .identity: return step.gradient
  case .relu:
    return elementwise(shape) { i in
      let gradient = dy[i]  // read in either case, so that the choice needs no jump
      return y[i] > 0 ? gradient : 0
    }
  case .leakyRelu(let slope):
    let (x, slope) = (step.inputs[0].start, Scalar(slope))
    return elementwise(shape) { x[$0] < 0 ? slope * dy[$0] : dy[$0] }
  case .sigmoid: return elementwise(shape) { dy[$0] * y[$0] * (1 - y[$0]) }
  case .tanh: return elementwise(shape) { dy[$0] * (1 - y[$0] * y[$0]) }
  }
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
  let (start, factor) = (x.start, mask.start)
  return (elementwise(x.shape) { start[$0] * factor[$0] }, Saved(tensors: [mask]))
}

func dropoutBackward<Scalar: TensorScalar>(_ step: BackwardStep<Scalar>) -> Tensor<Scalar> {
  guard let mask = step.saved.tensors.first else { return step.gradient }
  let (dy, factor) = (step.gradient.start, mask.start)
  return elementwise(mask.shape) { dy[$0] * factor[$0] }
}
