import DLGraph
import Foundation
import SwiftProtobuf
import Testing

@testable import DLOnnx

/// Whatever a file holds, it is imported or refused with an error.
@Suite struct HostileTests {
  private func network() throws -> Data {
    var model = TestModel()
    model.input("x", [1, 2, 6, 6])
    model.constant("w", [3, 2, 3, 3], (0..<54).map { Float($0) / 54 })
    model.constant("b", [3], [1, 2, 3])
    model.constant("shape", [2], integers: [1, -1])
    model.node("Conv", ["x", "w", "b"], ["c"], .ints("pads", [1, 1, 1, 1]), .text("auto_pad", "NOTSET"))
    model.node("MaxPool", ["c"], ["p"], .ints("kernel_shape", [2, 2]), .ints("strides", [2, 2]))
    model.node("Reshape", ["p", "shape"], ["r"])
    model.node("Softmax", ["r"], ["y"], .int("axis", -1))
    model.output("y")
    return try model.encoded
  }

  /// Whether it is imported rather than refused; both are right.
  @discardableResult
  private func tryImporting(_ bytes: Data) -> Bool {
    do {
      var graph = try importBytes(bytes).graph
      try graph.validate()
      return true
    } catch { return false }
  }

  @Test func damagedFiles() throws {
    let good = try network()
    _ = try importBytes(good)
    for length in 0..<good.count { tryImporting(good.prefix(length)) }
    for bit in 0..<(good.count * 8) {
      var bytes = good
      bytes[bytes.startIndex + bit / 8] ^= 1 << (bit % 8)
      tryImporting(bytes)
    }
    for start in stride(from: 0, to: good.count, by: 7) {
      var bytes = good
      for i in start..<min(start + 10, good.count) { bytes[bytes.startIndex + i] = 0xFF }
      tryImporting(bytes)
    }
    #expect(throws: DLError.self) { try importBytes(Data("not a model".utf8)) }
    #expect(throws: DLError.self) { try importBytes(Data()) }
    #expect(throws: DLError.self) { try importModel("/nonexistent/model.onnx") }
  }

