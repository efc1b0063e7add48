import DLGraph
import KernelTypes

extension Rewriter {
  /// A mean or maximum over all spatial axes is a global pool.
  mutating func useGlobalPool(_ node: Node) -> Bool {
    guard case .reduce(let reduction, let given, let keepsAxes, _) = node.op else { return false }
    let x = node.inputs[0]
    let rank = type(x).rank
    guard rank >= 3, type(x).dtype == .f32, reduction == .mean || reduction == .maximum else { return false }
    let axes = node.inputs.count > 1 && node.inputs[1] != Node.absent ? integers(node.inputs[1]) : given
    guard let axes, axes.count == rank - 2,
      (2..<rank).allSatisfy({ axis in axes.contains { $0 == axis || $0 + rank == axis } })
    else { return false }
    let op: Op = reduction == .mean ? .globalAveragePool : .globalMaxPool
    if keepsAxes { return replace(node, by: op, [x]) }
    guard let pooled = add(op, [x], like: node) else { return false }
    return replace(node, by: .flatten(axis: 1), [pooled])
  }

  /// A product of two matrices, the second constant, is a fully connected layer.
  mutating func useGemm(_ node: Node) -> Bool {
    guard case .matmul = node.op, type(node.inputs[0]).rank == 2, let weights = constant(node.inputs[1]),
      weights.sizes.count == 2, weights.dtype.isFloat
    else { return false }
    return replace(node, by: .gemm(transposeA: false, transposeB: false), node.inputs)
  }
}
