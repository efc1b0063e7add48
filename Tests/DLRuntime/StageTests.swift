import DLGraph
import KernelTypes
import TestSupport
import Testing

@testable import DLRuntime

/// Sizes that follow from elements.
@Suite struct StageTests {
  private func set<T>(_ session: Session, _ index: Int, _ dtype: DType, _ sizes: [Int], _ elements: [T]) throws {
    try elements.withUnsafeBytes { try session.setInput(index, dtype, sizes, $0) }
  }

  private func output(_ session: Session, _ index: Int) throws -> (sizes: [Int], elements: [Double]) {
    let (data, dtype, sizes) = try session.output(index)
    if data.isEmpty { return (sizes, []) }
    let buffer = TensorBuffer(UnsafeMutableRawPointer(mutating: data.baseAddress!), dtype, sizes)
    return (sizes, (0..<buffer.count).map { buffer.real($0) })
  }

  private func session(_ graph: Graph, threads: Int = 1, memoryLimit: Int = 0) throws -> Session {
    Session(try Model(graph), pool: try ThreadPool(threads: threads), memoryLimit: memoryLimit)
  }

  @Test func aRangeEndsWhereAnInputSays() throws {
    var maker = GraphMaker()
    let limit = maker.graph.addInput("limit", TensorType(.i64, []))
    let zero = maker.graph.addConstant("zero", try makeConstant(.i64, [], [0]))
    let step = maker.graph.addConstant("step", try makeConstant(.i64, [], [2]))
    maker.graph.outputs = [try maker.node(.range, [zero, limit, step])]
    let session = try session(maker.graph)
    for n in [5, 3, 0, 5, 12] {
      try set(session, 0, .i64, [], [Int64(n)])
      try session.run()
      let found = try output(session, 0)
      let expected = stride(from: 0, to: n, by: 2).map { Double($0) }
      #expect(found.sizes == [expected.count] && found.elements == expected)
    }
  }

  /// The shape is computed from an input, beside work that needs no shape; what comes after it is planned once for each.
  @Test func aShapeMayBeComputed() throws {
    var maker = GraphMaker()
    let x = maker.input([4, 6])
    let shape = maker.graph.addInput("shape", TensorType(.i64, sizes: [2]))
    let two = maker.graph.addConstant("two", try makeConstant(.i64, [1], [2]))
    let doubled = try maker.node(.multiply, [shape, two])
    let y = try maker.node(.activation(.tanh), [try maker.dense(x, out: 6)])
    let reshaped = try maker.node(.reshape([]), [y, doubled])
    maker.graph.outputs = [try maker.node(.activation(.relu), [reshaped]), y]
    let input = TestTensor(random: [4, 6], seed: 3)
    let session = try session(maker.graph, threads: 2)
    var results: [[Double]] = []
    for sizes in [[1, 6], [3, 2], [1, 6], [2, 3]] as [[Int64]] {
      try set(session, 0, .f32, [4, 6], input.values)
      try set(session, 1, .i64, [2], sizes)
      try session.run()
      let found = try output(session, 0)
      #expect(found.sizes == sizes.map { Int($0) * 2 })
      results.append(found.elements)
      #expect(found.elements == (try output(session, 1).elements.map { max($0, 0) }))
    }
    #expect(results.allSatisfy { $0 == results[0] })
    try set(session, 1, .i64, [2], [5, 1] as [Int64])
    #expect(throws: DLError.self) { try session.run() }
    #expect(throws: DLError.self) { try session.output(0) }
  }

  @Test func whatIsNotZeroIsGathered() throws {
    var maker = GraphMaker()
    let n = maker.graph.symbol("N")
    let x = maker.graph.addInput("x", TensorType(.f32, [n]))
    let relu = try maker.node(.activation(.relu), [x])
    let places = try maker.node(.reshape([-1]), [try maker.node(.nonZero, [relu])])
    let kept = try maker.node(.gather(axis: 0), [relu, places])
    maker.graph.outputs = [places, try maker.node(.multiply, [kept, kept])]
    let session = try session(maker.graph, memoryLimit: 100_000)
    for values in [[1, -2, 3, 0, 5], [-1, -1], [2, 2, 2], [1, -2, 3, 0, 7]] as [[Float]] {
      try set(session, 0, .f32, [values.count], values)
      try session.run()
      let expected = values.indices.filter { values[$0] > 0 }
      #expect(try output(session, 0).sizes == [expected.count])
      #expect(try output(session, 0).elements == expected.map { Double($0) })
      #expect(try output(session, 1).elements == expected.map { Double(values[$0] * values[$0]) })
    }
  }

  @Test func boxesAreSelectedAndGathered() throws {
    var maker = GraphMaker()
    let boxes = maker.input([1, 4, 4])
    let scores = maker.input([1, 1, 4])
    let parameters = [
      maker.graph.addConstant("most", try makeConstant(.i64, [1], [3])),
      maker.graph.addConstant("overlap", try Constant([1], [0.5])),
      maker.graph.addConstant("score", try Constant([1], [0.1])),
    ]
    let selected = try maker.node(.nonMaxSuppression(centres: false), [boxes, scores] + parameters)
    let column = maker.graph.addConstant("column", try makeConstant(.i64, [], [2]))
    let which = try maker.node(.gather(axis: 1), [selected, column])
    let rows = try maker.node(.reshape([4, 4]), [boxes])
    maker.graph.outputs = [try maker.node(.gather(axis: 0), [rows, which]), selected]
    let session = try session(maker.graph)
    let corners: [Float] = [0, 0, 1, 1, 0, 0, 1, 0.9, 2, 2, 3, 3, 5, 5, 6, 6]
    try set(session, 0, .f32, [1, 4, 4], corners)
    for (scores, expected) in [
      ([0.9, 0.8, 0.05, 0.95], [3, 0]), ([0.7, 0.8, 0.9, 0.6], [2, 1, 3]), ([0, 0, 0, 0], []),
    ] as [([Float], [Int])] {
      try set(session, 1, .f32, [1, 1, 4], scores)
      try session.run()
      let found = try output(session, 0)
      #expect(found.sizes == [expected.count, 4])
      #expect(found.elements == expected.flatMap { corners[$0 * 4..<$0 * 4 + 4].map { Double($0) } })
      #expect(try output(session, 1).sizes == [expected.count, 3])
    }
  }

  /// Sizes that follow from sizes need no stage and no step.
  @Test func shapesOfShapesCostNothing() throws {
    var maker = GraphMaker()
    let n = maker.graph.symbol("N")
    let x = maker.graph.addInput("x", TensorType(.f32, [n, .fixed(3), .fixed(4)]))
    let batch = try maker.node(.shape(start: 0, end: 1), [x])
    let rest = maker.graph.addConstant("rest", try makeConstant(.i64, [1], [-1]))
    let sizes = try maker.node(.concat(axis: 0), [batch, rest])
    maker.graph.outputs = [try maker.node(.activation(.tanh), [try maker.node(.reshape([]), [x, sizes])])]
    #expect(try Model(maker.graph).stepKernels(inputSizes: [[5, 3, 4]]) == ["activation"])
    let input = TestTensor(random: [5, 3, 4], seed: 8)
    expectClose(try run(maker.graph, [input])[0], try evaluateGraph(maker.graph, [input])[0], "reshaped")
  }
}
