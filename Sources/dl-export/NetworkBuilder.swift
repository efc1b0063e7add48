import DLGraph
import KernelTypes

/// Builds networks layer after layer, with weights drawn by He et al. 2015: uniform in ±√(6 / inputs of a unit).
struct NetworkBuilder {
  private(set) var graph = Graph()
  private var random: SplitMix64

  init(_ name: Name, seed: UInt64) {
    graph.name = name
    graph.setMetadata("name", .text(name))
    random = SplitMix64(seed)
  }

  mutating func input(_ name: Name, _ dims: [Dim]) -> Int { graph.addInput(name, TensorType(.f32, dims)) }

  /// A free batch size, "N".
  mutating func batch() -> Dim { graph.symbol("N") }

  mutating func layer(_ op: Op, _ inputs: [Int], _ name: Name) throws(DLError) -> Int {
    try graph.addNode(op, inputs, name: name)
  }

  /// `channels` filters of size × size over x [N, C, H, W], with a bias.
  mutating func conv(
    _ x: Int, _ channels: Int, size: Int, _ window: Window, groups: Int = 1, _ name: Name
  ) throws(DLError) -> Int {
    guard let inputs = graph.values[x].type.dims[1].size else { throw DLError(.shapeMismatch, "the channels must be known") }
    let perGroup = inputs / groups
    let weights = try weights(name, [channels, perGroup, size, size], fanIn: perGroup * size * size)
    return try layer(.conv(window, groups: groups), [x, weights, try constant(name + ".bias", [channels], 0)], name)
  }

  /// units outputs from x [N, K], with a bias.
  mutating func dense(_ x: Int, _ units: Int, _ name: Name) throws(DLError) -> Int {
    guard let inputs = graph.values[x].type.dims[1].size else { throw DLError(.shapeMismatch, "the inputs must be known") }
    let weights = try weights(name, [inputs, units], fanIn: inputs)
    return try layer(
      .gemm(transposeA: false, transposeB: false), [x, weights, try constant(name + ".bias", [units], 0)], name)
  }

  mutating func relu(_ x: Int) throws(DLError) -> Int { try layer(.activation(.relu), [x], graph.values[x].name + ".relu") }

  /// Ends the network: x, through a softmax unless `logits`, is its output.
  mutating func finish(_ x: Int, logits: Bool) throws(DLError) -> Graph {
    graph.outputs = [logits ? x : try layer(.softmax(axis: -1), [x], "probabilities")]
    return graph
  }

  mutating func constant(_ name: Name, _ sizes: [Int], _ value: Float) throws(DLError) -> Int {
    graph.addConstant(name, try Constant(sizes, Array(repeating: value, count: sizes.reduce(1, *))))
  }

  mutating func weights(_ name: Name, _ sizes: [Int], fanIn: Int) throws(DLError) -> Int {
    let limit = (6 / Float(fanIn)).squareRoot()
    var values: [Float] = []
    values.reserveCapacity(sizes.reduce(1, *))
    for _ in 0..<sizes.reduce(1, *) { values.append(random.unit() * limit) }
    return graph.addConstant(name + ".weight", try Constant(sizes, values))
  }
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct SplitMix64 {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// In [−1, 1), in steps of 2⁻²³.
  mutating func unit() -> Float { Float(next() >> 40) * 0x1p-23 - 1 }
}

private func + (name: Name, suffix: Name) -> Name { Name(utf8: name.utf8 + suffix.utf8) }
