import DLGraph
import DLRuntime
import KernelTypes
import TestSupport
import Testing

/// Models that are well-formed and mean harm.
@Suite struct HostileModelTests {
  private func expectStatus(_ status: Status, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
    do {
      try body()
      Issue.record("no error", sourceLocation: sourceLocation)
    } catch let error as DLError {
      #expect(error.status == status, "\(error.message)", sourceLocation: sourceLocation)
    } catch { Issue.record(error, sourceLocation: sourceLocation) }
  }

  /// Channels that x leaves open do not let the parameters of a batch norm differ.
  @Test func batchNormParametersAgree() throws {
    for lengths in [[4000, 1, 1, 1], [1, 4000, 1, 1], [1, 1, 1, 4000]] {
      var maker = GraphMaker()
      let c = maker.graph.symbol("C")
      let x = maker.graph.addInput("x", TensorType(.f32, [.fixed(1), c]))
      let parameters = try lengths.map { try maker.constant([$0]) }
      expectStatus(.shapeMismatch) { maker.graph.outputs = [try maker.node(.batchNorm(epsilon: 0), [x] + parameters)] }
    }
  }

  /// A chain of convolutions over an image whose rows no strip can hold, and over one of more rows than can be counted through.
  @Test func imagesWithoutEnd() throws {
    for image in [[Int(Int32.max), 20_000], [Int(Int32.max), 1]] {
      var maker = GraphMaker()
      let (height, width) = (maker.graph.symbol("H"), maker.graph.symbol("W"))
      let x = maker.graph.addInput("x", TensorType(.f32, [.fixed(1), .fixed(8), height, width]))
      maker.graph.outputs = [try maker.conv(try maker.conv(x, out: 8, kernel: 1), out: 8, kernel: 1)]
      let plan = try PlanDescription(try Model(maker.graph), inputSizes: [[1, 8] + image], threads: 1)
      #expect(plan.stages[0].nodes.filter { $0.kernel?.description == "conv" }.count == 2)
    }
  }

  /// Kernels of more cells than Int counts, nearly all of them padding.
  @Test func enormousKernelsOfPools() throws {
    let k = Int(Int32.max)
    for axes in [2, 3] {
      var maker = GraphMaker()
      let x = maker.input([1, 1] + Array(repeating: 2, count: axes))
      let kernel = Array(repeating: k, count: axes)
      var window = Window(axes: axes, pad: k - 1)
      window.strides = kernel
      maker.graph.outputs = [try maker.node(.maxPool(kernel: kernel, window), [x])]
      let input = TestTensor(random: [1, 1] + Array(repeating: 2, count: axes), seed: 3)
      // Along each axis the first window ends with the first element, and the second begins with the second.
      #expect(try run(maker.graph, [input])[0] == input.values)
    }
  }

  @Test(arguments: levels)
  func normalisationOverMoreChannelsThanThereAre(isa: ISA) throws {
    var maker = GraphMaker()
    let x = maker.input([1, 5, 2, 2])
    maker.graph.outputs = [
      try maker.node(.localResponseNorm(size: Int(Int32.max), alpha: 1e9, beta: 0.75, bias: 1), [x])
    ]
    let input = [TestTensor(random: [1, 5, 2, 2], seed: 8)]
    expectClose(try run(maker.graph, input, isa: isa)[0], try evaluateGraph(maker.graph, input)[0], "\(isa.name)")
  }

  @Test func normalisationOfNegativeSumsIsRefused() {
    for (alpha, beta, bias) in [(-1, 0.75, 1), (1, -1, 1), (1, 0.75, 0), (1, 0.75, .nan)] as [(Float, Float, Float)] {
      expectStatus(.invalidModel) {
        _ = try inferType(
          of: .localResponseNorm(size: 5, alpha: alpha, beta: beta, bias: bias), [TensorType(.f32, sizes: [1, 3, 2, 2])])
      }
    }
  }

