import DLGraph
import DLRuntime
import KernelTypes
import TestSupport
import Testing

@Suite struct NetworkTests {
  /// Layouts, fusions and memory reuse in whatever order a model may have them: random networks against the reference.
  @Test(arguments: levels)
  func randomNetworksMatchTheReference(isa: ISA) throws {
    for seed in 0..<60 as Range<UInt64> {
      let (graph, inputs) = try randomNetwork(seed: seed)
      let expected = try evaluateGraph(graph, inputs)
      for threads in [1, 3] {
        for (i, found) in try run(graph, inputs, isa: isa, threads: threads).enumerated() {
          expectClose(found, expected[i], tolerance: 1e-4, "\(isa.name), network \(seed), output \(i), \(threads) threads")
        }
      }
    }
  }

  @Test func threadsAndRepetitionDoNotChangeABit() throws {
    var maker = GraphMaker()
    let x = maker.input([3, 3, 33, 35])
    var y = try maker.node(.activation(.relu), [try maker.conv(x, out: 24, kernel: 3, pad: 1)])
    y = try maker.node(.maxPool(kernel: [2, 2], Window(stride: 2)), [y])
    y = try maker.conv(y, out: 40, kernel: 3, pad: 1)
    y = try maker.node(.localResponseNorm(size: 5, alpha: 1e-4, beta: 0.75, bias: 1), [y])
    y = try maker.dense(try maker.node(.flatten(axis: 1), [y]), out: 100)
    maker.graph.outputs = [try maker.node(.softmax(axis: 1), [y])]
    let input = [TestTensor(random: [3, 3, 33, 35], seed: 5)]
    let once = try run(maker.graph, input)
    for threads in [1, 2, 3, 8] {
      let session = Session(try Model(maker.graph), pool: try ThreadPool(threads: threads))
      for _ in 0..<20 { #expect(try run(session, input) == once) }
    }
  }

  /// Row i of a batch has the bits it has alone.
  @Test func batchDoesNotChangeABit() throws {
    var maker = GraphMaker()
    let n = maker.graph.symbol("N")
    let x = maker.graph.addInput("x", TensorType(.f32, [n, .fixed(1), .fixed(28), .fixed(28)]))
    var y = try maker.node(.activation(.relu), [try maker.conv(x, out: 6, kernel: 5, pad: 2)])
    y = try maker.node(.maxPool(kernel: [2, 2], Window(stride: 2)), [y])
    y = try maker.node(.activation(.tanh), [try maker.conv(y, out: 16, kernel: 5)])
    y = try maker.node(
      .flatten(axis: 1), [try maker.node(.averagePool(kernel: [2, 2], Window(stride: 2), countPadding: false), [y])])
    maker.graph.outputs = [try maker.dense(try maker.node(.activation(.sigmoid), [try maker.dense(y, out: 120)]), out: 10)]
    let batch = TestTensor(random: [17, 1, 28, 28], seed: 3)
    let session = Session(try Model(maker.graph), pool: try ThreadPool(threads: 2))
    let together = try run(session, [batch])[0]
    for i in 0..<17 {
      let one = TestTensor([1, 1, 28, 28], Array(batch.values[i * 784..<(i + 1) * 784]))
      #expect(try run(session, [one])[0] == Array(together[i * 10..<(i + 1) * 10]), "row \(i)")
    }
  }

  @Test func outputsMayBeInputsConstantsAndEachOther() throws {
    var maker = GraphMaker()
    let x = maker.input([2, 3])
    let c = try maker.constant([2, 2])
    let y = try maker.node(.activation(.relu), [x])
    let flat = try maker.node(.reshape([6]), [x])
    let again = maker.graph.values.count
    maker.graph.values.append(Value(name: "again", type: TensorType(.f32, sizes: [2, 3])))
    maker.graph.nodes.append(Node(name: "drop", op: .dropout(rate: 0.5), inputs: [y], outputs: [again]))
    maker.graph.outputs = [x, c, y, flat, again]
    let input = TestTensor(random: [2, 3], seed: 9)
    let found = try run(maker.graph, [input])
    let relu = input.values.map { max($0, 0) }
    #expect(found == [input.values, Array(maker.graph.values[c].constant!.floats), relu, input.values, relu])
  }

  @Test func batchNormsAreFoldedIntoLayers() throws {
    var maker = GraphMaker()
    let x = maker.input([2, 3, 9, 7])
    var y = try maker.batchNorm(try maker.conv(x, out: 5, kernel: 3))
    y = try maker.batchNorm(try maker.node(.activation(.relu), [y]))
    y = try maker.node(.flatten(axis: 1), [y])
    maker.graph.outputs = [try maker.batchNorm(try maker.dense(y, out: 6))]
    let input = [TestTensor(random: [2, 3, 9, 7], seed: 4)]
    expectClose(try run(maker.graph, input)[0], try evaluateGraph(maker.graph, input)[0], "folded")
    // The first and the last are part of the weights; the middle one follows a ReLU and stays: two steps.
    let names = try Model(maker.graph).stepKernels(inputSizes: [[2, 3, 9, 7]])
    #expect(names == ["transpose", "conv", "scale", "shift", "gemm"])
  }
}

/// A network of a few random layers with one to three outputs.
func randomNetwork(seed: UInt64) throws -> (Graph, [TestTensor]) {
  var random = SplitMix64(seed: seed)
  var maker = GraphMaker(seed: seed &* 1000)
  let size =
    [Int.random(in: 1...3, using: &random), Int.random(in: 1...9, using: &random)]
    + [Int.random(in: 6...14, using: &random), Int.random(in: 6...14, using: &random)]
  let x = maker.input(size)
  var images = [x]
  for _ in 0..<Int.random(in: 3...9, using: &random) {
    let a = images.randomElement(using: &random)!
    images.append(try randomLayer(&maker, a, images, &random))
  }
  var outputs = [images.last!]
  if Bool.random(using: &random) {
    let rows = try maker.node(.flatten(axis: 1), [images.randomElement(using: &random)!])
    outputs.append(try maker.node(.activation(.leakyRelu(slope: 0.1)), [try maker.dense(rows, out: 11)]))
  }
  if Bool.random(using: &random) { outputs.append(images.dropFirst().randomElement(using: &random)!) }
  maker.graph.outputs = outputs.enumerated().filter { i, output in !outputs[..<i].contains(output) }.map { $0.element }
  return (maker.graph, [TestTensor(random: size, seed: seed)])
}

private func randomLayer(
  _ maker: inout GraphMaker, _ a: Int, _ images: [Int], _ random: inout SplitMix64
) throws -> Int {
  let dims = maker.graph.values[a].type.sizes!
  let same = images.filter { maker.graph.values[$0].type.sizes! == dims }.randomElement(using: &random)!
  switch Int.random(in: 0..<23, using: &random) {
  case 0, 1: return try maker.conv(a, out: Int.random(in: 1...20, using: &random), kernel: 3, pad: 1)
  case 2: return try maker.conv(a, out: dims[1], kernel: 3, stride: 2, pad: 1, groups: dims[1])
  case 3: return try maker.conv(a, out: 7, kernel: 1)
  case 4: return try maker.node(.maxPool(kernel: [2, 2], Window(stride: 1)), [a])
  case 5:
    return try maker.node(
      .averagePool(kernel: [3, 3], Window(stride: 2, pad: 1), countPadding: Bool.random(using: &random)), [a])
  case 6:
    return try maker.node(.activation([.relu, .sigmoid, .tanh, .leakyRelu(slope: 0.2)].randomElement(using: &random)!), [a])
  case 7: return try maker.batchNorm(a)
  case 8: return try maker.node(.add, [a, same])
  case 9: return try maker.node(.multiply, [a, try maker.constant([dims[3]])])
  case 10:
    // An input of another height and width cannot be joined; one of the same can, whatever its channels.
    let mate = images.filter { maker.graph.values[$0].type.sizes!.dropFirst(2) == dims.dropFirst(2) }.randomElement(
      using: &random)!
    return try maker.node(.concat(axis: 1), [a, mate, a])
  case 11: return try maker.node(.softmax(axis: [1, 3, 2].randomElement(using: &random)!), [a])
  case 12: return try maker.node(.reshape([0, -1, dims[2], dims[3]]), [a])
  case 13:
    // Squeeze and excite.
    let s = try maker.conv(try maker.node(.globalAveragePool, [a]), out: dims[1], kernel: 1)
    return try maker.node(.multiply, [a, try maker.node(.activation(.sigmoid), [s])])
  case 14:
    // A residual block whose inside others may read too.
    let y = try maker.conv(a, out: dims[1], kernel: 3, pad: 1)
    return try maker.node(.activation(.relu), [try maker.node(.add, [same, y])])
  case 15:
    return try maker.node(.concat(axis: 1), [try maker.conv(a, out: 5, kernel: 1), try maker.conv(a, out: 9, kernel: 3, pad: 1)])
  case 16:
    let mode = [Resize.Mode.nearest, .linear, .cubic].randomElement(using: &random)!
    let scales = try Constant([4], [1, 1, 0.7, 1.5].shuffledTail(using: &random))
    return try maker.node(.resize(Resize(mode)), [a, Node.absent, maker.graph.addConstant(Name("s\(a)"), scales)])
  case 17:
    let parameters = [try maker.constant([dims[1]], from: 0.5, to: 1.5), try maker.constant([dims[1]])]
    let isInstance = dims[1] % 2 == 1 || Bool.random(using: &random)
    return try maker.node(isInstance ? .instanceNorm(epsilon: 0.01) : .groupNorm(groups: 2, epsilon: 0.01), [a] + parameters)
  case 18, 19:
    // What is left, one or more axes of size 1, is spread over all again.
    let axes = [[1], [2], [-1], [1, 2], [2, 3], [3, 0]].randomElement(using: &random)!
    let reduction = [Reduction.sum, .mean, .maximum, .minimum, .l1, .l2].randomElement(using: &random)!
    let y = try maker.node(.reduce(reduction, axes: axes, keepsAxes: true, noAxesIsIdentity: false), [a])
    return try maker.node(.binary(.maximum), [a, y])
  case 20:
    // As many channels as make groups of two.
    let wide = try maker.conv(a, out: 2 * dims[1], kernel: 1)
    return try maker.conv(wide, out: 3 * dims[1], kernel: 3, pad: 1, groups: dims[1])
  case 21:
    let grid = try maker.constant([dims[0], dims[2], dims[3], 2], from: -1.1, to: 1.1)
    let y = try maker.node(.gridSample(GridSample(padding: .border)), [a, grid])
    return try maker.node(.concat(axis: 1), [y, a])
  default: return try maker.node(.dropout(rate: 0.5), [a])
  }
}

extension [Float] {
  /// The last two in either order.
  fileprivate func shuffledTail(using random: inout SplitMix64) -> [Float] { dropLast(2) + suffix(2).shuffled(using: &random) }
}
