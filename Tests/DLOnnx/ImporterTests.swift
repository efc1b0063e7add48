import DLGraph
import Foundation
import Testing

@testable import DLOnnx

@Suite struct ImporterTests {
  @Test func namesSizesAndMetadataAreKept() throws {
    var model = TestModel()
    model.proto.graph.input.append(.tensor("picture", [.named("batch"), .size(2), .init(), .size(4)]))
    model.node("Relu", ["picture"], ["hidden"])
    model.node("Sigmoid", ["hidden"], ["scores"])
    model.output("scores")
    model.proto.producerName = "maker"
    model.proto.docString = "what it is"
    model.proto.metadataProps = [.with { ($0.key, $0.value) = ("author", "somebody") }]
    let graph = try model.graph()
    #expect(graph.names(graph.inputs) == ["picture"] && graph.names(graph.outputs) == ["scores"])
    #expect(graph.operations == "relu sigmoid")
    #expect(graph.nodes.map { $0.name } == ["n_hidden", "n_scores"])
    #expect(graph.symbols == ["batch", "picture_2"])
    #expect(graph.values[graph.inputs[0]].type == TensorType(.f32, [.symbol(0), .fixed(2), .symbol(1), .fixed(4)]))
    #expect(graph.metadata("name") == .text("test") && graph.metadata("description") == .text("what it is"))
    #expect(graph.metadata("producer") == .text("maker") && graph.metadata("onnx.author") == .text("somebody"))
    #expect(try encodeModel(graph).withUnsafeBytes { try readModel(.copy($0)) }.nodes.count == 2)
  }

  @Test func initializersThatAreInputsToo() throws {
    var model = TestModel()
    model.input("x", [2])
    model.input("w", [2])
    model.constant("w", [2], [3, 4])
    model.node("Mul", ["x", "w"], ["y"])
    model.output("y")
    #expect(try model.graph().inputs.count == 1)
    #expect(try model.run([[1, 2]]) == [[3, 8]])
  }

  @Test func nodesNobodyNeedsAreLeftOut() throws {
    var model = TestModel()
    model.input("x", [2])
    model.node("NoSuchOperation", ["x"], ["unused"])
    model.node("Relu", ["x"], ["y"])
    model.output("y")
    let imported = try model.imported()
    #expect(imported.graph.operations == "relu" && imported.unusedNodes == 1)
  }

  @Test func equalConstantsAreOne() throws {
    var model = TestModel()
    model.input("x", [2])
    model.constant("a", [2], [3, 4])
    model.constant("b", [2], [3, 4])
    model.constant("c", [1, 2], [3, 4])
    model.constant("d", [2], [3, 5])
    for (index, name) in ["a", "b", "c", "d"].enumerated() { model.node("Mul", ["x", name], ["y\(index)"]) }
    model.output("y0", "y1", "y2", "y3")
    #expect(try model.graph().values.filter { $0.constant != nil }.map { $0.name } == ["a", "c", "d"])
    #expect(try model.run([[1, 2]]) == [[3, 8], [3, 8], [3, 8], [3, 10]])
  }

  @Test func nodesMayStandInAnyOrder() throws {
    var model = TestModel()
    model.input("x", [1])
    model.node("Tanh", ["b"], ["c"])
    model.node("Sigmoid", ["a"], ["b"])
    model.node("Relu", ["x"], ["a"])
    model.output("c")
    #expect(try model.graph().operations == "relu sigmoid tanh")
  }

  @Test func everyOutputIsAValueOfItsOwn() throws {
    var model = TestModel()
    model.input("x", [2])
    model.constant("w", [2], [5, 6])
    model.node("Identity", ["x"], ["a"])
    model.node("Identity", ["w"], ["b"])
    model.node("Relu", ["x"], ["c"])
    model.node("Identity", ["c"], ["d"])
    model.output("a", "b", "c", "d")
    let graph = try model.graph()
    #expect(graph.names(graph.outputs) == ["a", "b", "c", "d"])
    #expect(try model.run([[-1, 2]]) == [[-1, 2], [5, 6], [0, 2], [0, 2]])
  }

