import DLGraph
import KernelTypes

extension Rewriter {
  /// Several operations that together are one activation function become it.
  mutating func joinActivation(_ node: Node) -> Bool {
    guard let (activation, x) = joined(node), sameSizes(x, node.outputs[0]) else { return false }
    return replace(node, by: .activation(activation), [x])
  }

  private func joined(_ node: Node) -> (Activation, Int)? {
    guard type(node.outputs[0]).dtype == .f32 else { return nil }
    switch node.op {
    case .binary(.multiply): return gate(node) ?? scaled(node) ?? gelu(node)
    case .binary(.divide): return scaled(node)
    case .binary(.minimum), .binary(.maximum): return clip(node)
    case .binary(.prelu):
      return scalar(node.inputs[1]).map { (.leakyRelu(slope: $0), node.inputs[0]) }
    case .activation(let activation): return clip(of: activation, node.inputs[0])
    default: return nil
    }
  }

  /// x and the activation that a value is of.
  private func activation(_ value: Int) -> (Activation, x: Int)? {
    guard let node = producing(value), case .activation(let activation) = node.op else { return nil }
    return (activation, node.inputs[0])
  }

  /// A value that is `function` of another and a number, in either order where that does not matter.
  private func with(_ function: BinaryFunction, _ value: Int) -> (x: Int, number: Float)? {
    guard let node = producing(value), case .binary(let found) = node.op, found == function else { return nil }
    return operand(node)
  }

  private func operand(_ node: Node) -> (x: Int, number: Float)? {
    if let number = scalar(node.inputs[1]) { return (node.inputs[0], number) }
    guard case .binary(let function) = node.op, function != .divide, let number = scalar(node.inputs[0]) else { return nil }
    return (node.inputs[1], number)
  }

  private func near(_ a: Float, _ b: Float) -> Bool { (a - b).magnitude <= 1e-5 * b.magnitude }

  // MARK: products of x with a function of x

  private func gate(_ node: Node) -> (Activation, Int)? {
    for (x, value) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard let (activation, of) = activation(value) else { continue }
      switch activation {
      case .sigmoid: if of == x { return (.silu(alpha: 1), x) }
      case .hardSigmoid(let alpha, let beta): if of == x, near(alpha, 1 / 6), near(beta, 0.5) { return (.hardSwish, x) }
      case .tanh:
        if case (.softplus, x)? = self.activation(of) { return (.mish, x) }
      default: break
      }
    }
    return nil
  }

  // MARK: clipping

  private func clip(_ node: Node) -> (Activation, Int)? {
    guard let (x, number) = operand(node), !number.isNaN else { return nil }
    return node.op == .binary(.minimum) ? clip(x, -.infinity, number) : clip(x, number, .infinity)
  }

  private func clip(of activation: Activation, _ x: Int) -> (Activation, Int)? {
    guard let (low, high) = bounds(activation), let (inner, of) = self.activation(x), bounds(inner) != nil else { return nil }
    return clip(of, low, high, after: inner)
  }

  private func clip(_ x: Int, _ low: Float, _ high: Float) -> (Activation, Int)? {
    if let (inner, of) = activation(x), bounds(inner) != nil { return clip(of, low, high, after: inner) }
    if low == 0 && high == .infinity { return (.relu, x) }
    return (.clip(low: low, high: high), x)
  }

  /// One clip in place of two.
  private func clip(_ x: Int, _ low: Float, _ high: Float, after inner: Activation) -> (Activation, Int)? {
    guard let (first, last) = bounds(inner) else { return nil }
    let low = min(max(first, low), high)
    let high = min(max(last, low), high)
    return low == 0 && high == .infinity ? (.relu, x) : (.clip(low: low, high: high), x)
  }

  private func bounds(_ activation: Activation) -> (Float, Float)? {
    switch activation {
    case .relu: (0, .infinity)
    case .clip(let low, let high): (low, high)
    default: nil
    }
  }

  // MARK: constant factors

  /// clip(x + 3, 0, 6) / 6 and x · clip(x + 3, 0, 6) / 6.
  private func scaled(_ node: Node) -> (Activation, Int)? {
    guard let (value, number) = operand(node) else { return nil }
    guard near(node.op == .binary(.divide) ? 1 / number : number, 1 / 6) else { return nil }
    if let x = shiftedRelu6(value) { return (.hardSigmoid(alpha: 1 / 6, beta: 0.5), x) }
    guard let product = producing(value), product.op == .multiply else { return nil }
    for (x, gate) in [(product.inputs[0], product.inputs[1]), (product.inputs[1], product.inputs[0])]
    where shiftedRelu6(gate) == x {
      return (.hardSwish, x)
    }
    return nil
  }

  /// The x of clip(x + 3, 0, 6).
  private func shiftedRelu6(_ value: Int) -> Int? {
    guard case (.clip(0, 6), let sum)? = activation(value), case (let x, 3)? = with(.add, sum) else { return nil }
    return x
  }

  /// x · (1 + erf(x / √2)) / 2, the factors in any order.
  private func gelu(_ node: Node) -> (Activation, Int)? {
    if let (value, number) = operand(node), number == 0.5, let product = producing(value), product.op == .multiply {
      return gelu(product.inputs[0], product.inputs[1])
    }
    for (a, b) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      guard case (let x, 0.5)? = with(.multiply, a) else { continue }
      if let found = gelu(x, b) { return found }
    }
    return nil
  }

  private func gelu(_ a: Int, _ b: Int) -> (Activation, Int)? {
    for (x, sum) in [(a, b), (b, a)] {
      guard case (let value, 1)? = with(.add, sum), let erf = producing(value), erf.op == .unary(.erf) else { continue }
      let root = Float(2).squareRoot()
      if let (of, number) = with(.divide, erf.inputs[0]), of == x, near(number, root) { return (.gelu, x) }
      if let (of, number) = with(.multiply, erf.inputs[0]), of == x, near(number, 1 / root) { return (.gelu, x) }
    }
    return nil
  }
}
