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

/// The outputs of a graph, node by node through the naive kernels in double precision.
public func evaluateGraph(_ graph: Graph, _ inputs: [TestTensor]) throws -> [[Double]] {
  var values: [Int: (sizes: [Int], data: [Double])] = [:]
  for (i, input) in graph.inputs.enumerated() { values[input] = (inputs[i].sizes, inputs[i].values.map { Double($0) }) }
  for (v, value) in graph.values.enumerated() {
    if let constant = value.constant { values[v] = (constant.sizes, constant.floats.map { Double($0) }) }
  }
  for node in graph.nodes {
    let arguments = node.inputs.map { values[$0]! }
    let sizes = try inferType(of: node.op, arguments.map { TensorType(.f32, sizes: $0.sizes) }).sizes!
    var data = [Double](repeating: .nan, count: sizes.reduce(1, *))
    evaluate(node.op, arguments, sizes, &data)
    values[node.outputs[0]] = (sizes, data)
  }
  return graph.outputs.map { values[$0]!.data }
}

private func evaluate(_ op: Op, _ inputs: [(sizes: [Int], data: [Double])], _ sizes: [Int], _ output: inout [Double]) {
  let copies = inputs.map { input in
    let copy = UnsafeMutablePointer<Double>.allocate(capacity: max(1, input.data.count))
    copy.initialize(from: input.data, count: input.data.count)
    return TensorView(UnsafePointer(copy), input.sizes)
  }
  defer { for copy in copies { copy.data.deallocate() } }
  output.withUnsafeMutableBufferPointer {
    if let base = $0.baseAddress { evaluateReference(op, copies, MutableTensorView(base, sizes)) }
  }
}
