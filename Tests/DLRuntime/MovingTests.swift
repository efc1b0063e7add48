import DLGraph
import DLRuntime
import KernelTypes
import TestSupport
import Testing

/// Operations that move elements of images that lie channels-last, between layers that keep them so.
@Suite struct MovingTests {
  @Test(arguments: movementCases.indices.filter { movementCases[$0].isImageMovement })
  func imagesMoveInTheLayoutTheyHave(index: Int) throws {
    let test = movementCases[index]
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, sizes: test.inputs[0]))
    // A window of one pixel changes nothing, but wants its images channels-last.
    let images = try graph.addNode(.maxPool(kernel: [1, 1], Window()), [x], name: "images")
    var arguments = [images]
    for i in test.arguments.indices.dropFirst() {
      arguments.append(
        test.arguments[i].isAbsent ? Node.absent : graph.addConstant(Name("c\(i)"), try test.constant(i)))
    }
    let moved = try graph.addNode(test.op, arguments, outputs: (0..<test.outputs).map { Name("y\($0)") }, name: "move")
    graph.outputs = moved
    // Once more after a layer that reads channels-last, and once after one that does not.
    for y in moved where graph.values[y].type.rank == 4 {
      graph.outputs.append(try graph.addNode(.maxPool(kernel: [1, 1], Window()), [y], name: "again"))
    }
    let values = test.values(0)
    for isa in levels {
      let session = Session(try Model(graph, isa: isa), pool: try ThreadPool(threads: 2))
      try values.withUnsafeBytes { try session.setInput(0, .f32, test.inputs[0], $0) }
      try session.run()
      let expected = try evaluateGraph(graph, [TestTensor(test.inputs[0], values)])
      for (i, expected) in expected.enumerated() {
        let (data, _, _) = try session.output(i)
        #expect(data.bindMemory(to: Float.self).map { Double($0) } == expected, "\(isa.name) \(test) output \(i)")
      }
    }
  }
}

extension OpCase {
  /// A case of f32 images with something in them.
  fileprivate var isImageMovement: Bool {
    arguments[0].dtype == .f32 && inputs[0].count == 4 && !inputs[0].contains(0)
  }
}
