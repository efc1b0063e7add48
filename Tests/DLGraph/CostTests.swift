import TestSupport
import Testing

@testable import DLGraph

@Suite struct CostTests {
  private func cost(_ op: Op, _ inputs: [[Int]]) throws -> Cost? {
    var graph = Graph()
    var indices = [graph.addInput("x", TensorType(.f32, sizes: inputs[0]))]
    for sizes in inputs.dropFirst() {
      indices.append(graph.addConstant("c", try Constant(sizes, Array(repeating: 0, count: sizes.reduce(1, *)))))
    }
    graph.outputs = [try graph.addNode(op, indices, name: "n")]
    return graph.cost(of: graph.nodes[0])
  }

  @Test func multiplyAccumulates() throws {
    let conv = try cost(.conv(Window(pad: 2), groups: 1), [[1, 1, 28, 28], [6, 1, 5, 5], [6]])
    #expect(conv == Cost(parameters: 156, macs: 28 * 28 * 6 * 25, bytes: 4 * (784 + 156 + 4704)))
    let grouped = try cost(.conv(Window(pad: 1), groups: 2), [[2, 8, 5, 5], [6, 4, 3, 3]])
    #expect(grouped?.macs == 2 * 6 * 25 * 4 * 9)
    #expect(try cost(.gemm(transposeA: false, transposeB: false), [[2, 3], [3, 5], [5]])?.macs == 30)
    #expect(try cost(.gemm(transposeA: true, transposeB: true), [[3, 2], [5, 3]])?.macs == 30)
    #expect(try cost(.localResponseNorm(size: 5, alpha: 1, beta: 1, bias: 1), [[1, 7, 2]])?.macs == 70)
    #expect(try cost(.batchNorm(epsilon: 1), [[2, 3, 4], [3], [3], [3], [3]]) == Cost(parameters: 12, macs: 24, bytes: 240))
    #expect(try cost(.activation(.relu), [[4]]) == Cost(parameters: 0, macs: 0, bytes: 32))
  }

  @Test func everyOperationHasACost() throws {
    for opCase in opCases where opCase.isF32 {
      // Where sizes depend on elements there is none before a run.
      if try inferType(of: opCase.op, opCase.inputs.map { TensorType(.f32, sizes: $0) }).sizes == nil { continue }
      #expect(try cost(opCase.op, opCase.inputs) != nil, "\(opCase)")
    }
  }

  @Test func freeSizes() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, [graph.symbol("N"), graph.symbol("K")]))
    graph.outputs = [try graph.addNode(.activation(.relu), [x], name: "n")]
    #expect(graph.cost(of: graph.nodes[0]) == nil)
    let partly = try graph.fixing([3, nil])
    #expect(partly.values[1].type == TensorType(.f32, [.fixed(3), .symbol(1)]))
    #expect(partly.cost(of: partly.nodes[0]) == nil)
    let fixed = try graph.fixing([3, 5])
    #expect(fixed.cost(of: fixed.nodes[0])?.bytes == 2 * 15 * 4)
    #expect(throws: DLError.self) { try graph.fixing([.max, .max]) }
  }
}
