import DLGraph

// Operations that move elements of any type.

extension Lowering {
  /// Moves elements in the layout that x has, where the output can have it too. False for other operations.
  mutating func move(_ node: Node) -> Bool {
    let x = node.inputs[0]
    let rank = graph.values[x].type.rank
    let keepsAxes = graph.values[node.outputs[0]].type.rank == rank
    let isImage = rank >= 3 && channelsLast[x] != nil
    switch node.op {
    case .slice, .pad, .tile, .depthToSpace, .spaceToDepth: move(node, from: isImage ? .channelsLast : .rowMajor)
    case .expand: move(node, from: isImage && keepsAxes ? .channelsLast : .rowMajor)
    case .transpose:
      let layout: Layout = isImage && rowMajor[x] == nil ? .channelsLast : .rowMajor
      emit(node, .move, [value(x, in: layout)] + parameters(node), .rowMajor)
    default: return false
    }
    return true
  }

  private mutating func move(_ node: Node, from layout: Layout) {
    emit(node, .move, [value(node.inputs[0], in: layout)] + parameters(node), layout)
  }
}
