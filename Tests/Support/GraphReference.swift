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
  var graph = graph
  for v in graph.values.indices {
    guard let constant = graph.values[v].constant, constant.dtype == .f32 else { continue }
    graph.values[v].constant = try makeConstant(.f64, constant.sizes, elements(of: constant))
  }
  let inputs = try inputs.map { try makeConstant(.f64, $0.sizes, $0.values.map { Double($0) }) }
  return try evaluateGraph(graph, inputs).map { elements(of: $0) }
}

/// Each node in the types of its inputs.
public func evaluateGraph(_ graph: Graph, _ inputs: [Constant]) throws -> [Constant] {
  var values = graph.values.map { $0.constant }
  for (input, value) in zip(graph.inputs, inputs) { values[input] = value }
  for node in graph.nodes {
    let arguments = node.inputs.map { $0 == Node.absent ? nil : values[$0].map { Fact($0) } }
    let facts = try inferFacts(of: node.op, arguments, outputs: node.outputs.count)
    let results = try fold(node.op, arguments, facts, limit: .max - 1) { _ in true }!
    for (output, value) in zip(node.outputs, results) where output != Node.absent { values[output] = value }
  }
  return graph.outputs.map { values[$0]! }
}

/// The elements of a constant of any type as numbers.
public func elements(of constant: Constant) -> [Double] {
  let buffer = TensorBuffer(constant)
  return withExtendedLifetime(constant.storage) { (0..<constant.count).map { buffer.real($0) } }
}
