import DLGraph
import KernelTypes

extension Rewriter {
  /// A reshape of a reshape is one reshape, and functions of single elements are computed before a reshape, where they can become
  /// part of the layer that computes them.
  mutating func mergeShapes(_ node: Node) -> Bool {
    let x = node.inputs[0]
    guard x != Node.absent, let before = producing(x), keepsElements(before.op) else { return false }
    if keepsElements(node.op), let sizes = reshapeSizes(node.outputs[0]) {
      return replace(node, by: .reshape(sizes, zeroIsSize: true), [before.inputs[0]])
    }
    if case .activation = node.op, isReadOnce(x), let layer = producing(before.inputs[0]), isReadOnce(before.inputs[0]) {
      switch layer.op {
      case .conv, .convTranspose, .gemm, .matmul: break
      default: return false
      }
      guard let activated = add(node.op, [before.inputs[0]], like: node) else { return false }
      return replace(node, by: before.op, [activated] + before.inputs.dropFirst())
    }
    return false
  }

  private func keepsElements(_ op: Op) -> Bool {
    switch op {
    case .reshape, .flatten, .squeeze, .unsqueeze: true
    default: false
    }
  }

  /// A value's sizes as those of a reshape, which leaves at most one open.
  private func reshapeSizes(_ value: Int) -> [Int]? {
    let sizes = type(value).dims.map { $0.size ?? -1 }
    return sizes.count(where: { $0 == -1 }) > 1 || sizes.contains(0) ? nil : sizes
  }

  /// Transposes one after the other are one, or none.
  mutating func mergePermutations(_ node: Node) -> Bool {
    guard case .transpose(let second) = node.op, let before = producing(node.inputs[0]),
      case .transpose(let first) = before.op, !first.isEmpty, first.count == second.count
    else { return false }
    return replace(node, by: .transpose(second.map { first[$0] }), [before.inputs[0]])
  }
}
