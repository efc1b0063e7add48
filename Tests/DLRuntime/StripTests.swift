import DLGraph
import KernelTypes
import TestSupport
import Testing

@testable import DLRuntime

/// Chains of convolutions that are computed strip by strip.
@Suite struct StripTests {
  /// A convolution: depthwise if `out` is nil.
  struct Layer: Sendable {
    var out: Int?
    var kernel: Int
    var stride = 1
    var pad: (begin: [Int], end: [Int])

    init(_ out: Int?, kernel: Int = 1, stride: Int = 1, pad: Int = 0) {
      (self.out, self.kernel, self.stride) = (out, kernel, stride)
      self.pad = ([pad, pad], [pad, pad])
    }
  }

  struct Chain: Sendable, CustomTestStringConvertible {
    var name: String
    var input: [Int]
    var layers: [Layer]
    /// Whether the input is added to the output, and whether it is joined to it.
    var residual = false
    var joined = false
    /// The kernels of the steps, but for changes of layout.
    var steps: [String]
    var testDescription: String { name }
  }

  private static func uneven(_ layer: Layer, _ begin: [Int], _ end: [Int]) -> Layer {
    var layer = layer
    layer.pad = (begin, end)
    return layer
  }

  static let chains: [Chain] = [
    Chain(
      name: "residual", input: [1, 8, 130, 141], layers: [Layer(32), Layer(nil, kernel: 3, pad: 1), Layer(8)], residual: true,
      steps: ["conv_strips"]),
    Chain(
      name: "part of a whole", input: [1, 9, 130, 141], layers: [Layer(32), Layer(nil, kernel: 3, pad: 1), Layer(8)],
      joined: true, steps: ["conv_strips"]),
    Chain(
      name: "stride 2", input: [1, 8, 131, 139], layers: [Layer(33), Layer(nil, kernel: 3, stride: 2, pad: 1), Layer(5)],
      steps: ["conv_strips", "conv"]),
    Chain(
      name: "5 × 5", input: [1, 6, 127, 130], layers: [Layer(35), Layer(nil, kernel: 5, pad: 2), Layer(24)],
      steps: ["conv_strips"]),
    Chain(
      name: "5 × 5, stride 2, of three images", input: [3, 4, 81, 77],
      layers: [Layer(32), Layer(nil, kernel: 5, stride: 2, pad: 2), Layer(9)], steps: ["conv_strips", "conv"]),
    Chain(
      name: "first layer", input: [1, 3, 281, 273],
      layers: [Layer(32, kernel: 3, stride: 2, pad: 1), Layer(nil, kernel: 3, pad: 1), Layer(16)], steps: ["conv_strips"]),
    Chain(
      name: "uneven padding, and none", input: [2, 5, 130, 120],
      layers: [
        Layer(32), uneven(Layer(nil, kernel: 3, stride: 2), [0, 1], [1, 2]), Layer(100), Layer(nil, kernel: 5), Layer(40),
      ],
      steps: ["conv_strips", "conv_strips"]),
    // The bottom's band alone is copied, while the last layer's input has rows of the strip before.
    Chain(
      name: "padding below alone, first", input: [1, 3, 282, 273],
      layers: [uneven(Layer(32, kernel: 3, stride: 2), [0, 0], [1, 0]), Layer(48), Layer(nil, kernel: 3)],
      steps: ["conv_strips"]),
    Chain(
      name: "padding below alone, between", input: [1, 8, 190, 121],
      layers: [Layer(26), uneven(Layer(40, kernel: 3, stride: 2), [0, 0], [1, 0]), Layer(nil, kernel: 3), Layer(9)],
      steps: ["conv_strips", "depthwise_conv", "conv"]),
    Chain(
      name: "padding of a layer between", input: [1, 8, 140, 141],
      layers: [Layer(31), Layer(13, kernel: 3, pad: 1), Layer(nil, kernel: 3, pad: 1), Layer(9)],
      steps: ["conv_strips", "depthwise_conv", "conv"]),
    Chain(
      name: "two depthwise, windows apart", input: [1, 32, 135, 133],
      layers: [Layer(nil, kernel: 3, pad: 1), Layer(64), Layer(nil, kernel: 3, pad: 2), Layer(7, stride: 3)],
      steps: ["depthwise_conv", "conv_strips"]),
    Chain(
      name: "higher than wide", input: [1, 3, 6001, 5], layers: [Layer(20), Layer(nil, kernel: 3, stride: 2, pad: 1), Layer(2)],
      steps: ["conv_strips", "conv"]),
  ]

