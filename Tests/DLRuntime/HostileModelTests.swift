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
}
