import DLGraph
import DLRuntime
import TestSupport
import Testing

/// Products of two computed tensors.
@Suite struct ContractionTests {
  private func product(_ op: Op, _ inputs: [[Int]], threads: Int) throws -> [Float] {
    var maker = GraphMaker()
    let values = inputs.map { maker.input($0) }
    maker.graph.outputs = [try maker.node(op, values)]
    let tensors = inputs.enumerated().map { TestTensor(random: $1, seed: UInt64($0 + 1)) }
    return try run(maker.graph, tensors, threads: threads)[0]
  }

  @Test func theSameBitsForAnyNumberOfThreads() throws {
    let attention = Op.einsum("bqhd,bkhd->bhqk")
    for (op, inputs) in [
      (Op.matmul, [[3, 250, 40], [3, 40, 300]]), (.matmul, [[2, 2, 17, 33], [33, 9]]),
      (attention, [[1, 130, 4, 32], [1, 140, 4, 32]]),
      (.gemm(transposeA: false, transposeB: true), [[100, 64], [290, 64], [290]]),
    ] {
      let alone = try product(op, inputs, threads: 1)
      for threads in [2, 3] { #expect(try product(op, inputs, threads: threads) == alone, "\(op)") }
    }
  }

  /// The kernel of a product with constant weights, which are packed at load, computes the same sums in the same order.
  @Test func asWithConstantWeights() throws {
    let (a, b) = (TestTensor(random: [50, 70], seed: 1), TestTensor(random: [70, 90], seed: 2))
    var maker = GraphMaker()
    let x = maker.input([50, 70])
    let w = maker.graph.addConstant("w", try Constant([70, 90], b.values))
    maker.graph.outputs = [try maker.node(.matmul, [x, w])]
    let expected = try run(maker.graph, [a])[0]
    #expect(try product(.matmul, [[50, 70], [70, 90]], threads: 1) == expected)
  }
}
