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

  /// Returns or throws; both are right.
  private func tryImporting(_ bytes: Data) {
    do {
      var graph = try importBytes(bytes).graph
      try graph.validate()
    } catch {}
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
}
