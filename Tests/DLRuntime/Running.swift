import DLGraph
import DLRuntime
import KernelTypes
import TestSupport
import Testing

/// Runs a graph once and returns its outputs.
func run(_ graph: Graph, _ inputs: [TestTensor], isa: ISA? = nil, threads: Int = 1) throws -> [[Float]] {
  let session = Session(try Model(graph, isa: isa), pool: try ThreadPool(threads: threads))
  return try run(session, inputs)
}

/// Sets the inputs by copy, runs, and returns the outputs.
func run(_ session: Session, _ inputs: [TestTensor]) throws -> [[Float]] {
  for (i, input) in inputs.enumerated() {
    try input.values.withUnsafeBytes { try session.setInput(i, .f32, input.sizes, $0) }
  }
  try session.run()
  return try session.model.graph.outputs.indices.map { Array(try session.output($0).data.bindMemory(to: Float.self)) }
}

/// Fails where the two differ by more than `tolerance` of the largest finite value expected.
func expectClose(
  _ found: [Float], _ expected: [Double], tolerance: Double = 1e-5, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.count == expected.count, "\(what)", sourceLocation: sourceLocation)
  let scale = max(expected.filter { $0.isFinite }.map { abs($0) }.max() ?? 0, 1e-3)
  for (i, (f, e)) in zip(found, expected).enumerated() where Double(f) != e && !(abs(Double(f) - e) <= tolerance * scale) {
    Issue.record("\(what): element \(i): expected \(e), found \(f)", sourceLocation: sourceLocation)
    return
  }
}

/// Holds a graph, some of whose steps compute several nodes, against another that keeps each value, whose bits it must have with any
/// number of threads, and against the reference.
func expectSameBits(
  _ joined: Graph, as whole: Graph, _ inputSizes: [Int], isa: ISA, tolerance: Double = 1e-5,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let input = [TestTensor(random: inputSizes, seed: 3)]
  let expected = try run(whole, input, isa: isa)[0]
  expectClose(
    expected, try evaluateGraph(joined, input)[0], tolerance: tolerance, "against the reference", sourceLocation: sourceLocation)
  for threads in [1, 2, 3] {
    let found = try run(joined, input, isa: isa, threads: threads)[0]
    #expect(found == expected, "\(threads) threads", sourceLocation: sourceLocation)
  }
}

/// The ISA levels of this processor.
let levels = availableKernels().map { $0.isa }

/// A graph with an input for each entry of `inputs` and the weights of `parameters` as constants.
struct GraphMaker {
  var graph = Graph()
  private var seed: UInt64

  init(seed: UInt64 = 1) { self.seed = seed }

  mutating func input(_ sizes: [Int]) -> Int { graph.addInput(Name("x\(graph.inputs.count)"), TensorType(.f32, sizes: sizes)) }

  /// A constant of random values, scaled so that sums over `fanIn` of them stay near one.
  mutating func constant(_ sizes: [Int], fanIn: Int = 1, from low: Float = -1, to high: Float = 1) throws -> Int {
    seed += 1
    let random = TestTensor(random: sizes, seed: seed).values.map {
      (low + (high - low) * ($0 + 1) / 2) / Float(fanIn).squareRoot()
    }
    return graph.addConstant(Name("w\(graph.values.count)"), try Constant(sizes, random))
  }

  mutating func node(_ op: Op, _ inputs: [Int]) throws -> Int {
    try graph.addNode(op, inputs, name: Name("\(op.name)\(graph.nodes.count)"))
  }

  mutating func conv(_ x: Int, out: Int, kernel: Int, stride: Int = 1, pad: Int = 0, groups: Int = 1) throws -> Int {
    let channels = graph.values[x].type.dims[1].size! / groups
    let w = try constant([out, channels, kernel, kernel], fanIn: channels * kernel * kernel)
    return try node(.conv(Window(stride: stride, pad: pad), groups: groups), [x, w, try constant([out])])
  }

  mutating func dense(_ x: Int, out: Int) throws -> Int {
    let depth = graph.values[x].type.dims[1].size!
    return try node(
      .gemm(transposeA: false, transposeB: true), [x, try constant([out, depth], fanIn: depth), try constant([out])])
  }

  mutating func batchNorm(_ x: Int) throws -> Int {
    let channels = [graph.values[x].type.dims[1].size!]
    let parameters = [
      try constant(channels), try constant(channels), try constant(channels), try constant(channels, from: 0.5, to: 2),
    ]
    return try node(.batchNorm(epsilon: 1e-5), [x] + parameters)
  }
}
