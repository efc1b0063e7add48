import DLGraph
import Foundation
import SwiftProtobuf
import Testing

@testable import DLOnnx

/// Small files that ask for much: they are refused, or cost no more than their bytes are worth.
@Suite struct BombTests {
  /// 1000 iterations of `inner`, which computes "b" from "a".
  private func loop(_ inner: Onnx_NodeProto, constants: [Onnx_TensorProto] = []) -> Onnx_NodeProto {
    var step = body(["i", "c", "a"], [inner], ["c", "b"])
    step.initializer = constants
    return .op("Loop", ["thousand", "", "x"], ["y"], [.graph("body", step)])
  }

  private func model(_ node: Onnx_NodeProto) -> TestModel {
    var model = TestModel()
    model.input("x", [1])
    model.constant("thousand", [], integers: [1000])
    model.proto.graph.node = [node]
    model.output("y")
    return model
  }

  private func expectRefusal(_ model: TestModel, _ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
    do {
      _ = try model.graph()
      Issue.record("it was converted", sourceLocation: sourceLocation)
    } catch {
      let message = (error as? DLError)?.message ?? "\(error)"
      #expect(message.contains(text), sourceLocation: sourceLocation)
    }
  }

  @Test func loopsWithinLoops() {
    var node = Onnx_NodeProto.op("Relu", ["a"], ["b"])
    for _ in 0..<5 {
      node = loop(node)
      node.input[2] = "a"
      node.output = ["b"]
    }
    expectRefusal(model(loop(node)), "nodes when functions and loops are unrolled")
  }

  /// Bodies without a node of their own are counted too.
  @Test func loopsOverNothing() {
    var node = Onnx_NodeProto.op("Loop", ["thousand", "", "a"], ["b"], [.graph("body", body(["i", "c", "a"], [], ["c", "a"]))])
    for _ in 0..<4 {
      node = loop(node)
      node.input[2] = "a"
      node.output = ["b"]
    }
    expectRefusal(model(loop(node)), "nodes when functions and loops are unrolled")
  }

  /// An initializer of a body is one constant however often the body is repeated.
  @Test func constantsOfBodies() throws {
    let weights = Onnx_TensorProto.floats("w", [1 << 16], Array(repeating: 1, count: 1 << 16))
    let graph = try model(loop(.op("Add", ["a", "w"], ["b"]), constants: [weights])).graph()
    #expect(graph.nodes.count == 1000 && graph.values.filter { $0.constant != nil }.count == 1)
  }

  /// A node of a body that holds its constant would be as many copies as there are iterations.
  @Test func copiesOfConstants() {
    let ones = [Float](repeating: 1, count: 1 << 18)
    for value: Onnx_AttributeProto in [
      .tensor("value", .floats("w", [1 << 18], ones)),
      .with { ($0.name, $0.type, $0.floats) = ("value_floats", .floats, ones) },
    ] {
      expectRefusal(model(loop(.op("Constant", [], ["b"], [value]))), "bytes of constants and names")
    }
  }

  /// Each step of a chain over a constant is a constant as large: some of them stay nodes.
  @Test func chainsOfConstants() throws {
    var model = TestModel()
    model.input("x", [1])
    model.constant("c0", [1 << 21], Array(repeating: 1, count: 1 << 21))
    var nodes = (0..<200).map { Onnx_NodeProto.op("Neg", ["c\($0)"], ["c\($0 + 1)"]) }
    nodes.append(.op("Add", ["x", "c200"], ["y"]))
    model.proto.graph.node = nodes
    model.output("y")
    let graph = try model.graph()
    #expect(1 < graph.nodes.count && graph.nodes.count < 201)
  }

