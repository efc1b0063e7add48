import DLGraph
import DLRuntime
import KernelTypes
import TestSupport
import Testing

/// Networks of convolutions by default, exact, and in little memory.
@Suite struct ConvolutionModeTests {
  /// `depth` layers with weights of He et al. 2015, so that values keep their size from layer to layer.
  private func network(depth: Int, channels: Int, size: Int) throws -> (GraphMaker, [TestTensor]) {
    var maker = GraphMaker()
    var x = maker.input([1, channels, size, size])
    let bound = Float(6).squareRoot()
    for _ in 0..<depth {
      let w = try maker.constant([channels, channels, 3, 3], fanIn: channels * 9, from: -bound, to: bound)
      x = try maker.node(.activation(.relu), [try maker.node(.conv(Window(pad: 1), groups: 1), [x, w])])
    }
    maker.graph.outputs = [x]
    return (maker, [TestTensor(random: [1, channels, size, size], seed: 11)])
  }

  @Test(arguments: levels)
  func errorsThroughManyLayers(isa: ISA) throws {
    let (maker, inputs) = try network(depth: 12, channels: 24, size: 18)
    let expected = try evaluateGraph(maker.graph, inputs)[0]
    let pool = try ThreadPool(threads: 1)
    let model = try Model(maker.graph, isa: isa)
    expectClose(try run(Session(model, pool: pool), inputs)[0], expected, tolerance: 1e-4, "\(isa.name), default")
    let exact = try Model(maker.graph, isa: isa, exact: true)
    let exactly = try run(Session(exact, pool: pool), inputs)[0]
    expectClose(exactly, expected, tolerance: 1e-5, "\(isa.name), exact")
    let small = try Model(maker.graph, isa: isa, lowMemory: true)
    #expect(try run(Session(small, pool: pool), inputs)[0] == exactly)
    // Panels are padded to whole vectors; transformed weights would be four times as large.
    let weights = 12 * 24 * 24 * 9 * 4
    #expect(small.packedBytes < 2 * weights && exact.packedBytes == small.packedBytes && model.packedBytes > 4 * weights)
  }

  /// A Siamese network: both images go through the same weights, which are packed once; with another bias they are packed anew.
  @Test func sharedWeights() throws {
    func model(branches: Int, ownBias: Bool = false) throws -> Model {
      var maker = GraphMaker()
      let w = try maker.constant([8, 3, 3, 3], fanIn: 27), dense = try maker.constant([8 * 36, 5], fanIn: 288)
      let bias = try maker.constant([8], fanIn: 1)
      for _ in 0..<branches {
        let b = ownBias ? try maker.constant([8], fanIn: 1) : bias
        let x = maker.input([1, 3, 8, 8])
        let y = try maker.node(.conv(Window(), groups: 1), [x, w, b])
        maker.graph.outputs.append(
          try maker.node(.gemm(transposeA: false, transposeB: false), [try maker.node(.flatten(axis: 1), [y]), dense]))
      }
      return try Model(maker.graph)
    }
    let one = try model(branches: 1).packedBytes
    let three = try model(branches: 3)
    #expect(one > 0 && three.packedBytes == one)
    #expect(try model(branches: 2, ownBias: true).packedBytes > one)
    let image = TestTensor(random: [1, 3, 8, 8], seed: 3), other = TestTensor(random: [1, 3, 8, 8], seed: 4)
    let results = try run(Session(three, pool: try ThreadPool(threads: 1)), [image, other, image])
    #expect(results[0] == results[2] && results[0] != results[1])
  }