  @Test func otherOutputsMayBeAskedFor() throws {
    var model = TestModel()
    model.input("x", [2])
    model.node("Relu", ["x"], ["a"])
    model.node("NoSuchOperation", ["a"], ["b"])
    model.output("b")
    var options = ImportOptions()
    options.outputs = ["a"]
    #expect(try model.run([[-1, 2]], options) == [[0, 2]])
    options.outputs = ["none"]
    #expect(throws: Problems.self) { try model.graph(options) }
  }

  @Test func shapesAndConstantsOfInputs() throws {
    var model = TestModel()
    model.proto.graph.input = [.with { ($0.name, $0.type.tensorType.elemType) = ("x", 1) }]
    model.input("factor", [])
    model.node("Mul", ["x", "factor"], ["y"])
    model.output("y")
    #expect(try model.problems() == ["its shape is not known; --shape can give it at input 'x'"])
    var options = ImportOptions()
    options.shapes["x"] = [-1, 2]
    options.constants["factor"] = 3
    #expect(try model.run([[1, 2]], sizes: [[1, 2]], options) == [[3, 6]])
    options.shapes["nothing"] = [1]
    #expect(throws: DLError.self) { try model.graph(options) }
  }

  @Test func allProblemsAreListedOnce() throws {
    var model = TestModel()
    model.input("x", [2])
    model.input("text", [1], .string)
    model.node("Frobnicate", ["x"], ["a"])
    model.node("Frobnicate", ["a"], ["b"])
    model.node("Frobnicate", ["x"], ["c"])
    model.node("LeakyRelu", ["x"], ["d"], .float("alpha", 0.1), .int("flavour", 3))
    model.node("Own", ["x"], ["e"], domain: "com.example")
    model.node("Relu", ["nowhere"], ["f"])
    model.node("Relu", ["c"], ["follows"])
    model.node("StringConcat", ["text", "text"], ["g"])
    model.output("b", "d", "e", "f", "follows", "g")
    #expect(
      try Set(model.problems()) == [
        "element type string at input 'text'", "Frobnicate: this operation at 'n_a' 'n_b' 'n_c'",
        "LeakyRelu: attribute flavour at 'n_d'", "Own: this operation of domain com.example at 'n_e'",
        "Relu: nothing computes 'nowhere' at 'n_f'", "StringConcat: this operation at 'n_g'",
      ])
  }

  @Test func attributesOfAnotherTypeAreRefused() throws {
    var model = TestModel()
    model.input("x", [2])
    model.node("LeakyRelu", ["x"], ["y"], .int("alpha", 1))
    model.output("y")
    #expect(try model.problems() == ["LeakyRelu: attribute alpha: expected the type float, found int at 'n_y'"])
  }

  @Test func determinants() throws {
    func model(_ rows: Int) -> TestModel {
      var model = TestModel(opset: 22)
      model.input("x", [rows, rows])
      model.node("Det", ["x"], ["y"])
      model.output("y")
      return model
    }
    // A diagonal, and the same with two rows exchanged.
    #expect(try model(4).run([[2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 5]]) == [[120]])
    #expect(try model(4).run([[0, 3, 0, 0, 2, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 5]]) == [[-120]])
    #expect(
      try model(5).problems() == ["Det: expected square matrices of at most 4 rows, found f32 [5, 5] at 'n_y'"])
  }

  @Test func aDeformedWindowOverTooMuch() throws {
    var model = TestModel(opset: 22)
    model.input("x", [1, 1, 70_000, 70_000])
    model.constant("w", [1, 1, 1, 1], [1])
    model.input("offsets", [1, 2, 70_000, 70_000])
    model.node("DeformConv", ["x", "w", "offsets"], ["y"])
    model.output("y")
    #expect(try model.problems() == ["DeformConv: [1, 1] cells at [70000, 70000] positions are too many at 'n_y'"])
  }
}