  /// Each node bears the names of those around it.
  @Test func longNames() {
    var model = TestModel()
    model.input("x", [1])
    let nodes = (0..<10_000).map { i in Onnx_NodeProto.op("Relu", [i == 0 ? "a" : "v\(i - 1)"], ["v\(i)"]) }
    model.proto.functions = [
      .with { ($0.domain, $0.name, $0.input, $0.output, $0.node) = ("own", "Long", ["a"], ["v9999"], nodes) }
    ]
    model.node("Long", ["x"], ["y"], domain: "own")
    model.proto.graph.node[0].name = String(repeating: "n", count: 100_000)
    model.output("y")
    expectRefusal(model, "bytes of constants and names")
  }

  /// Sums of many products of few elements.
  @Test func productsOfConstants() throws {
    var model = TestModel()
    model.input("x", [1])
    for name in ["p", "q", "r", "s"] { model.constant(name, [2048], Array(repeating: 1, count: 2048)) }
    model.node("Einsum", ["p", "q", "r", "s"], ["sum"], .text("equation", "a,b,c,d->"))
    model.node("Add", ["x", "sum"], ["y"])
    model.output("y")
    #expect(try model.graph().operations.hasPrefix("einsum"))
  }

  /// Each of the sums is small enough to be computed, but not all of them are.
  @Test func manyProductsOfConstants() throws {
    var model = TestModel()
    model.constant("p", [1 << 11], Array(repeating: 1, count: 1 << 11))
    model.proto.graph.node = (0..<1000).map { .op("Einsum", ["p", "p"], ["s\($0)"], [.text("equation", "a,b->")]) }
    model.proto.graph.output = (0..<1000).map { i in .with { $0.name = "s\(i)" } }
    let count = try model.graph().nodes.count { "\($0.op.name)" == "einsum" }
    #expect(900 < count && count < 1000)
  }

  @Test func numbersThatNobodyCounts() throws {
    func model(_ operation: String, _ version: Int, _ names: [String]) -> TestModel {
      var model = TestModel(opset: version)
      model.input("x", [1, 1, 4, 4])
      model.proto.graph.node = [.op(operation, ["x", "x"], ["y"], names.map { .ints($0, Array(0..<300_000)) })]
      model.output("y")
      return model
    }
    for (operation, version, name, text) in [
      ("Unsqueeze", 11, "axes", "rank 300004 is above 8"), ("Squeeze", 11, "axes", "axis: expected -4 to 3, found 4"),
      ("ReduceMean", 11, "axes", "axis: expected -4 to 3, found 4"), ("Resize", 11, "axes", "axis: expected -4 to 3, found 4"),
      ("Transpose", 11, "perm", "permutation: expected each of 0 to 3 once, found [0, 1, 2, 3, 4, 5"),
      ("Reshape", 4, "shape", "rank 300000 is above 8"), ("Conv", 11, "strides", "strides: expected 2 sizes, found 300000"),
      ("MaxPool", 11, "kernel_shape", "kernel_shape: expected 2 sizes, found 300000"),
      ("Split", 11, "split", "sizes: expected 1, one for each output, found 300000"),
    ] {
      let problems = try model(operation, version, [name]).problems()
      #expect(problems.count == 1 && problems[0].hasPrefix("\(operation): \(text)"))
    }
    // Of lists as long as this a slice knows nothing; it is the runtime that refuses it.
    let error = #expect(throws: DLError.self) {
      try model("Slice", 9, ["starts", "ends"]).run([[Float](repeating: 0, count: 16)])
    }
    #expect(error?.message == "node 'n_y' (slice): the sizes of the output depend on the elements of the inputs")
  }

  @Test func wideNodes() throws {
    let many = 60_000
    var model = TestModel()
    model.proto.graph.input = [.tensor("x", [.size(many)])]
    model.proto.graph.node = [
      .op("Split", ["x"], (0..<many).map { "p\($0)" }), .op("Concat", (0..<many).map { "p\($0)" }, ["y"], [.int("axis", 0)]),
      .op("Sum", (0..<many).map { "p\($0)" }, ["z"]),
    ]
    model.output("y", "z")
    #expect(try model.graph().outputs.count == 2)
    model.proto.graph.output = (0..<many).map { i in .with { $0.name = "p\(i)" } }
    #expect(try model.graph().outputs.count == many)
  }
}