  /// Of a recurrent layer: a bias and a state without the axis of directions.
  @Test(arguments: [
    ([], [1, 1, 4], 0, "RNN: axis 0: a scalar has none"),
    ([1, 8], [], 0, "RNN: axis 0: a scalar has none"),
    ([1, 8], [4], 1, "RNN: axis: expected -1 to 0, found 1"),
  ])
  func parametersOfTooFewAxes(bias: [Int], state: [Int], batchFirst: Int, message: String) throws {
    func model(bias: [Int], state: [Int], batchFirst: Int) -> TestModel {
      var model = TestModel()
      model.input("x", [2, 1, 3])
      model.constant("w", [1, 4, 3], Array(repeating: 0.5, count: 12))
      model.constant("r", [1, 4, 4], Array(repeating: 0.5, count: 16))
      model.constant("b", bias, Array(repeating: 0.5, count: bias.reduce(1, *)))
      model.constant("h", state, Array(repeating: 0.5, count: state.reduce(1, *)))
      model.node("RNN", ["x", "w", "r", "b", "", "h"], ["y"], .int("hidden_size", 4), .int("layout", batchFirst))
      model.output("y")
      return model
    }
    _ = try model(bias: [1, 8], state: [1, 1, 4], batchFirst: 0).graph()
    let problems = #expect(throws: Problems.self) {
      try model(bias: bias, state: state, batchFirst: batchFirst).graph()
    }
    #expect(problems?.list.map(\.text) == [message])
  }

  @Test func circles() throws {
    var model = TestModel()
    model.input("x", [2])
    model.node("Add", ["x", "b"], ["a"])
    model.node("Add", ["x", "a"], ["b"])
    model.output("b")
    #expect(throws: DLError.self) { try model.graph() }
  }

  @Test func valuesComputedTwice() throws {
    var model = TestModel()
    model.input("x", [2])
    model.node("Relu", ["x"], ["y"])
    model.node("Tanh", ["x"], ["y"])
    model.output("y")
    #expect(throws: DLError.self) { try model.graph() }
  }

  @Test func absurdSizes() throws {
    for dims in [[1 << 62, 1 << 62], [Int.max], [-5], [0]] {
      var model = TestModel()
      model.proto.graph.input.append(.tensor("x", dims.map { .size($0) }))
      model.node("Relu", ["x"], ["y"])
      model.output("y")
      tryImporting(try model.encoded)
    }
    for values in [[Int.max, Int.max], [-9], [0, 0, 0], [Int.min], []] {
      var model = TestModel()
      model.input("x", [2, 3])
      model.constant("shape", [values.count], integers: values)
      model.node("Reshape", ["x", "shape"], ["y"])
      model.output("y")
      #expect(try !model.problems().isEmpty)
    }
    for (name, values) in [
      ("strides", [0, 0]), ("strides", [Int.max, 1]), ("dilations", [Int.max, Int.max]), ("pads", [Int.max, 1, 1, Int.max]),
      ("pads", [-1, -1, -1, -1]), ("strides", [1]), ("kernel_shape", [Int.max, Int.max]), ("kernel_shape", []),
    ] {
      var model = TestModel()
      model.input("x", [1, 1, 4, 4])
      model.constant("w", [1, 1, 2, 2], [1, 2, 3, 4])
      model.node("Conv", ["x", "w"], ["y"], .ints(name, values))
      model.output("y")
      #expect(try !model.problems().isEmpty, "\(name) \(values)")
    }
  }

  @Test func confusedTypes() throws {
    var model = TestModel()
    model.input("x", [1, 1, 4, 4])
    model.constant("w", [1, 1, 2, 2], integers: [1, 2, 3, 4])
    model.node("Conv", ["x", "w"], ["y"])
    model.node("Concat", [], ["z"], .int("axis", 0))
    model.node("Add", ["x"], ["a"])
    model.output("y", "z", "a")
    #expect(try model.problems().count == 3)
  }

  /// A chain of `count` nodes that end in "last".
  private func chain(_ operation: String, _ count: Int) -> TestModel {
    var nodes: [Onnx_NodeProto] = []
    for i in 0..<count {
      nodes.append(
        .with {
          ($0.opType, $0.input, $0.output) = (operation, [i == 0 ? "x" : "v\(i - 1)"], [i == count - 1 ? "last" : "v\(i)"])
        })
    }
    var model = TestModel()
    model.input("x", [1])
    // At once: each change of a graph within a model copies it.
    model.proto.graph.node = nodes
    model.output("last")
    return model
  }

  @Test func aChainOfAMillionNodes() throws {
    #expect(try chain("Relu", 1_000_000).graph().nodes.count == 1_000_000)
  }

  @Test func manyNodesNobodySupports() throws {
    do {
      _ = try chain("What", 200_000).graph()
      Issue.record("it was converted")
    } catch let problems as Problems {
      #expect(problems.list.count == 1 && problems.description.count < 1000)
      #expect(problems.description.contains("(200000 times)"))
    }
  }

  @Test func deeplyNestedGraphs() throws {
    /// A field of bytes: its number, kind 2, its length, its content.
    func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
      var length: [UInt8] = []
      var rest = content.count
      repeat {
        length.append(UInt8(rest & 127) | (rest > 127 ? 128 : 0))
        rest >>= 7
      } while rest > 0
      return [number << 3 | 2] + length + content
    }
    var graph: [UInt8] = []
    for _ in 0..<2000 {
      let attribute = field(1, Array("then_branch".utf8)) + field(6, graph)
      graph = field(1, field(2, Array("y".utf8)) + field(4, Array("If".utf8)) + field(5, attribute))
    }
    #expect(throws: DLError.self) { try importBytes(Data(field(7, graph))) }
  }

  @Test func manySizesAndMetadata() throws {
    var model = TestModel()
    model.proto.graph.input = (0..<50_000).map { .tensor("x\($0)", [.named("d\($0)")]) }
    model.proto.metadataProps = (0..<50_000).map { i in .with { ($0.key, $0.value) = ("k\(i % 1000)", "v") } }
    model.node("Relu", ["x0"], ["y"])
    model.output("y")
    let graph = try model.graph()
    #expect(graph.symbols.count == 50_000 && graph.metadata.count < 1010)
  }

  /// What an importer would have to guess is an error that says what is wrong.
  private func expectProblem(_ model: TestModel, _ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
    do {
      let problems = try model.problems()
      #expect(problems.contains { $0.contains(text) }, "\(problems)", sourceLocation: sourceLocation)
    } catch let error as DLError {
      #expect(error.message.contains(text), sourceLocation: sourceLocation)
    } catch { Issue.record(error, sourceLocation: sourceLocation) }
  }

  @Test func attributesThatAreSomethingElse() {
    for attribute in [
      Onnx_AttributeProto.text("axis", "1"), .float("axis", 1), .ints("axis", [1]), .tensor("axis", .floats("", [], [1])),
      .graph("axis", Onnx_GraphProto()), .with { ($0.name, $0.type) = ("axis", .UNRECOGNIZED(99)) },
    ] {
      var model = TestModel()
      model.input("x", [2, 3])
      model.node("Softmax", ["x"], ["y"], attribute)
      model.output("y")
      expectProblem(model, "Softmax: attribute axis: expected the type int, found")
    }
  }

  @Test func tensorsThatAreNoNumbers() {
    func model(_ tensor: Onnx_TensorProto) -> TestModel {
      var model = TestModel()
      model.input("x", [2])
      model.proto.graph.initializer = [
        .with {
          $0 = tensor; $0.name = "w"
        }
      ]
      model.node("Add", ["x", "w"], ["y"])
      model.output("y")
      return model
    }
    func raw(_ type: Int32, _ dims: [Int64], _ bytes: Int) -> TestModel {
      model(.with { ($0.dataType, $0.dims, $0.rawData) = (type, dims, Data(count: bytes)) })
    }
    expectProblem(model(.with { ($0.dataType, $0.dims, $0.stringData) = (8, [1], [Data("a".utf8)]) }), "element type string")
    expectProblem(raw(99, [2], 8), "element type 99, which is none of ONNX")
    expectProblem(raw(-1, [2], 8), "element type -1, which is none of ONNX")
    expectProblem(raw(0, [2], 8), "element type 0, which is none of ONNX")
    expectProblem(raw(1, [2], 7), "a tensor f32 [2] takes 8 bytes, found 7")
    expectProblem(raw(1, [2], 9), "takes 8 bytes, found 9")
    expectProblem(raw(1, [1 << 31], 8), "takes 8589934592 bytes, found 8")
    expectProblem(raw(1, [1 << 62], 8), "larger than memory can be")
    expectProblem(raw(1, [0, 1 << 40, 1 << 40], 0), "larger than memory can be")
    expectProblem(raw(1, [-2], 8), "a tensor has a size of -2")
    expectProblem(raw(1, Array(repeating: 1, count: 100), 4), "a tensor of rank 100, above 8")
    expectProblem(model(.floats("", [3], [1, 2])), "a tensor of 3 elements has values for 2")
    expectProblem(model(.with { ($0.dataType, $0.dims, $0.segment) = (1, [2], Onnx_TensorProto.Segment()) }), "segments")
    expectProblem(
      model(.with { ($0.dataType, $0.dims, $0.dataLocation) = (1, [2], .external) }), "external data: the location is missing")
  }

  /// Fields of numbers are read packed and one by one, as ONNX writes none but others do.
  @Test func numbersMayBePacked() throws {
    // dims: [2] and float_data: [1, 2], without and with the fields' packing; data_type 1, name "w".
    let rest: [UInt8] = [0x10, 1, 0x42, 1, 0x77]
    let packed: [UInt8] = [0x0A, 1, 2, 0x22, 8, 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]
    let loose: [UInt8] = [0x08, 2, 0x25, 0, 0, 0x80, 0x3F, 0x25, 0, 0, 0, 0x40]
    for bytes in [packed, loose] {
      let tensor = try Onnx_TensorProto(serializedBytes: bytes + rest)
      #expect(tensor == .floats("w", [2], [1, 2]))
    }
  }

  @Test func tensorsWithoutElements() throws {
    var model = TestModel()
    model.input("x", [0, 3])
    model.constant("none", [0, 3], [])
    model.node("Concat", ["x", "none"], ["c"], .int("axis", 0))
    model.node("Relu", ["c"], ["y"])
    model.output("y")
    #expect(try model.run([[]]) == [[]])
    for (dims, text) in [
      ([0, 1 << 40, 1 << 40], "larger than memory can be"), ([1 << 31, 1 << 31, 4], "larger than memory can be"),
    ] {
      var model = TestModel()
      model.input("x", dims)
      model.node("Relu", ["x"], ["y"])
      model.output("y")
      expectProblem(model, text)
    }
  }

  @Test func namesThatAreTaken() throws {
    // The second of two inputs of a name is nobody's; an initializer of an input's name is its value.
    var model = TestModel()
    model.input("x", [2])
    model.input("x", [3])
    model.node("Relu", ["x"], ["y"])
    model.output("y")
    #expect(try model.graph().inputs.count == 1)
    model.output("y")
    expectProblem(model, "the name 'y' is taken")
    var computed = TestModel()
    computed.input("x", [2])
    computed.node("Relu", ["x"], ["x"])
    computed.output("x")
    expectProblem(computed, "nodes depend on each other in a circle")
  }

  @Test func inputsOfTheWrongRank() throws {
    var (imported, refused) = (0, 0)
    for operation in converters.keys.sorted() {
      for rank in [0, 1, 2, 5] {
        for count in 1...5 {
          for version in [1, 9, 13, 23] {
            var model = TestModel(opset: version)
            model.input("x", Array(repeating: 2, count: rank))
            model.proto.graph.node = [.op(operation, Array(repeating: "x", count: count), ["y"])]
            model.output("y")
            if tryImporting(try model.encoded) { imported += 1 } else { refused += 1 }
          }
        }
      }
    }
    #expect(imported > 5000 && refused > 5000, "\(imported) \(refused)")
  }

  @Test func aLoopThatCarriesNothing() throws {
    var model = TestModel()
    model.input("x", [2])
    model.constant("three", [], integers: [3])
    let step = Onnx_GraphProto.with {
      $0.input = ["i", "c"].map { name in .with { $0.name = name } }
      $0.node = [.op("Identity", ["c"], ["again"]), .op("Relu", ["x"], ["r"])]
      $0.output = ["again", "r"].map { name in .with { $0.name = name } }
    }
    model.node("Loop", ["three", ""], ["y"], .graph("body", step))
    model.output("y")
    #expect(try model.run([[-1, 2]]) == [[0, 2, 0, 2, 0, 2]])
  }
}