  /// The graph of a chain; `kept`: with each value an output, so that all exist as a whole.
  private func graph(_ chain: Chain, kept: Bool) throws -> Graph {
    var maker = GraphMaker(seed: 7)
    let x = maker.input(chain.input)
    var values = [x]
    for layer in chain.layers {
      let from = values[values.count - 1]
      let channels = maker.graph.values[from].type.dims[1].size!
      let groups = layer.out == nil ? channels : 1
      let w = try maker.constant(
        [layer.out ?? channels, channels / groups, layer.kernel, layer.kernel],
        fanIn: channels / groups * layer.kernel * layer.kernel)
      let window = Window(
        strides: [layer.stride, layer.stride], dilations: [1, 1], padBegin: layer.pad.begin, padEnd: layer.pad.end)
      let y = try maker.node(.conv(window, groups: groups), [from, w, try maker.constant([layer.out ?? channels])])
      values.append(y)
      if values.count <= chain.layers.count {
        values[values.count - 1] = try maker.node(.activation(values.count % 2 == 0 ? .relu : .silu(alpha: 1)), [y])
      }
    }
    if chain.residual { values.append(try maker.node(.add, [values.removeLast(), x])) }
    if chain.joined { values.append(try maker.node(.concat(axis: 1), [values.removeLast(), x])) }
    maker.graph.outputs = [values[values.count - 1]] + (kept ? values.dropFirst().dropLast() : [])
    return maker.graph
  }

  @Test(arguments: levels, chains)
  func stripsHaveTheBitsOfTheWhole(isa: ISA, chain: Chain) throws {
    let (strips, whole) = (try graph(chain, kept: false), try graph(chain, kept: true))
    func steps(_ graph: Graph) throws -> [String] {
      try Model(graph, isa: isa).stepKernels(inputSizes: [chain.input], threads: 3).filter { $0 != "transpose" }
    }
    #expect(try steps(strips) == chain.steps)
    #expect(!(try steps(whole)).contains("conv_strips"))
    try expectSameBits(strips, as: whole, chain.input, isa: isa)
  }

  /// Its step has the work of all its nodes, and the values between take no memory.
  @Test func profileAndPlanShowTheChain() throws {
    let chain = StripTests.chains[0]
    let model = try Model(try graph(chain, kept: false))
    let plan = try PlanDescription(model, inputSizes: [chain.input], threads: 2).stages[0]
    let convolutions = plan.nodes.filter { $0.op.description == "conv" }
    #expect(convolutions.map { $0.isInParts } == [true, true, false])
    #expect(convolutions.allSatisfy { $0.kernel?.description == "conv_strips" })
    #expect(convolutions.dropLast().allSatisfy { $0.offset == nil })
    let whole = try PlanDescription(try Model(try graph(chain, kept: true)), inputSizes: [chain.input], threads: 2).stages[0]
    #expect(plan.liveBytes < whole.liveBytes)

    let session = Session(model, pool: try ThreadPool(threads: 2))
    session.profiling = true
    _ = try run(session, [TestTensor(random: chain.input, seed: 3)])
    let profile = try session.profile()
    let entries = (0..<profile.count).map { profile[$0] }.filter { $0.kernel.description == "conv_strips" }
    #expect(entries.map { $0.flops } == [convolutions.reduce(0) { $0 + $1.flops }])
    let between = 2 * 2 * 4 * 32 * 130 * 141
    #expect(entries.map { $0.bytes } == [convolutions.reduce(0) { $0 + $1.bytes } - between])
  }
}