  /// Readers of a shared constant with biases of their own pack copies of their own; the limit stops them before they are made.
  @Test func theMemoryLimitHoldsWhileLoading() throws {
    var maker = GraphMaker()
    let w = try maker.constant([4096, 1])
    let x = maker.input([1, 4096])
    maker.graph.outputs = try (0..<20).map { _ in
      try maker.node(.gemm(transposeA: false, transposeB: false), [x, w, try maker.constant([1])])
    }
    expectStatus(.memoryLimit) { _ = try Model(maker.graph, memoryLimit: 1_000_000) }
    _ = try Model(maker.graph, memoryLimit: 20_000_000)
  }

  /// More axes than shape inference looks at, none of which there is.
  @Test func axesThatAreNone() throws {
    var maker = GraphMaker()
    let x = maker.input([2, 3])
    let axes = maker.graph.addConstant("axes", try makeConstant(.i64, [1025], Array(repeating: 99, count: 1025)))
    expectStatus(.unsupported) {
      maker.graph.outputs = [try maker.node(.reduce(.sum, axes: [], keepsAxes: true, noAxesIsIdentity: false), [x, axes])]
      _ = try run(maker.graph, [TestTensor(random: [2, 3], seed: 1)])
    }
  }

  /// Loading does not count to 2^40 where there is nothing to compute.
  @Test func nothingBesideVeryMuch() throws {
    var maker = GraphMaker()
    let much = 1 << 40
    let empty = maker.graph.addConstant("empty", try Constant([much, 0], []))
    let narrow = maker.graph.addConstant("narrow", try makeConstant(.i64, [much, 3, 0], []))
    let x = maker.input([1])
    maker.graph.outputs =
      [
        try maker.node(.binary(.add), [empty, x]), try maker.node(.binary(.add), [empty, empty]),
        try maker.node(.softmax(axis: 1), [empty]),
        try maker.node(.reduce(.logSumExp, axes: [0, 1], keepsAxes: true, noAxesIsIdentity: false), [empty]),
      ]
    // Its elements are not listed.
    _ = try maker.node(.reduce(.sum, axes: [2], keepsAxes: false, noAxesIsIdentity: false), [narrow])
    let found = try run(maker.graph, [TestTensor([1], [1])])
    #expect(found[..<3].allSatisfy { $0.isEmpty } && found[3] == [-.infinity])
  }

  /// Sizes that a run tells may be of more images and channels, which are then mixed too.
  @Test func resizingAlongAxesThatARunTells() throws {
    var maker = GraphMaker()
    let n = maker.graph.symbol("N")
    let x = maker.graph.addInput("x", TensorType(.f32, [n, .unknown, .unknown, .unknown]))
    let sizes = maker.graph.addInput("sizes", TensorType(.i64, sizes: [4]))
    maker.graph.outputs = [try maker.node(.resize(Resize(.linear)), [x, Node.absent, Node.absent, sizes])]
    let session = Session(try Model(maker.graph), pool: try ThreadPool(threads: 1))
    let input = TestTensor(random: [1, 3, 4, 4], seed: 2)
    try input.values.withUnsafeBytes { try session.setInput(0, .f32, input.sizes, $0) }
    let wanted = try makeConstant(.i64, [4], [1, 6, 8, 8])
    try session.setInput(1, .i64, [4], wanted.bytes)
    try session.run()
    let found = Array(try session.output(0).data.bindMemory(to: Float.self))
    let values = input.values.map { Double($0) }
    let expected = try evaluateGraph(maker.graph, [try makeConstant(.f64, input.sizes, values), wanted])[0]
    expectClose(found, elements(of: expected), "channels too")
  }

  /// One number that scales more channels than memory holds.
  @Test func scaledChannelsWithoutEnd() throws {
    for function in [BinaryFunction.multiply, .add, .divide] {
      var maker = GraphMaker()
      let factor = maker.graph.addConstant("factor", try Constant([], [2]))
      maker.graph.outputs = [try maker.node(.binary(function), [maker.input([1, 1 << 40, 1, 1]), factor])]
      _ = try Model(maker.graph)
    }
  }
}
