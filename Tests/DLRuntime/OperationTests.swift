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

  /// Rows of which wide parts are folded first.
  @Test(arguments: levels)
  func longRowsAreReduced(isa: ISA) throws {
    for reduction in Reduction.allCases where reduction.fold != nil {
      for columns in [255, 256, 300, 4096, 5003] {
        var maker = GraphMaker()
        let x = maker.input([3, columns])
        maker.graph.outputs = [try maker.node(.reduce(reduction, axes: [1], keepsAxes: false, noAxesIsIdentity: false), [x])]
        let input = TestTensor([3, columns], (0..<3 * columns).map { 0.9 + Float($0 * 7 % 31) / 150 })
        let expected = try evaluateGraph(maker.graph, [input])[0]
        for threads in [1, 2] {
          let found = try run(maker.graph, [input], isa: isa, threads: threads)[0]
          expectClose(found, expected, tolerance: 1e-4, "\(isa.name) \(reduction) of \(columns)")
        }
      }
    }
  }

  /// Long sums in the order of memory, as layers that lie channels-last have them.
  @Test(arguments: levels)
  func manyRowsAreReduced(isa: ISA) throws {
    for axis in [0, 1] {
      var maker = GraphMaker()
      let sizes = axis == 0 ? [300_000, 3] : [2, 300_000]
      let x = maker.input(sizes)
      maker.graph.outputs = [
        try maker.node(.reduce(.sum, axes: [axis], keepsAxes: false, noAxesIsIdentity: false), [x]),
        try maker.node(.reduce(.l2, axes: [axis], keepsAxes: false, noAxesIsIdentity: false), [x]),
      ]
      let input = TestTensor(sizes, Array(repeating: 0.9, count: sizes.reduce(1, *)))
      let expected = try evaluateGraph(maker.graph, [input])
      for (i, found) in try run(maker.graph, [input], isa: isa).enumerated() {
        expectClose(found, expected[i], tolerance: 1e-4, "\(isa.name), axis \(axis), output \(i)")
      }
    }
  }

  /// Behind a convolution, in whose layout most are computed.
  @Test func operationsThatHaveKernels() throws {
    let (scales, grid) = (try Constant([4], [1, 1, 2, 2]), try Constant([1, 5, 5, 2], Array(repeating: 0.1, count: 50)))
    let (ones, scale) = (try Constant([6], Array(repeating: 1, count: 6)), try Constant([], [0.5]))
    func reduce(_ reduction: Reduction, _ axes: [Int]) -> Op {
      .reduce(reduction, axes: axes, keepsAxes: false, noAxesIsIdentity: false)
    }
    for (op, parameters, kernel) in [
      (.resize(Resize(.linear)), [nil, scales], "resample"), (.gridSample(GridSample()), [grid], "grid_sample"),
      (.instanceNorm(epsilon: 1), [ones, ones], "channel_norm"),
      (.groupNorm(groups: 3, epsilon: 1), [ones, ones], "channel_norm"),
      (reduce(.sum, [1]), [], "reduce_sum"), (reduce(.l2, [3, 2]), [], "reduce_l2"), (reduce(.minimum, []), [], "reduce_minimum"),
      (.argMax(axis: 1, keepsAxis: true, last: false), [], "arg_max"),
      (.argMin(axis: 3, keepsAxis: false, last: false), [], "arg_min"), (.binary(.greater), [scale], "greater"),
    ] as [(Op, [Constant?], String)] {
      var maker = GraphMaker()
      let x = try maker.conv(maker.input([1, 4, 7, 7]), out: 6, kernel: 3)
      let constants = parameters.enumerated().map { i, constant in
        constant.map { maker.graph.addConstant(Name("c\(i)"), $0) } ?? Node.absent
      }
      maker.graph.outputs = [try maker.node(op, [x] + constants)]
      let kernels = try Model(maker.graph).stepKernels(inputSizes: [[1, 4, 7, 7]])
      #expect(kernels.contains(kernel) && !kernels.contains("reference"), "\(op.name): \(kernels)")
    }
  }

  /// What a mask chooses may take the place of what it chooses from, unless that is read later.
  @Test(arguments: levels)
  func masksOverWhatIsRead(isa: ISA) throws {
    for later in ["neither", "layer", "image"] {
      var maker = GraphMaker()
      let image = try maker.node(.unary(.negate), [maker.input([1, 3, 33, 41])])
      let layer = try maker.conv(image, out: 3, kernel: 3, pad: 1)
      let mask = try maker.node(.binary(.less), [layer, image])
      let chosen = try maker.node(.unary(.negate), [try maker.node(.select, [mask, layer, image])])
      let other = later == "layer" ? layer : later == "image" ? image : maker.input([1])
      maker.graph.outputs = [try maker.node(.binary(.subtract), [chosen, other])]
      let inputs = [TestTensor(random: [1, 3, 33, 41], seed: 3)] + (later == "neither" ? [TestTensor([1], [0.5])] : [])
      let expected = try evaluateGraph(maker.graph, inputs)[0]
      for threads in [1, 3] {
        let found = try run(maker.graph, inputs, isa: isa, threads: threads)[0]
        expectClose(found, expected, "\(isa.name), \(later) is read later, \(threads) threads")
      }
    }
  }

  /// A mask chooses between an image of bytes and what a layer makes of it.
  @Test(arguments: levels)
  func masksOfImages(isa: ISA) throws {
    var maker = GraphMaker()
    let bytes = maker.graph.addInput("bytes", TensorType(.u8, sizes: [1, 3, 33, 41]))
    let image = try maker.node(.cast(.f32), [bytes])
    let layer = try maker.conv(image, out: 3, kernel: 3, pad: 1)
    let mask = try maker.node(.binary(.less), [layer, image])
    maker.graph.outputs = [try maker.node(.select, [mask, layer, image]), layer, image]
    let input = (0..<3 * 33 * 41).map { Double($0 * 7919 % 251) }
    let constant = try makeConstant(.u8, [1, 3, 33, 41], input)
    let kernels = try Model(maker.graph).stepKernels(inputSizes: [[1, 3, 33, 41]])
    #expect(["cast", "less", "select"].allSatisfy(kernels.contains) && !kernels.contains("reference"), "\(kernels)")
    for threads in [1, 3] {
      let session = Session(try Model(maker.graph, isa: isa), pool: try ThreadPool(threads: threads))
      try session.setInput(0, .u8, [1, 3, 33, 41], constant.bytes)
      try session.run()
      let found = try (0..<3).map { Array(try session.output($0).data.bindMemory(to: Float.self)) }
      #expect(found[2] == input.map { Float($0) })
      #expect(found[0] == zip(found[1], found[2]).map { min($0, $1) }, "\(isa.name), \(threads) threads")
    }
  }

  /// Regions of two images, their pixels parts of wider ones on both sides of the pooling.
  @Test(arguments: levels)
  func regionsOfImagesThatArePartsOfOthers(isa: ISA) throws {
    var maker = GraphMaker()
    let x = maker.input([2, 5, 11, 13])
    let wide = try maker.node(
      .concat(axis: 1), [try maker.conv(x, out: 19, kernel: 3, pad: 1), try maker.conv(x, out: 3, kernel: 1)])
    let part = maker.graph.values.count
    for (i, channels) in [19, 3].enumerated() {
      maker.graph.values.append(Value(name: Name("part\(i)"), type: TensorType(.f32, sizes: [2, channels, 11, 13])))
    }
    maker.graph.nodes.append(
      Node(name: "split", op: .split(axis: 1, sizes: [19, 3]), inputs: [wide], outputs: [part, part + 1]))
    let boxes: [Float] = [0.5, 1, 7.5, 9, 4, 3, 30, 8, -3, -2, 2, 1]
    let corners = maker.graph.addConstant("corners", try Constant([3, 4], boxes))
    let images = maker.graph.addConstant("images", try makeConstant(.i64, [3], [1, 0, 1]))
    let regions = maker.graph.addConstant(
      "regions", try Constant([3, 5], [1] + boxes[..<4] + [0] + boxes[4..<8] + [1] + boxes[8...]))
    let aligned = try maker.node(.roiAlign(RoiAlign(height: 3, width: 2)), [part, corners, images])
    let largest = try maker.node(.roiMaxPool(height: 3, width: 2, scale: 1), [part, regions])
    maker.graph.outputs = [try maker.node(.concat(axis: 1), [aligned, largest])]
    let input = [TestTensor(random: [2, 5, 11, 13], seed: 9)]
    let kernels = try Model(maker.graph, isa: isa).stepKernels(inputSizes: [[2, 5, 11, 13]])
    #expect(kernels.contains("roi_align") && kernels.contains("roi_max_pool"))
    expectClose(try run(maker.graph, input, isa: isa)[0], try evaluateGraph(maker.graph, input)[0], isa.name.description)
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
