import ArgumentParser
import DLGraph
import DLZoo
import KernelTypes

/// The networks `sample` knows: those of DLZoo, and two for measurements and tests.
struct Network: ExpressibleByArgument {
  let name: String
  static let names = Architecture.all.map(\.name) + ["trivial", "everyop"]
  static var allValueStrings: [String] { names }

  init?(argument: String) {
    guard Network.names.contains(argument) else { return nil }
    name = argument
  }

  func graph(seed: UInt64, logits: Bool) throws(DLError) -> Graph {
    if let architecture = Architecture.named(name) { return try architecture.graph(seed: seed, logits: logits) }
    var net = NetworkBuilder(Name(name), seed: seed)
    return name == "trivial" ? try net.trivial() : try net.everyop(logits: logits)
  }
}

extension NetworkBuilder {
  /// What a call costs when there is next to nothing to compute.
  fileprivate mutating func trivial() throws(DLError) -> Graph {
    let x = input("x", [.fixed(4)])
    return try finish(layer(.activation(.relu), [x], "y"), logits: true)
  }

  /// Each operation and each attribute at least once, with values that a mistaken order would show.
  fileprivate mutating func everyop(logits: Bool) throws(DLError) -> Graph {
    let image = input("image", [batch(), .fixed(4), .fixed(16), .fixed(12)])
    let uneven = Window(strides: [2, 1], dilations: [1, 2], padBegin: [0, 1], padEnd: [1, 2])
    var x = try conv(image, 6, size: 3, uneven, groups: 2, "conv")
    var normal: [Int] = [x]
    for (name, value) in [("scale", 1.5), ("shift", 0.1), ("mean", -0.2), ("variance", 0.8)] as [(String, Float)] {
      normal.append(try constant(Name("batch_norm.\(name)"), [6], value))
    }
    x = try layer(.batchNorm(epsilon: 1e-5), normal, "batch_norm")
    x = try layer(.activation(.leakyRelu(slope: 0.1)), [x], "leaky_relu")
    x = try layer(.localResponseNorm(size: 3, alpha: 1e-3, beta: 0.75, bias: 2), [x], "local_response_norm")
    let most = try layer(
      .maxPool(kernel: [2, 3], Window(strides: [2, 1], dilations: [1, 1], padBegin: [0, 1], padEnd: [0, 1])), [x], "max_pool")
    let mean = try layer(
      .averagePool(
        kernel: [2, 3], Window(strides: [2, 1], dilations: [1, 1], padBegin: [0, 1], padEnd: [0, 1]), countPadding: true),
      [x], "average_pool")
    x = try layer(.concat(axis: 1), [most, mean], "concat")
    let top = try layer(.globalMaxPool, [x], "global_max_pool")
    let gate = try layer(.activation(.sigmoid), [layer(.globalAveragePool, [x], "global_average_pool")], "sigmoid")
    x = try layer(.add, [layer(.multiply, [x, gate], "multiply"), top], "add")
    x = try layer(.activation(.tanh), [x], "tanh")
    x = try layer(.reshape([0, 6, -1]), [x], "reshape")
    x = try layer(.dropout(rate: 0.25), [layer(.flatten(axis: 1), [x], "flatten")], "dropout")
    x = try layer(.activation(.identity), [relu(dense(x, 7, "gemm"))], "identity")
    let transposed = try weights("gemm_transposed", [5, 7], fanIn: 7)
    x = try layer(.gemm(transposeA: false, transposeB: true), [x, transposed], "gemm_transposed")
    return try finish(x, logits: logits)
  }
}
