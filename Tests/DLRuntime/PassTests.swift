import DLGraph
import DLRuntime
import KernelTypes
import TestSupport
import Testing

/// Each pass on a small graph: the steps that are left, and the reference's results.
@Suite struct PassTests {
  private func expectSteps(
    _ expected: [String], _ maker: GraphMaker, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let sizes = maker.graph.inputs.map { maker.graph.values[$0].type.sizes! }
    let inputs = sizes.enumerated().map { TestTensor(random: $1, seed: UInt64($0) + 40) }
    // Which way a convolution is computed is another matter.
    let kernels = try Model(maker.graph).stepKernels(inputSizes: sizes).map { $0 == "winograd_conv" ? "conv" : $0 }
    #expect(kernels == expected, sourceLocation: sourceLocation)
    let reference = try evaluateGraph(maker.graph, inputs)
    for isa in levels {
      let once = try run(maker.graph, inputs, isa: isa)
      for (i, found) in once.enumerated() {
        expectClose(found, reference[i], tolerance: 2e-5, "\(isa.name), output \(i)", sourceLocation: sourceLocation)
      }
      #expect(try run(maker.graph, inputs, isa: isa, threads: 3) == once, sourceLocation: sourceLocation)
    }
  }

  // MARK: epilogues

  @Test func aSumBecomesPartOfTheLaterLayer() throws {
    var maker = GraphMaker()
    let x = maker.input([2, 16, 9, 8])
    let main = try maker.conv(
      try maker.node(.activation(.relu), [try maker.conv(x, out: 16, kernel: 3, pad: 1)]), out: 24, kernel: 1)
    let shortcut = try maker.conv(x, out: 24, kernel: 1)
    let sum = try maker.node(.activation(.relu), [try maker.node(.add, [main, shortcut])])
    // A block without a convolution on the shortcut, and the sum the other way round.
    let next = try maker.conv(sum, out: 24, kernel: 3, pad: 1)
    maker.graph.outputs = [try maker.node(.globalAveragePool, [try maker.node(.add, [sum, next])])]
    try expectSteps(["transpose", "conv", "conv", "conv", "conv", "pool"], maker)
  }

  @Test func aSumWithAValueThatOthersReadStaysASumOfItsOwn() throws {
    var maker = GraphMaker()
    let x = maker.input([1, 8, 6, 6])
    let y = try maker.conv(x, out: 8, kernel: 1)
    let sum = try maker.node(.add, [y, x])
    maker.graph.outputs = [try maker.node(.globalMaxPool, [try maker.node(.multiply, [sum, y])])]
    try expectSteps(["transpose", "conv", "add", "multiply", "pool"], maker)
  }

  @Test func depthwiseLayersAndFullyConnectedOnesAddToo() throws {
    var maker = GraphMaker()
    let x = maker.input([2, 8, 6, 6])
    var y = try maker.node(.activation(.relu), [try maker.conv(x, out: 8, kernel: 1)])
    y = try maker.node(.add, [y, try maker.conv(y, out: 8, kernel: 3, pad: 1, groups: 8)])
    y = try maker.dense(try maker.node(.flatten(axis: 1), [try maker.node(.globalAveragePool, [y])]), out: 8)
    y = try maker.node(.activation(.tanh), [try maker.node(.add, [try maker.dense(y, out: 8), y])])
    maker.graph.outputs = [try maker.node(.add, [try maker.dense(y, out: 5), try maker.constant([5])])]
    try expectSteps(["transpose", "conv", "depthwise_conv", "pool", "gemm", "gemm", "gemm"], maker)
  }

  // MARK: scales

  @Test func scalesAndShiftsByChannelBecomeWeights() throws {
    var maker = GraphMaker()
    let x = maker.input([2, 3, 9, 7])
    var y = try maker.node(.multiply, [x, try maker.constant([3, 1, 1])])
    y = try maker.conv(y, out: 6, kernel: 3, pad: 1)
    y = try maker.node(
      .add, [try maker.node(.multiply, [y, try maker.constant([1, 6, 1, 1])]), try maker.constant([6, 1, 1])])
    y = try maker.conv(y, out: 6, kernel: 3, groups: 3)
    y = try maker.node(.multiply, [try maker.constant([1]), y])
    y = try maker.batchNorm(try maker.dense(try maker.node(.flatten(axis: 1), [y]), out: 5))
    maker.graph.outputs = [try maker.node(.multiply, [y, try maker.constant([5])])]
    try expectSteps(["transpose", "conv", "conv", "gemm"], maker)
  }

  // MARK: identities

