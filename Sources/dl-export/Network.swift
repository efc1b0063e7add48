import ArgumentParser
import DLGraph
import KernelTypes

/// The networks `sample` knows.
enum Network: String, CaseIterable, ExpressibleByArgument {
  case lenet5, alexnet, mlp, trivial, everyop

  func graph(seed: UInt64, logits: Bool) throws(DLError) -> Graph {
    var net = NetworkBuilder(Name(rawValue), seed: seed)
    switch self {
    case .lenet5: return try net.lenet5(logits: logits)
    case .alexnet: return try net.alexnet(logits: logits)
    case .mlp: return try net.mlp(logits: logits)
    case .trivial:
      let x = net.input("x", [.fixed(4)])
      return try net.finish(net.layer(.activation(.relu), [x], "y"), logits: true)
    case .everyop: return try net.everyop(logits: logits)
    }
  }
}

extension NetworkBuilder {
  private mutating func setDigitMetadata() {
    setMetadata("labels", .texts((0..<10).map { Name("\($0)") }))
    setMetadata("preprocess.input", .text("image"))
    setMetadata("preprocess.color", .text("gray"))
    setMetadata("preprocess.resize", .text("stretch"))
    setMetadata("preprocess.scale", .real(1 / 255))
    setMetadata("preprocess.mean", .reals([0.1307]))
    setMetadata("preprocess.std", .reals([0.3081]))
  }

  fileprivate mutating func lenet5(logits: Bool) throws(DLError) -> Graph {
    let pool = Op.maxPool(kernel: [2, 2], Window(stride: 2))
    setDigitMetadata()
    var x = input("image", [batch(), .fixed(1), .fixed(28), .fixed(28)])
    x = try relu(conv(x, 6, size: 5, Window(pad: 2), "conv1"))
    x = try layer(pool, [x], "pool1")
    x = try relu(conv(x, 16, size: 5, Window(), "conv2"))
    x = try layer(pool, [x], "pool2")
    x = try layer(.flatten(axis: 1), [x], "flatten")
    x = try relu(dense(x, 120, "fc1"))
    x = try relu(dense(x, 84, "fc2"))
    return try finish(dense(x, 10, "fc3"), logits: logits)
  }

  /// The two columns of the paper are groups; its response normalisation has k = 2, n = 5, α = 10⁻⁴ for each channel, β = 0.75.
  fileprivate mutating func alexnet(logits: Bool) throws(DLError) -> Graph {
    let pool = Op.maxPool(kernel: [3, 3], Window(stride: 2))
    let norm = Op.localResponseNorm(size: 5, alpha: 5e-4, beta: 0.75, bias: 2)
    setMetadata("preprocess.input", .text("image"))
    setMetadata("preprocess.color", .text("rgb"))
    setMetadata("preprocess.resize", .text("shortest_side"))
    setMetadata("preprocess.resize_size", .integer(256))
    setMetadata("preprocess.crop", .text("center"))
    setMetadata("preprocess.scale", .real(1 / 255))
    setMetadata("preprocess.mean", .reals([0.485, 0.456, 0.406]))
    setMetadata("preprocess.std", .reals([0.229, 0.224, 0.225]))
    var x = input("image", [batch(), .fixed(3), .fixed(227), .fixed(227)])
    x = try relu(conv(x, 96, size: 11, Window(stride: 4), "conv1"))
    x = try layer(pool, [layer(norm, [x], "norm1")], "pool1")
    x = try relu(conv(x, 256, size: 5, Window(pad: 2), groups: 2, "conv2"))
    x = try layer(pool, [layer(norm, [x], "norm2")], "pool2")
    x = try relu(conv(x, 384, size: 3, Window(pad: 1), "conv3"))
    x = try relu(conv(x, 384, size: 3, Window(pad: 1), groups: 2, "conv4"))
    x = try relu(conv(x, 256, size: 3, Window(pad: 1), groups: 2, "conv5"))
    x = try layer(pool, [x], "pool5")
    x = try layer(.flatten(axis: 1), [x], "flatten")
    x = try layer(.dropout(rate: 0.5), [relu(dense(x, 4096, "fc6"))], "drop6")
    x = try layer(.dropout(rate: 0.5), [relu(dense(x, 4096, "fc7"))], "drop7")
    return try finish(dense(x, 1000, "fc8"), logits: logits)
  }

  fileprivate mutating func mlp(logits: Bool) throws(DLError) -> Graph {
    var x = input("x", [batch(), .fixed(784)])
    x = try relu(dense(x, 256, "fc1"))
    x = try relu(dense(x, 128, "fc2"))
    return try finish(dense(x, 10, "fc3"), logits: logits)
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
