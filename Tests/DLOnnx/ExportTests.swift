import DLGraph
import Foundation
import KernelTypes
import TestSupport
import Testing

@testable import DLOnnx

/// Graphs to ONNX and back.
@Suite struct ExportTests {
  /// Every operation of the table gives what it gave before, its parameters as constants and, where shapes allow it, as inputs.
  @Test(arguments: [true, false]) func everyOperation(parametersAreConstant: Bool) throws {
    var compared = 0
    for opCase in opCases {
      guard let graph = try graph(of: opCase, parametersAreConstant) else { continue }
      if isBeyondOnnx(opCase) {
        #expect(throws: Problems.self, "\(opCase)") { try exportModel(graph) }
        continue
      }
      let back = try roundTrip(graph)
      #expect(back.inputs.map { back.values[$0].type } == graph.inputs.map { graph.values[$0].type }, "\(opCase)")
      let given = try graph.inputs.map { try opCase.constant(Int("\(graph.values[$0].name)".dropFirst())!) }
      let (found, expected) = (try evaluateGraph(back, given), try evaluateGraph(graph, given))
      #expect(found.count == expected.count, "\(opCase)")
      for (found, expected) in zip(found, expected) {
        #expect(found.type == expected.type, "\(opCase)")
        #expect(isClose(found, expected), "\(opCase): \(elements(of: found)), expected \(elements(of: expected))")
      }
      compared += 1
    }
    #expect(compared > opCases.count / 2)
  }

  private func isBeyondOnnx(_ opCase: OpCase) -> Bool {
    if case .layerNorm = opCase.op { opCase.outputs > 1 && opCase.arguments[0].dtype == .f64 } else { false }
  }

  /// A graph of the case alone; inputs are called x0, x1…. Nil where the operation must know its parameters.
  private func graph(of opCase: OpCase, _ parametersAreConstant: Bool) throws -> Graph? {
    var graph = Graph()
    var inputs: [Int] = []
    for (i, argument) in opCase.arguments.enumerated() {
      if argument.isAbsent {
        inputs.append(Node.absent)
      } else if i > 0 && parametersAreConstant {
        inputs.append(graph.addConstant("", try opCase.constant(i)))
      } else {
        inputs.append(graph.addInput(Name("x\(i)"), TensorType(argument.dtype, sizes: argument.sizes)))
      }
    }
    do {
      graph.outputs = try graph.addNode(opCase.op, inputs, outputs: (0..<opCase.outputs).map { Name("y\($0)") }, name: "node")
    } catch {
      if parametersAreConstant { throw error }
      return nil
    }
    return graph
  }

  private func roundTrip(_ graph: Graph) throws -> Graph { try importBytes(encoded(graph)).graph }

  private func encoded(_ graph: Graph) throws -> Data {
    var bytes = Data()
    try exportModel(graph).write { (piece: UnsafeRawBufferPointer) throws(DLError) in bytes.append(contentsOf: piece) }
    return bytes
  }

  /// Floats within a few roundings of their type, for ONNX computes some of them in more than one step.
  private func isClose(_ found: Constant, _ expected: Constant) -> Bool {
    let bound =
      switch expected.dtype {
      case .f32: 1e-6
      case .f64: 1e-12
      case .f16: 3e-3
      case .bf16: 2e-2
      default: 0.0
      }
    let (a, b) = (elements(of: found), elements(of: expected))
    return a.count == b.count
      && zip(a, b).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN || abs($0 - $1) <= bound * max(1, abs($1)) }
  }

  // MARK: - names and metadata

  @Test func namesSizesAndMetadataAreKept() throws {
    var graph = Graph()
    graph.name = "größe"
    let batch = graph.symbol("N")
    let x = graph.addInput("image", TensorType(.f32, [batch, .fixed(3)]))
    let y = try graph.addNode(.activation(.relu), [x], name: "image/relu")
    graph.outputs = [try graph.addNode(.activation(.tanh), [y], name: "模型")]
    for (key, value) in [
      ("name", .text("größe")), ("description", .text("for tests")), ("onnx.author", .text("somebody")),
      ("labels", .texts(["cat", "dog"])), ("preprocess.mean", .reals([0.5, -2])), ("preprocess.resize_size", .integer(8)),
    ] as [(Name, MetadataValue)] { graph.setMetadata(key, value) }
    let proto = try Onnx_ModelProto(serializedBytes: encoded(graph))
    #expect(proto.docString == "for tests")
    #expect(
      Dictionary(uniqueKeysWithValues: proto.metadataProps.map { ($0.key, $0.value) }) == [
        "author": "somebody", "labels": "cat\ndog", "preprocess.mean": "0.5,-2.0", "preprocess.resize_size": "8",
      ])
    let back = try roundTrip(graph)
    #expect(back.name == "größe")
    #expect(back.names(back.inputs) == ["image"])
    #expect(back.names(back.outputs) == ["模型"])
    #expect(back.symbols == ["N"])
    #expect(back.values[back.inputs[0]].type == TensorType(.f32, [.symbol(0), .fixed(3)]))
    #expect(back.metadata("onnx.author") == .text("somebody"))
  }

  /// Names that ONNX takes to be the same value, or none.
  @Test func equalAndMissingNames() throws {
    var graph = Graph()
    let x = graph.addInput("", TensorType(.f32, sizes: [2]))
    let z = graph.addInput("x", TensorType(.f32, sizes: [2]))
    let a = try graph.addNode(.add, [x, z], name: "x")
    let b = try graph.addNode(.add, [a, z], name: "c")
    let constant = graph.addConstant("x", try Constant([2], [1, 2]))
    graph.outputs = [try graph.addNode(.multiply, [b, constant], name: "y"), x, graph.addConstant("c", try Constant([1], [5]))]
    let back = try roundTrip(graph)
    #expect(back.names(back.inputs) == ["input_0", "x"])
    #expect(back.names(back.outputs) == ["y", "input_0", "c"])
    let found = try evaluateGraph(back, [try Constant([2], [1, 2]), try Constant([2], [10, 20])])
    #expect(found.map { elements(of: $0) } == [[21, 84], [1, 2], [5]])
  }

  @Test func whatOnnxLacksIsListed() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f64, sizes: [2, 3]))
    let scale = graph.addConstant("scale", try makeConstant(.f64, [3], [1, 2, 3]))
    for name: Name in ["first", "second"] {
      graph.outputs += try graph.addNode(.layerNorm(axis: 1, epsilon: 1e-3), [x, scale], outputs: [name, name, ""], name: name)
        .dropLast(2)
    }
    graph.outputs.append(try graph.addNode(.activation(.relu), [x], name: "x"))
    do {
      _ = try exportModel(graph)
      Issue.record("no error")
    } catch let problems as Problems {
      #expect(
        problems.list.map { "\($0.text): \($0.places.joined(separator: " "))" } == [
          "an output has the name of an input, which names one value in ONNX: 'x'",
          "layer_norm: mean and deviation of f64 are f32 in ONNX: 'first' 'second'",
        ])
    }
  }

  @Test func aModelBeyondTwoGigabytes() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.u8, sizes: [1]))
    // Its memory is never read.
    let memory = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: 4096), count: 1 << 31)
    let weights = graph.addConstant("w", try Constant(.u8, [1 << 31], .borrow(memory)))
    graph.outputs = [try graph.addNode(.add, [x, weights], name: "y")]
    let model = try exportModel(graph)
    #expect(throws: DLError.self) {
      try model.write { (_: UnsafeRawBufferPointer) throws(DLError) in Issue.record("it is written") }
    }
  }
}