  @Test func whatDoesNothingIsGone() throws {
    var maker = GraphMaker()
    let x = maker.input([2, 3, 4, 5])
    var y = try maker.node(.reshape([2, 3, 4, 5]), [try maker.node(.dropout(rate: 0.5), [x])])
    y = try maker.node(.concat(axis: 1), [try maker.node(.activation(.identity), [y])])
    y = try maker.node(.multiply, [y, maker.graph.addConstant("one", try Constant([1], [1]))])
    y = try maker.node(.add, [maker.graph.addConstant("zero", try Constant([], [0])), y])
    y = try maker.node(.reshape([6, 20]), [try maker.node(.reshape([-1]), [try maker.node(.flatten(axis: 2), [y])])])
    maker.graph.outputs = [try maker.node(.activation(.tanh), [y])]
    try expectSteps(["activation"], maker)
  }

  @Test func whatIsConstantIsComputedAtLoad() throws {
    var maker = GraphMaker()
    let x = maker.input([2, 6])
    let w = try maker.node(.add, [try maker.constant([4, 6]), try maker.constant([4, 1])])
    let unread = try maker.node(.activation(.tanh), [x])
    _ = try maker.node(.activation(.relu), [unread])
    maker.graph.outputs = [try maker.node(.gemm(transposeA: false, transposeB: true), [x, w])]
    try expectSteps(["gemm"], maker)
  }

  // MARK: layouts and views

  @Test func squeezeAndExciteKeepsChannelsLast() throws {
    var maker = GraphMaker()
    let x = maker.input([2, 5, 8, 7])
    let y = try maker.node(.activation(.relu), [try maker.conv(x, out: 24, kernel: 3)])
    var s = try maker.node(.activation(.relu), [try maker.conv(try maker.node(.globalAveragePool, [y]), out: 6, kernel: 1)])
    s = try maker.node(.activation(.sigmoid), [try maker.conv(s, out: 24, kernel: 1)])
    maker.graph.outputs = [try maker.conv(try maker.node(.multiply, [s, y]), out: 1, kernel: 1)]
    try expectSteps(["transpose", "conv", "pool", "conv", "conv", "multiply", "conv"], maker)
  }

  @Test func channelsAreJoinedWhereTheyAreComputed() throws {
    var maker = GraphMaker()
    let x = maker.input([2, 16, 10, 9])
    let stem = try maker.node(.activation(.relu), [try maker.conv(x, out: 12, kernel: 1)])
    let wide = try maker.node(.activation(.sigmoid), [try maker.conv(stem, out: 20, kernel: 3, pad: 1)])
    let pooled = try maker.conv(try maker.node(.maxPool(kernel: [3, 3], Window(pad: 1)), [stem]), out: 7, kernel: 1)
    let depthwise = try maker.conv(stem, out: 12, kernel: 5, pad: 2, groups: 12)
    let narrow = try maker.node(.multiply, [try maker.conv(stem, out: 1, kernel: 1), try maker.conv(stem, out: 1, kernel: 1)])
    let gated = try maker.node(
      .multiply, [stem, try maker.node(.averagePool(kernel: [3, 3], Window(pad: 1), countPadding: true), [stem])])
    let joined = try maker.node(.concat(axis: 1), [wide, pooled, depthwise, narrow, gated])
    // A concat of a concat, of which every part is read on its own too.
    let again = try maker.node(.concat(axis: 1), [joined, try maker.conv(joined, out: 5, kernel: 3, pad: 1), wide])
    let sums = try maker.node(.add, [try maker.conv(again, out: 7, kernel: 1), pooled])
    maker.graph.outputs = [try maker.node(.globalAveragePool, [sums]), try maker.node(.softmax(axis: 1), [depthwise])]
    // Only what is in two places is copied to the second.
    try expectSteps(
      ["transpose", "conv", "conv", "pool", "conv", "depthwise_conv", "conv", "conv", "multiply", "pool", "multiply", "concat"]
        + ["conv", "conv", "pool", "softmax", "transpose"], maker)
  }

  @Test func rowsAreJoinedWhereTheyAreComputed() throws {
    var maker = GraphMaker()
    let x = maker.input([3, 6])
    let parts = [try maker.dense(x, out: 4), try maker.node(.activation(.tanh), [try maker.dense(x, out: 9)])]
    let y = try maker.node(.concat(axis: 1), parts)
    let one = try maker.node(.concat(axis: 0), [try maker.dense(y, out: 5), try maker.dense(y, out: 5)])
    maker.graph.outputs = [try maker.node(.softmax(axis: 1), [one]), y]
    try expectSteps(["gemm", "gemm", "gemm", "gemm", "softmax"], maker)
  }
}
