import DLGraph
import KernelTypes

extension Rewriter {
  /// Operations that change nothing: their readers read their input.
  mutating func removeIdentity(_ node: Node) -> Bool {
    guard node.outputs.count == 1, let kept = unchanged(node) else { return false }
    replace(node.outputs[0], by: kept)
    return true
  }

  /// The input that a node hands on.
  private func unchanged(_ node: Node) -> Int? {
    let x = node.inputs[0]
    let y = node.outputs[0]
    switch node.op {
    case .dropout, .activation(.identity): return x
    case .cast(let dtype): return type(x).dtype == dtype ? x : nil
    case .reshape, .flatten, .squeeze, .unsqueeze, .expand, .tile: return sameSizes(x, y) ? x : nil
    case .concat: return node.inputs.count == 1 ? x : nil
    case .transpose(let permutation):
      return !permutation.isEmpty && permutation == Array(permutation.indices) || type(x).rank == 1 ? x : nil
    case .slice:
      // Backwards, a slice of everything is another order.
      let steps = node.inputs.count > 4 && node.inputs[4] != Node.absent ? integers(node.inputs[4]) : [1]
      return sameSizes(x, y) && steps.map { $0.allSatisfy { $0 == 1 } } ?? false ? x : nil
    case .pad: return integers(node.inputs[1]).map { $0.allSatisfy { $0 == 0 } } ?? false ? x : nil
    case .binary(let function): return unchanged(function, node.inputs, y)
    default: return nil
    }
  }

  /// The operand that an operation with a neutral element keeps.
  private func unchanged(_ function: BinaryFunction, _ inputs: [Int], _ y: Int) -> Int? {
    for (i, x) in inputs.enumerated() {
      guard let other = scalar(inputs[1 - i]), sameSizes(x, y) else { continue }
      switch function {
      case .add: if other == 0 { return x }
      case .multiply: if other == 1 { return x }
      case .subtract: if i == 0 && other == 0 { return x }
      case .divide, .power: if i == 0 && other == 1 { return x }
      default: break
      }
    }
    return nil
  }
}