  @Test func threadsDoNotChangeABit() throws {
    let (maker, inputs) = try network(depth: 3, channels: 160, size: 15)
    let model = try Model(maker.graph)
    let once = try run(Session(model, pool: try ThreadPool(threads: 1)), inputs)
    for threads in [2, 3, 7] {
      let session = Session(model, pool: try ThreadPool(threads: threads))
      for _ in 0..<5 { #expect(try run(session, inputs) == once) }
    }
  }

  /// Phases large enough for Winograd's algorithm, with a residual: of images that their stride divides or not, of lines, in
  /// groups, with more padding than cells, joined, and many enough to be one step.
  @Test(arguments: levels)
  func phasesOfTransposedConvolutions(isa: ISA) throws {
    try transposed(isa, [2, 20, 17, 20], filters: 40, kernel: 4, pad: 1)
    try transposed(isa, [1, 20, 16, 19], filters: 40, kernel: 3, pad: 1, extra: 1)
    try transposed(isa, [1, 20, 18, 21], filters: 40, kernel: 5, pad: 2)
    try transposed(isa, [1, 20, 13, 16], filters: 17, kernel: 6, stride: 3, pad: 0)
    try transposed(isa, [1, 20, 19, 20], filters: 40, kernel: 4, pad: 3)
    try transposed(isa, [1, 40, 18, 17], filters: 20, kernel: 4, pad: 1, groups: 2)
    try transposed(isa, [2, 20, 70], filters: 24, kernel: 6, pad: 2)
    try transposed(isa, [2, 20, 16, 18], filters: 8, kernel: 4, pad: 1)
    try transposed(isa, [1, 20, 16, 18], filters: 4, kernel: 8, stride: 4, pad: 2)
    try transposed(isa, [2, 20, 72, 60], filters: 18, kernel: 4, pad: 1, steps: 1)
  }

  /// steps: how many of the model's are of the convolution; nil: any.
  private func transposed(
    _ isa: ISA, _ sizes: [Int], filters: Int, kernel: Int, stride: Int = 2, pad: Int, extra: Int = 0, groups: Int = 1,
    steps: Int? = nil
  ) throws {
    let axes = sizes.dropFirst(2)
    func each(_ value: Int) -> [Int] { axes.map { _ in value } }
    var maker = GraphMaker()
    let x = maker.input(sizes)
    let w = try maker.constant([sizes[1], filters] + each(kernel), fanIn: sizes[1] * kernel * kernel / (stride * stride))
    let window = Window(strides: each(stride), dilations: each(1), padBegin: each(pad), padEnd: each(pad))
    let y = try maker.node(.convTranspose(window, groups: groups, outputPadding: each(extra)), [x, w])
    let shape = try #require(maker.graph.values[y].type.sizes)
    let residual = maker.input(shape)
    maker.graph.outputs = [try maker.node(.activation(.sigmoid), [try maker.node(.binary(.add), [y, residual])])]
    let inputs = [TestTensor(random: sizes, seed: 5), TestTensor(random: shape, seed: 6)]
    let model = try Model(maker.graph, isa: isa)
    let once = try run(Session(model, pool: try ThreadPool(threads: 1)), inputs)
    let place = "\(isa.name), \(sizes), kernel \(kernel)"
    expectClose(once[0], try evaluateGraph(maker.graph, inputs)[0], tolerance: 1e-4, place)
    for threads in [2, 5] { #expect(try run(Session(model, pool: try ThreadPool(threads: threads)), inputs) == once, "\(place)") }
    let kernels = try model.stepKernels(inputSizes: inputs.map { $0.sizes }).filter {
      ["winograd_conv", "conv_transpose"].contains($0)
    }
    if filters >= 16 { #expect(kernels.contains("winograd_conv"), "\(place)") }
    if let steps { #expect(kernels.count == steps, "\(place)") }
  }

  /// Sizes known only at run time: one form of the weights serves images of any size.
  @Test func freeSizes() throws {
    var maker = GraphMaker()
    let (h, w) = (maker.graph.symbol("H"), maker.graph.symbol("W"))
    let x = maker.graph.addInput("x", TensorType(.f32, [.fixed(1), .fixed(32), h, w]))
    maker.graph.outputs = [try maker.conv(x, out: 40, kernel: 3, pad: 1)]
    let session = Session(try Model(maker.graph), pool: try ThreadPool(threads: 2))
    for size in [[1, 32, 20, 23], [1, 32, 3, 1], [1, 32, 41, 5]] {
      let input = [TestTensor(random: size, seed: 2)]
      expectClose(try run(session, input)[0], try evaluateGraph(maker.graph, input)[0], tolerance: 1e-4, "\(size)")
    }
  }

  /// Groups of few filters are computed together, as many as divide them.
  @Test(arguments: levels)
  func groupsOfFewFilters(isa: ISA) throws {
    for (groups, channels, filters, kernel) in [(6, 4, 4, 3), (32, 4, 4, 3), (5, 1, 2, 3), (7, 3, 3, 1), (3, 2, 17, 2)] {
      var maker = GraphMaker()
      let x = maker.input([2, groups * channels, 9, 11])
      maker.graph.outputs = [
        try maker.conv(x, out: groups * filters, kernel: kernel, stride: kernel == 2 ? 2 : 1, groups: groups)
      ]
      let input = [TestTensor(random: [2, groups * channels, 9, 11], seed: 4)]
      let expected = try evaluateGraph(maker.graph, input)[0]
      for exact in [false, true] {
        let model = try Model(maker.graph, isa: isa, exact: exact)
        let found = try run(Session(model, pool: try ThreadPool(threads: 2)), input)[0]
        expectClose(found, expected, tolerance: exact ? 1e-5 : 1e-4, "\(isa.name), \(groups) groups, exact \(exact)")
      }
    }
  }

  /// Exact models keep an infinite input out of the other groups.
  @Test func anInfiniteInputOfOneGroup() throws {
    var maker = GraphMaker()
    let x = maker.input([1, 8, 3, 3])
    maker.graph.outputs = [try maker.conv(x, out: 8, kernel: 3, groups: 4)]
    var input = TestTensor(random: [1, 8, 3, 3], seed: 4)
    input.values[0] = .infinity
    let model = try Model(maker.graph, exact: true)
    let found = try run(Session(model, pool: try ThreadPool(threads: 1)), [input])[0]
    #expect(found.map { $0.isFinite } == [false, false, true, true, true, true, true, true])
  }
}
