@testable import DLGraph
import TestSupport
import Testing

@Suite struct RoundTripTests {
  /// Every operation of the table, with all its attributes, through the writer and back.
  @Test func everyOperation() throws {
    for opCase in opCases {
      var graph = Graph()
      let first = opCase.arguments[0]
      var inputs = [graph.addInput("x", TensorType(first.dtype, sizes: first.sizes))]
      for i in opCase.arguments.indices.dropFirst() {
        let isAbsent = opCase.arguments[i].isAbsent
        inputs.append(isAbsent ? Node.absent : graph.addConstant(Name("c\(i)"), try opCase.constant(i)))
      }
      let names = (0..<opCase.outputs).map { Name("y\($0)") }
      graph.outputs = try graph.addNode(opCase.op, inputs, outputs: names, name: "node")
      let bytes = try encodeModel(graph)
      let back = try read(bytes)
      #expect(back.nodes.map { $0.op } == [opCase.op])
      #expect(back.nodes[0].inputs == inputs)
      #expect(back.values.map { $0.type } == graph.values.map { $0.type }, "\(opCase)")
      for (i, input) in inputs.enumerated().dropFirst() where input != Node.absent {
        // A NaN is not equal to itself, its bits are.
        func bits(_ constant: Constant?) -> [UInt64]? { constant.map { elements(of: $0).map { $0.bitPattern } } }
        #expect(bits(back.values[input].constant) == bits(try opCase.constant(i)))
      }
      #expect(try encodeModel(back) == bytes, "the same graph gives the same bytes")
    }
    for code in OpCode.allCases { #expect(opCases.contains { $0.op.encoded.code == code }, "\(code) has no case") }
  }

  @Test func namesSymbolsAndMetadata() throws {
    var graph = Graph()
    graph.name = "größe 模型 🙂"
    let batch = graph.symbol("N")
    let height = graph.symbol("height")
    graph.values = [Value(name: "image", type: TensorType(.f32, [batch, .fixed(3), height, .unknown]))]
    graph.inputs = [0]
    graph.outputs = [try graph.addNode(.globalMaxPool, [0], name: "")]
    let metadata: [(Name, MetadataValue)] = [
      ("text", .text("")), ("integer", .integer(.min)), ("real", .real(-0.0)), ("infinite", .real(-.infinity)),
      ("integers", .integers([1, -1, .max])), ("none", .integers([])), ("reals", .reals([0.1307, 1e-300])),
      ("texts", .texts(["a", "", "ß", "a"])), ("", .texts([])),
    ]
    for (key, value) in metadata { graph.setMetadata(key, value) }
    let back = try read(encodeModel(graph))
    #expect(back.name == graph.name)
    #expect(back.symbols == ["N", "height"])
    #expect(back.values.map { $0.name } == graph.values.map { $0.name })
    #expect(back.values.map { $0.type } == graph.values.map { $0.type })
    #expect(back.metadata.map { $0.key } == metadata.map { $0.0 })
    #expect(back.metadata.map { $0.value } == metadata.map { $0.1 })
    guard case .real(let zero) = back.metadata("real") else { return #expect(Bool(false), "a real") }
    #expect(zero.sign == .minus)
  }

  /// All element types, whatever the operations of this version take.
  @Test(arguments: DType.allCases) func constantsOfEveryType(dtype: DType) throws {
    let bytes = (0..<6 * dtype.size).map { UInt8($0 * 37 % 251) }
    var graph = Graph()
    graph.outputs = [graph.addInput("x", TensorType(.f32, []))]
    let storage: Storage = try .allocate(2048 * dtype.size) {
      $0.initializeMemory(as: UInt8.self, repeating: 1)
      $0[dtype.size...].copyBytes(from: bytes)
    }
    _ = graph.addConstant("c", try Constant(dtype, [2, 3], storage, offset: dtype.size))
    _ = graph.addConstant("empty", try Constant(dtype, [2, 0], storage))
    _ = graph.addConstant("scalar", try Constant(dtype, [], storage, offset: dtype.size))
    _ = graph.addConstant("large", try Constant(dtype, [1024], storage))
    let back = try read(encodeModel(graph)).values
    #expect(back[1].constant.map { Array($0.bytes) } == bytes)
    #expect(back[1].type == TensorType(dtype, sizes: [2, 3]))
    #expect(back[2].constant?.sizes == [2, 0])
    #expect(back[3].constant.map { Array($0.bytes) } == Array(bytes[..<dtype.size]))
    #expect(back[4].constant.map { Array($0.bytes) } == Array(try Constant(dtype, [1024], storage).bytes))
    for value in back[1...] {
      let constant = try #require(value.constant)
      let alignment = constant.count == 1024 ? 64 : dtype.size
      #expect(Int(bitPattern: constant.storage.base + constant.offset) % alignment == 0)
    }
  }

  /// Nodes that are not in the order of their outputs' indices, an output that is an input, a tensor nobody computes.
  @Test func unusualButValid() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, sizes: [2]))
    let y = graph.addInput("y", TensorType(.f32, sizes: [2]))
    for name: Name in ["last", "first", "unused"] { graph.values.append(Value(name: name, type: TensorType(.f32, []))) }
    graph.inputs = [y, x]
    graph.nodes = [
      Node(name: "a", op: .add, inputs: [x, y], outputs: [3]), Node(name: "b", op: .multiply, inputs: [3, 3], outputs: [2]),
    ]
    graph.outputs = [2, x]
    let back = try read(encodeModel(graph))
    #expect(back.inputs == [y, x])
    #expect(back.outputs == [2, x])
    #expect(back.nodes.map { $0.outputs } == [[3], [2]])
    #expect(back.values[2].type == TensorType(.f32, sizes: [2]))
  }

  // MARK: what the writer refuses

  private func refusal(_ graph: Graph) -> String {
    let error = #expect(throws: DLError.self) { try encodeModel(graph) }
    return error?.message ?? ""
  }

  private func identity() -> Graph {
    var graph = Graph()
    graph.outputs = [graph.addInput("x", TensorType(.f32, sizes: [4]))]
    return graph
  }

  @Test func writesNothingItsReaderWouldRefuse() throws {
    var graph = identity()
    graph.name = Name(utf8: [0x61, 0])
    #expect(refusal(graph).contains("expected UTF-8 without zero bytes"))

    graph = identity()
    graph.setMetadata("k", .text(Name(utf8: [0xC3])))
    #expect(refusal(graph).contains("expected UTF-8 without zero bytes"))

    graph = identity()
    graph.metadata = [("k", .integer(1)), ("k", .integer(2))]
    #expect(refusal(graph).contains("metadata entry 1: the name 'k' is taken"))

    graph = identity()
    graph.nodes = [Node(name: "n", op: .activation(.leakyRelu(slope: .nan)), inputs: [0], outputs: [1])]
    graph.values.append(Value(name: "y", type: TensorType(.f32, [])))
    #expect(refusal(graph).contains("node 0 'n': attribute slope: expected a finite f32"))

    graph = identity()
    graph.outputs = []
    #expect(refusal(graph).contains("the graph has no outputs"))
  }

  @Test func theSinksErrorComesThrough() {
    let error = #expect(throws: DLError.self) {
      try writeModel(identity()) { _ throws(DLError) in throw DLError(.ioError, "the disk is full") }
    }
    #expect(error?.message == "the disk is full")
  }
}
