import DLGraph
import Testing

@testable import DLOnnx

/// Graphs within graphs.
@Suite struct ControlTests {
  @Test func aKnownConditionChoosesABranch() throws {
    for condition in [0, 1] {
      var model = TestModel()
      model.input("x", [2])
      model.proto.graph.initializer.append(
        .with { ($0.name, $0.dataType, $0.int32Data) = ("condition", 9, [Int32(condition)]) })
      model.node(
        "If", ["condition"], ["y"], .graph("then_branch", body([], [.op("Relu", ["x"], ["t"])], ["t"])),
        .graph("else_branch", body([], [.op("NoSuchOperation", ["x"], ["e"])], ["e"])))
      model.output("y")
      if condition == 1 {
        #expect(try model.graph().operations == "relu")
        #expect(try model.run([[-1, 2]]) == [[0, 2]])
      } else {
        #expect(try model.problems() == ["NoSuchOperation: this operation at 'n_y/n_e'"])
      }
    }
  }

  @Test func loopsAreUnrolled() throws {
    var model = TestModel()
    model.input("x", [2])
    model.constant("three", [], integers: [3])
    let step = body(
      ["i", "c", "v"], [.op("Add", ["v", "x"], ["sum"]), .op("Identity", ["c"], ["again"])], ["again", "sum"])
    model.node("Loop", ["three", "", "x"], ["y"], .graph("body", step))
    model.output("y")
    #expect(try model.run([[1, 2]]) == [[4, 8]])
  }

  @Test func loopsWithoutAnEndAreRefused() throws {
    var model = TestModel()
    model.input("x", [2])
    let step = body(["i", "c", "v"], [.op("Add", ["v", "x"], ["sum"]), .op("Identity", ["c"], ["again"])], ["again", "sum"])
    model.node("Loop", ["", "", "x"], ["y"], .graph("body", step))
    model.output("y")
    #expect(try model.problems() == ["Loop: more than 1024 iterations at 'n_y'"])
  }

  @Test func functionsAreInlined() throws {
    var model = TestModel()
    model.input("x", [2])
    model.proto.opsetImport.append(.with { ($0.domain, $0.version) = ("own", 1) })
    model.proto.functions = [
      .with {
        ($0.domain, $0.name, $0.input, $0.output) = ("own", "Twice", ["a", "missing"], ["b"])
        $0.opsetImport = [.with { $0.version = 17 }]
        $0.attributeProto = [.float("slope", 0.25)]
        $0.node = [
          .op("LeakyRelu", ["a"], ["hidden"], [.reference("alpha", to: "slope", .float)]),
          .op("Add", ["hidden", "hidden"], ["b"]),
        ]
      }
    ]
    model.node("Twice", ["x"], ["y"], domain: "own")
    model.node("Twice", ["x"], ["z"], .float("slope", 0.5), domain: "own")
    model.output("y", "z")
    #expect(try model.run([[-4, 2]]) == [[-2, 4], [-4, 4]])
    #expect(try model.graph().nodes.map { $0.name.description }.contains("n_y/n_hidden"))
  }

  @Test func functionsThatCallThemselvesAreRefused() throws {
    var model = TestModel()
    model.input("x", [2])
    model.proto.functions = [
      .with {
        ($0.domain, $0.name, $0.input, $0.output) = ("own", "Endless", ["a"], ["b"])
        $0.node = [.op("Endless", ["a"], ["b"], domain: "own")]
      }
    ]
    model.node("Endless", ["x"], ["y"], domain: "own")
    model.output("y")
    let problems = try model.problems()
    #expect(problems.count == 1 && problems[0].contains("nested more than 64 deep"))
  }

  /// A few functions that each call the one before many times would be more nodes than there is memory for.
  @Test func functionsThatMultiplyAreRefused() throws {
    var model = TestModel()
    model.input("x", [2])
    for level in 0..<12 {
      model.proto.functions.append(
        .with {
          ($0.domain, $0.name, $0.input, $0.output) = ("own", "f\(level)", ["a"], ["v8"])
          $0.node = (1...8).map { i in
            .op(level == 0 ? "Relu" : "f\(level - 1)", [i == 1 ? "a" : "v\(i - 1)"], ["v\(i)"], domain: level == 0 ? "" : "own")
          }
        })
    }
    model.node("f11", ["x"], ["y"], domain: "own")
    model.output("y")
    #expect(throws: (any Error).self) { try model.graph() }
  }
}
