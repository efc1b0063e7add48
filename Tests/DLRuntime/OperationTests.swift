import DLGraph
import DLRuntime
import KernelTypes
import TestSupport
import Testing

@Suite struct OperationTests {
  /// Each case of the table through a model: its first input free, the others constants as in trained models, or inputs too.
  @Test(arguments: levels, [true, false])
  func everyCaseMatchesTheReference(isa: ISA, constants: Bool) throws {
    for test in opCases {
      var maker = GraphMaker()
      var inputs: [TestTensor] = []
      var arguments: [Int] = []
      for (i, sizes) in test.inputs.enumerated() {
        let mustBeConstant = if case .conv = test.op, i == 1 { true } else { false }
        if i > 0 && (constants || mustBeConstant) {
          arguments.append(maker.graph.addConstant(Name("c\(i)"), try Constant(sizes, test.values(i))))
        } else {
          arguments.append(maker.input(sizes))
          inputs.append(TestTensor(sizes, test.values(i)))
        }
      }
      maker.graph.outputs = [try maker.node(test.op, arguments)]
      let found = try run(maker.graph, inputs, isa: isa)[0]
      expectClose(found, try test.reference(), tolerance: 2e-5, "\(isa.name) \(test)")
    }
  }
}
