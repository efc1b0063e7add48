import DLGraph
import KernelTypes

/// How a tensor lies in memory. The logical shape is the model's own in both.
enum Layout: Hashable {
  case rowMajor
  /// [N, C, spatial…] with the channels innermost: NHWC.
  case channelsLast

  /// The dimensions from outermost to innermost in memory.
  func order(rank: Int) -> [Int] { self == .channelsLast ? [0] + Array(2..<rank) + [1] : Array(0..<rank) }
}

/// Where a value of a program comes from.
enum Source {
  case input(Int)
  case constant(Constant)
  /// A constant whose elements nothing reads any more, or only in a packed form.
  case packed
  /// Index into `Program.nodes`.
  case node(Int)
}

struct ProgramValue {
  var name: Name
  var type: TensorType
  var layout: Layout
  var source: Source
  /// How many nodes and outputs of the program read it.
  var readers = 0
}

/// What a layer does to each result before it stores it: adds a residual, then applies a function.
struct Epilogue {
  /// A program value of the result's sizes, or, of a fully connected layer, one row that is added to all.
  var residual: Int?
  var activation = Activation.identity
}

/// Outputs of a transposed convolution that lie a stride apart, or neighbours that do: a convolution of its own.
struct TransposedPhase {
  /// From `KernelSet.packConv`.
  var panels: Storage
  var layer: ConvLayer
  /// Its first outputs.
  var row: Int, columns: Range<Int>
  /// From an output to the next.
  var rowStep: Int, columnStep: Int
}

/// What a node does, with its weights made ready for the kernels.
enum Operation {
  /// panels: `KernelSet.packConv`.
  case conv(Storage, ConvLayer)
  /// panels: `KernelSet.pack`.
  case gemm(Storage, depth: Int, columns: Int)
  /// joined: the same with the columns of a row as one convolution, of a dense output as wide as some strides; empty: not so.
  case convTranspose([TransposedPhase], joined: [TransposedPhase])
  /// `matmul`, `gemm` or `einsum` of two computed tensors; what is no product of matrices is left to the reference.
  case contraction
  /// Over axes that are neighbours in memory, what is left in the order it has there.
  case reduce(Reduction, axes: [Int])
  /// The place of the first largest or smallest number along an axis.
  case argExtreme(axis: Int, isMaximum: Bool)
  /// Numbers broadcast to one shape, to bool.
  case compare(BinaryFunction)
  /// The second input where the first is true, elsewhere the third, broadcast to one shape.
  case select
  /// u8 and bool to f32.
  case widenBytes
  /// Each of so many groups of channels, nil: each channel, to mean 0 and variance 1; then scale and shift by channel.
  case channelNorm(groups: Int?, epsilon: Float)
  /// Of the axes of space; scales: nil where sizes are given.
  case resize(Resize, scales: Constant?)
  case gridSample(GridSample)
  case roiMaxPool(scale: Float)
  /// The mean of the samples, not the maximum.
  case roiAlign(RoiAlign)
  case pool(PoolCall.Kind, WindowGeometry)
  case globalPool(PoolCall.Kind)
  case activate(Activation)
  case unary(UnaryFunction)
  /// Along the dimension that is innermost in memory.
  case softmax(axis: Int)
  /// Rows of the dimension that is innermost in memory; scale and shift, if any, are the second and third input.
  case normalise(NormaliseCall.Kind)
  case localResponseNorm(size: Int, alpha: Float, beta: Float, bias: Float)
  /// By channel; scale, then shift, of `channels` floats each.
  case affine(Storage, channels: Int)
  /// Broadcast to one shape.
  case binary(BinaryFunction)
  case concat(axis: Int)
  case split(axis: Int)
  /// Elements moved as the node's operation says: `Movement`.
  case move
  /// The same elements in the same order in memory under another shape.
  case view
  case changeLayout(from: Layout, to: Layout)
  /// The naive kernel, over row-major tensors.
  case reference

  /// Packed weights.
  var weights: [Storage] {
    switch self {
    case .conv(let panels, _), .gemm(let panels, depth: _, columns: _), .affine(let panels, channels: _): [panels]
    case .convTranspose(let phases, let joined): (phases + joined).map { $0.panels }
    default: []
    }
  }
}

final class ProgramNode {
  let name: Name
  /// What the shape of the output follows from; nil: it is that of the input.
  let op: Op?
  let operation: Operation
  /// Indices into `Program.values`, constants included; `Node.absent` where the operation does without.
  let inputs: [Int]
  let outputs: [Int]
  /// Of a convolution or fully connected layer.
  let epilogue: Epilogue

  /// The first output.
  var output: Int { outputs[0] }
  /// The values it reads.
  var reads: [Int] { inputs.filter { $0 != Node.absent } + (epilogue.residual.map { [$0] } ?? []) }

  init(name: Name, op: Op?, operation: Operation, inputs: [Int], outputs: [Int], epilogue: Epilogue = Epilogue()) {
    self.name = name
    self.op = op
    self.operation = operation
    self.inputs = inputs
    self.outputs = outputs
    self.epilogue = epilogue
  }
}

/// A graph lowered for one kernel set: layouts chosen, activations fused, weights packed. It still fits any input sizes.
struct Program {
  var values: [ProgramValue] = []
  var nodes: [ProgramNode] = []
  var inputs: [Int] = []
  var outputs: [Int] = []
  /// Bytes of packed weights.
  var packedBytes = 0

  /// The first input, and its axis, of a size.
  func firstUse(of dim: Dim) -> (input: Int, axis: Int)? {
    for (i, v) in inputs.enumerated() {
      if let axis = values[v].type.dims.firstIndex(of: dim) { return (i, axis) }
    }
    return nil
  }

  /// Drops the nodes that no output needs: layouts that were made and then not used, layers without what was fused into them.
  mutating func removeDeadNodes() {
    var live = Array(repeating: false, count: values.count)
    func read(_ value: Int) {
      live[value] = true
      values[value].readers += 1
    }
    for output in outputs { read(output) }
    var kept: [ProgramNode] = []
    for node in nodes.reversed() where node.outputs.contains(where: { $0 != Node.absent && live[$0] }) {
      for input in node.reads { read(input) }
      kept.append(node)
    }
    nodes = kept.reversed()
    for v in values.indices where !live[v] {
      if case .constant = values[v].source { values[v].source = .packed }
    }
    for (n, node) in nodes.enumerated() {
      for output in node.outputs where output != Node.absent { values[output].source = .node(n) }
    }
  }
}
