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

  /// Phases large enough for Winograd's algorithm, of images that their stride divides or not, with a residual; one step unless
  /// they are cut differently.
  @Test(arguments: levels)
  func phasesOfTransposedConvolutions(isa: ISA) throws {
    for (kernel, stride, pad, extra, size) in [(4, 2, 1, 0, 17), (3, 2, 1, 1, 16), (5, 2, 2, 0, 18), (6, 3, 1, 0, 13)] {
      var maker = GraphMaker()
      let x = maker.input([2, 20, size, size + 3])
      let w = try maker.constant([20, 40, kernel, kernel], fanIn: 20 * kernel * kernel / (stride * stride))
      let window = Window(
        strides: [stride, stride], dilations: [1, 1], padBegin: [pad, pad], padEnd: [pad, pad])
      let y = try maker.node(.convTranspose(window, groups: 1, outputPadding: [extra, extra]), [x, w])
      let shape = try #require(maker.graph.values[y].type.sizes)
      let residual = maker.input(shape)
      maker.graph.outputs = [try maker.node(.activation(.sigmoid), [try maker.node(.binary(.add), [y, residual])])]
      let inputs = [TestTensor(random: [2, 20, size, size + 3], seed: 5), TestTensor(random: shape, seed: 6)]
      let model = try Model(maker.graph, isa: isa)
      #expect(try model.stepKernels(inputSizes: inputs.map { $0.sizes }).contains("winograd_conv"))
      let once = try run(Session(model, pool: try ThreadPool(threads: 1)), inputs)
      expectClose(once[0], try evaluateGraph(maker.graph, inputs)[0], tolerance: 1e-4, "\(isa.name), \(kernel)×\(kernel)")
      for threads in [2, 5] { #expect(try run(Session(model, pool: try ThreadPool(threads: threads)), inputs) == once) }
    }
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
}
