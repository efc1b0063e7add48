import DLGraph
import KernelTypes
import TestSupport
import Testing

@testable import DLRuntime

/// Convolutions by Winograd's algorithm of which only the largest of each 2×2 outputs are stored.
@Suite struct PooledConvTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var input: [Int]
    var out: Int
    var kernel = [3, 3]
    var groups = 1
    var activation = Activation.relu
    var pool = window()
    var poolKernel = [2, 2]
    /// Whether the input is added to the convolution's output; whether the output is a part of a larger value.
    var residual = false
    var joined = false
    var average = false
    var isFused = true
    var testDescription: String { "\(input) → \(out), \(kernel), pool \(poolKernel) \(pool.padEnd)" }
  }

  static func window(
    axes: Int = 2, stride: Int = 2, dilation: Int = 1, begin: Int = 0, end: Int = 0, ceil: Bool = false
  ) -> Window {
    func all(_ value: Int) -> [Int] { Array(repeating: value, count: axes) }
    var window = Window(strides: all(stride), dilations: all(dilation), padBegin: all(begin), padEnd: all(end))
    window.ceil = ceil
    return window
  }

  static let cases = [
    // F(4×4), whole tiles and odd rests; channels of one patch, of less than a vector, of several patches and a rest.
    Case(input: [1, 16, 32, 48], out: 64),
    Case(input: [2, 19, 37, 29], out: 21),
    Case(input: [1, 33, 43, 42], out: 150, activation: .leakyRelu(slope: 0.1)),
    Case(input: [3, 16, 17, 31], out: 67, activation: .silu(alpha: 1)),
    Case(input: [1, 16, 41, 18], out: 24, kernel: [5, 5], activation: .identity),
    Case(input: [1, 48, 26, 38], out: 51, groups: 3),
    Case(input: [2, 17, 22, 35], out: 40, joined: true),
    Case(input: [1, 16, 24, 36], out: 32, pool: window(end: 1)),
    // The slices of volumes.
    Case(input: [2, 16, 4, 13, 14], out: 20, kernel: [3, 3, 3], pool: window(axes: 3), poolKernel: [2, 2, 2]),
    // F(2×2).
    Case(input: [1, 400, 13, 11], out: 384),
    // What is not fused.
    Case(input: [1, 16, 25, 37], out: 32, pool: window(ceil: true), isFused: false),
    Case(input: [1, 16, 25, 37], out: 32, pool: window(end: 1), isFused: false),
    Case(input: [1, 16, 24, 36], out: 32, pool: window(begin: 1), isFused: false),
    Case(input: [1, 16, 24, 36], out: 32, pool: window(dilation: 2, end: 1), isFused: false),
    Case(input: [1, 16, 24, 36], out: 32, pool: window(end: 1), poolKernel: [3, 3], isFused: false),
    Case(input: [1, 16, 24, 36], out: 32, pool: window(stride: 1), isFused: false),
    Case(input: [1, 16, 24, 36], out: 32, average: true, isFused: false),
    Case(input: [1, 32, 24, 36], out: 32, residual: true, isFused: false),
    Case(input: [1, 96, 24, 36], out: 96, kernel: [1, 7], isFused: false),
  ]

  /// `kept`: with the convolution an output too, so that it exists as a whole.
  private func graph(_ c: Case, kept: Bool) throws -> Graph {
    var maker = GraphMaker(seed: 11)
    let x = maker.input(c.input)
    let channels = c.input[1] / c.groups
    let w = try maker.constant([c.out, channels] + c.kernel, fanIn: channels * c.kernel.reduce(1, *))
    let pad = c.kernel.map { $0 / 2 }
    let conv = Window(strides: pad.map { _ in 1 }, dilations: pad.map { _ in 1 }, padBegin: pad, padEnd: pad)
    var y = try maker.node(.conv(conv, groups: c.groups), [x, w, try maker.constant([c.out])])
    if c.residual { y = try maker.node(.add, [y, x]) }
    if c.activation != .identity { y = try maker.node(.activation(c.activation), [y]) }
    var pool = Op.maxPool(kernel: c.poolKernel, c.pool)
    if c.average { pool = .averagePool(kernel: c.poolKernel, c.pool, countPadding: false) }
    var pooled = try maker.node(pool, [y])
    if c.joined { pooled = try maker.node(.concat(axis: 1), [pooled, try maker.node(.activation(.tanh), [pooled])]) }
    maker.graph.outputs = [pooled] + (kept ? [y] : [])
    return maker.graph
  }

  @Test(arguments: levels, cases)
  func pooledOutputsHaveTheBitsOfThePool(isa: ISA, c: Case) throws {
    let (pooled, whole) = (try graph(c, kept: false), try graph(c, kept: true))
    for (graph, kernel) in [(pooled, c.isFused ? "winograd_pool" : "winograd_conv"), (whole, "winograd_conv")] {
      let kernels = try Model(graph, isa: isa).stepKernels(inputSizes: [c.input], threads: 2)
      #expect(kernels.filter { $0.hasPrefix("winograd") } == [kernel])
    }
    try expectSameBits(pooled, as: whole, c.input, isa: isa, tolerance: 1e-3)
  }

  /// A NaN wins, as in `pool`; what the convolution makes of others is the same too.
  @Test(arguments: levels) func notANumberWins(isa: ISA) throws {
    let c = PooledConvTests.cases[1]
    var input = TestTensor(random: c.input, seed: 5)
    for i in [0, 977, 5000] { input.values[i] = i == 977 ? -.infinity : .nan }
    let outputs = try [false, true].map { try run(try graph(c, kept: $0), [input], isa: isa)[0].map { $0.bitPattern } }
    #expect(outputs[0] == outputs[1])
    #expect(outputs[0].contains { Float(bitPattern: $0).isNaN })
  }

  /// The step has the work of both nodes and the convolution's name, and the value between takes no memory.
  @Test func profileAndPlanShowBoth() throws {
    let c = PooledConvTests.cases[0]
    let model = try Model(try graph(c, kept: false))
    let plan = try PlanDescription(model, inputSizes: [c.input], threads: 2).stages[0]
    let nodes = plan.nodes.filter { ["conv", "max_pool"].contains($0.op.description) }
    #expect(nodes.map { $0.isInParts } == [true, false])
    #expect(nodes.allSatisfy { $0.kernel?.description == "winograd_pool" })
    #expect(nodes[0].offset == nil)
    let whole = try PlanDescription(try Model(try graph(c, kept: true)), inputSizes: [c.input], threads: 2).stages[0]
    #expect(plan.liveBytes < whole.liveBytes)

    let session = Session(model, pool: try ThreadPool(threads: 2))
    session.profiling = true
    _ = try run(session, [TestTensor(random: c.input, seed: 5)])
    let profile = try session.profile()
    let entries = (0..<profile.count).map { profile[$0] }.filter { $0.kernel.description == "winograd_pool" }
    #expect(entries.map { $0.op.description } == ["conv"])
    #expect(entries.map { model.profileNames[$0.name] } == [nodes[0].name])
    #expect(entries.map { $0.flops } == [nodes[0].flops])
    #expect(entries.map { $0.bytes } == [nodes[0].bytes + nodes[1].bytes - 2 * 4 * 64 * 32 * 48])
  }
}
