import DLGraph
import DLRuntime
import KernelTypes
import TestSupport
import Testing

@Suite struct OperationTests {
  /// Each case of the table through a model: its first input free, the others constants as in trained models, or inputs too.
  /// What sizes follow from, integers, stays constant; where sizes follow from all elements, all inputs do.
  @Test(arguments: levels, [true, false])
  func everyCaseMatchesTheReference(isa: ISA, constants: Bool) throws {
    for test in opCases {
      var graph = Graph()
      var inputs: [Constant] = []
      var arguments: [Int] = []
      let isSized = try test.sizesNeedNoFloats()
      for (i, argument) in test.arguments.enumerated() {
        let mustBeConstant =
          switch test.op {
          case .conv: i == 1
          case .resize: true
          default: !argument.dtype.isFloat
          }
        if argument.isAbsent {
          arguments.append(Node.absent)
        } else if !isSized || i > 0 && (constants || mustBeConstant) {
          arguments.append(graph.addConstant(Name("c\(i)"), try test.constant(i)))
        } else {
          arguments.append(graph.addInput(Name("x\(i)"), TensorType(argument.dtype, sizes: argument.sizes)))
          inputs.append(try test.constant(i))
        }
      }
      graph.outputs = try graph.addNode(
        test.op, arguments, outputs: (0..<test.outputs).map { Name("y\($0)") }, name: "node")
      let session = Session(try Model(graph, isa: isa), pool: try ThreadPool(threads: 1))
      for (i, input) in inputs.enumerated() { try session.setInput(i, input.dtype, input.sizes, input.bytes) }
      try session.run()
      for (i, expected) in try test.references().enumerated() {
        let (data, dtype, sizes) = try session.output(i)
        let buffer = TensorBuffer(UnsafeMutableRawPointer(mutating: data.baseAddress!), dtype, sizes)
        let found = (0..<buffer.count).map { Float(buffer.real($0)) }
        expectClose(found, expected, tolerance: tolerance(dtype), "\(isa.name) \(test) output \(i)")
      }
    }
  }

  private func tolerance(_ dtype: DType) -> Double {
    switch dtype {
    case .f16: 1e-3
    case .bf16: 8e-3
    default: 2e-5
    }
  }
}

extension OpCase {
  /// Whether the sizes of all outputs are known without the elements of the first input and of floats.
  fileprivate func sizesNeedNoFloats() throws -> Bool {
    var inputs: [Fact?] = []
    for (i, argument) in arguments.enumerated() {
      let type = TensorType(argument.dtype, sizes: argument.sizes)
      inputs.append(
        argument.isAbsent ? nil : i == 0 || argument.dtype.isFloat ? Fact(type) : Fact(try constant(i)))
    }
    guard let facts = try? inferFacts(of: op, inputs, outputs: outputs) else { return false }
    return facts.allSatisfy { $0.type.sizes != nil }
  }
}
