import DLGraph
import KernelTypes

// What reads between pixels.

extension Lowering {
  mutating func resize(_ node: Node, _ resize: Resize) {
    let (x, y) = (graph.values[node.inputs[0]].type, graph.values[node.outputs[0]].type)
    let input = node.inputs.count > 2 ? node.inputs[2] : Node.absent
    let scales = input == Node.absent ? nil : graph.values[input].constant
    guard x.dtype == .f32, 3...5 ~= x.rank, resize.coordinates != .cropAndResize, (input == Node.absent) == (scales == nil),
      scales != nil || resize.aspect == .stretch, scales?.dtype ?? .f32 == .f32
    else { return reference(node) }
    for (i, axis) in resize.resolvedAxes(rank: x.rank).enumerated() where axis < 2 {
      // What is as large as before may have been scaled a little all the same.
      let isSame = scales.map { $0.floats[i] == 1 } ?? (x.dims[axis] == y.dims[axis] && x.dims[axis] != .unknown)
      if !isSame { return reference(node) }
    }
    emit(
      node, .resize(resize, scales: scales), [value(node.inputs[0], in: .channelsLast)] + parameters(node), .channelsLast)
  }

  /// All channels of images, at places that the second input tells.
  mutating func sampled(_ node: Node, _ operation: Operation) {
    guard node.inputs[..<2].allSatisfy({ graph.values[$0].type.dtype == .f32 }) else { return reference(node) }
    emit(node, operation, [value(node.inputs[0], in: .channelsLast)] + parameters(node), .channelsLast)
  }
}
