import DLGraph
import DLRuntime
import KernelTypes
import TestSupport
import Testing

@Suite struct SessionTests {
  /// x [N, C] and y [N, 4] → relu(x · w), x + … : two inputs that share a free dimension.
  private func twoInputs() throws -> Graph {
    var maker = GraphMaker()
    let n = maker.graph.symbol("N")
    let x = maker.graph.addInput("x", TensorType(.f32, [n, .fixed(3)]))
    let y = maker.graph.addInput("y", TensorType(.f32, [n, .fixed(4)]))
    let rows = try maker.dense(x, out: 4)
    maker.graph.outputs = [try maker.node(.add, [rows, y])]
    return maker.graph
  }

  private func session(memoryLimit: Int = 0) throws -> Session {
    Session(try Model(twoInputs()), pool: try ThreadPool(threads: 1), memoryLimit: memoryLimit)
  }

  private func expectError(
    _ status: Status, _ message: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
  ) {
    do {
      try body()
      Issue.record("no error", sourceLocation: sourceLocation)
    } catch let error as DLError {
      #expect(error.status == status, "\(error.message)", sourceLocation: sourceLocation)
      #expect(error.message == message, sourceLocation: sourceLocation)
    } catch { Issue.record(error, sourceLocation: sourceLocation) }
  }

  @Test func sizesMayChangeFromRunToRun() throws {
    let session = try session()
    // A loaded model has let go of its weights.
    let graph = try twoInputs()
    // More sizes than plans are kept for, twice over, and some whose plans are.
    for n in Array(1...12) + Array(1...12) + [11, 11, 5, 12, 6, 11, 13, 5, 12] {
      let inputs = [TestTensor(random: [n, 3], seed: UInt64(n)), TestTensor(random: [n, 4], seed: UInt64(n + 50))]
      expectClose(try run(session, inputs)[0], try evaluateGraph(graph, inputs)[0], "batch \(n)")
    }
  }

  @Test func anEmptyBatchIsComputed() throws {
    let found = try run(try session(), [TestTensor([0, 3], []), TestTensor([0, 4], [])])
    #expect(found == [[]])
  }

  @Test func wrongInputsSayWhatWasExpected() throws {
    let session = try session()
    let bytes = [Float](repeating: 0, count: 12)
    func set(_ index: Int, _ dtype: DType, _ sizes: [Int], _ count: Int = 12) throws {
      try bytes.withUnsafeBytes {
        try session.setInput(index, dtype, sizes, UnsafeRawBufferPointer(rebasing: $0[..<(count * 4)]))
      }
    }
    expectError(.outOfRange, "input 2: the model has 2 inputs") { try set(2, .f32, [4, 3]) }
    expectError(.outOfRange, "input -1: the model has 2 inputs") { try set(-1, .f32, [4, 3]) }
    expectError(.typeMismatch, "input 0 'x': expected f32, found i32") { try set(0, .i32, [4, 3]) }
    expectError(.shapeMismatch, "input 0 'x': expected f32 [N, 3] of rank 2, found [12]") { try set(0, .f32, [12]) }
    expectError(.shapeMismatch, "input 0 'x': dimension 1: expected 3, found 4") { try set(0, .f32, [3, 4]) }
    expectError(.shapeMismatch, "input 0 'x': dimension 0: expected 0 or more, found -1") { try set(0, .f32, [-1, 3]) }
    expectError(.shapeMismatch, "input 0 'x': [9223372036854775807, 3] is larger than memory can be") {
      try set(0, .f32, [.max, 3])
    }
    expectError(.shapeMismatch, "input 0 'x': f32 [4, 3] takes 48 bytes, found 44") { try set(0, .f32, [4, 3], 11) }
    expectError(.notReady, "input 0 'x' is not set") { try session.run() }
    try set(0, .f32, [4, 3])
    expectError(.notReady, "input 1 'y' is not set") { try session.run() }
    expectError(.notReady, "output 0: there is none until the session has run") { _ = try session.output(0) }
    try set(1, .f32, [3, 4])
    expectError(.shapeMismatch, "input 'y': dimension 0: expected 4 as in input 'x', found 3") { try session.run() }
  }

  @Test func boundMemoryIsReadAndWrittenInPlace() throws {
    let session = try session()
    let x = TestTensor(random: [2, 3], seed: 1)
    let y = TestTensor(random: [2, 4], seed: 2)
    let copied = try run(session, [x, y])[0]
    let memory = UnsafeMutablePointer<Float>.allocate(capacity: 6)
    defer { memory.deallocate() }
    memory.initialize(from: x.values, count: 6)
    var output = [Float](repeating: 0, count: 8)
    try output.withUnsafeMutableBytes { out in
      try session.bindInput(0, .f32, [2, 3], UnsafeRawBufferPointer(start: memory, count: 24))
      try session.bindOutput(0, out.baseAddress, out.count)
      try session.run()
      #expect(try session.output(0).data.baseAddress == UnsafeRawPointer(out.baseAddress))
      memory[0] += 1
      try session.run()
      try session.bindOutput(0, nil, 0)
    }
    var changed = x
    changed.values[0] += 1
    #expect(output != copied)
    #expect(try run(try self.session(), [changed, y])[0] == output)
    expectError(.shapeMismatch, "output 0 'add1': the bound memory has 8 bytes, [2, 4] takes 32") {
      var small = [Float](repeating: 7, count: 2)
      defer { #expect(small == [7, 7]) }
      try small.withUnsafeMutableBytes {
        try session.bindOutput(0, $0.baseAddress, $0.count)
        defer { try? session.bindOutput(0, nil, 0) }
        try session.run()
      }
    }
    expectError(.invalidArgument, "input 0: the memory is not aligned to 4 bytes") {
      try session.bindInput(0, .f32, [1, 3], UnsafeRawBufferPointer(start: UnsafeRawPointer(memory) + 1, count: 12))
    }
  }

  @Test func theMemoryLimitIsKept() throws {
    let session = try session(memoryLimit: 200)
    let inputs = [TestTensor(random: [1, 3], seed: 1), TestTensor(random: [1, 4], seed: 2)]
    let first = try run(session, inputs)
    #expect(session.memory <= 200)
    do {
      _ = try run(session, [TestTensor(random: [9, 3], seed: 1), TestTensor(random: [9, 4], seed: 2)])
      Issue.record("no error")
    } catch let error as DLError { #expect(error.status == .memoryLimit) }
    #expect(session.memory <= 200)
    #expect(try run(session, inputs) == first)
  }

  @Test func aSharedPoolServesSessionsOfSeveralThreads() async throws {
    let (graph, inputs) = try randomNetwork(seed: 7)
    let model = try Model(graph)
    let pool = try ThreadPool(threads: 3)
    let expected = try run(Session(model, pool: pool), inputs)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let session = Session(model, pool: pool)
          return (0..<50).allSatisfy { _ in (try? run(session, inputs)) == expected }
        }
      }
      for await right in group { #expect(right) }
    }
  }
}
