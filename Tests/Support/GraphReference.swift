import DLGraph

/// A dense row-major tensor of a test.
public struct TestTensor: Equatable, Sendable {
  public var sizes: [Int]
  public var values: [Float]

  public init(_ sizes: [Int], _ values: [Float]) {
    self.sizes = sizes
    self.values = values
  }

  /// Values in −1 ..< 1.
  public init(random sizes: [Int], seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    self.init(sizes, (0..<sizes.reduce(1, *)).map { _ in Float(generator.next() >> 40) / Float(1 << 23) - 1 })
  }
}

/// The outputs of a graph, node by node through the naive kernels, f32 in double precision.
public func evaluateGraph(_ graph: Graph, _ inputs: [TestTensor]) throws -> [[Double]] {
  var values: [Int: Constant] = [:]
  for (i, input) in graph.inputs.enumerated() {
    values[input] = try makeConstant(.f64, inputs[i].sizes, inputs[i].values.map { Double($0) })
  }
  for (v, value) in graph.values.enumerated() {
    guard let constant = value.constant else { continue }
    values[v] = constant.dtype == .f32 ? try makeConstant(.f64, constant.sizes, elements(of: constant)) : constant
  }
  for node in graph.nodes {
    let arguments = node.inputs.map { values[$0].map { Fact($0) } }
    let facts = try inferFacts(of: node.op, arguments, outputs: node.outputs.count)
    for (output, constant) in zip(node.outputs, try fold(node.op, arguments, facts, limit: .max - 1, mostReads: .max)!) {
      values[output] = constant
    }
  }
  return graph.outputs.map { elements(of: values[$0]!) }
}

/// The elements of a constant of any type as numbers.
public func elements(of constant: Constant) -> [Double] {
  let buffer = TensorBuffer(constant)
  return withExtendedLifetime(constant.storage) { (0..<constant.count).map { buffer.real($0) } }
}
