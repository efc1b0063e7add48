import DLGraph
import KernelTypes

// Reductions, normalisations of channels, and what reads between pixels.

extension Lowering {
  /// The axes of a reduction, from the front; nil where elements of a run decide.
  func reducedAxes(_ node: Node, _ given: [Int], _ noAxesIsIdentity: Bool) -> [Int]? {
    let rank = graph.values[node.inputs[0]].type.rank
    var axes = given
    if axes.isEmpty, node.inputs.count > 1, node.inputs[1] != Node.absent {
      // No more than what shape inference has found to be axes.
      guard let constant = graph.values[node.inputs[1]].constant, let known = Fact(constant).knownIntegers else { return nil }
      axes = known
    }
    if axes.isEmpty { return noAxesIsIdentity ? nil : Array(0..<rank) }
    return axes.map { $0 < 0 ? $0 + rank : $0 }
  }

  /// In a layout in which the axes are neighbours, and the others are left in an order that the output can have.
  mutating func reduce(_ node: Node, _ reduction: Reduction, _ axes: [Int]?, _ keepsAxes: Bool) {
    let x = node.inputs[0]
    let rank = graph.values[x].type.rank
    guard let axes, graph.values[x].type.dtype == .f32, reduction.fold != nil, rank > 0 else { return reference(node) }
    func fits(_ order: [Int]) -> Bool {
      let places = order.indices.filter { axes.contains(order[$0]) }
      let left = order.filter { !axes.contains($0) }
      return places[places.count - 1] - places[0] == places.count - 1 && (keepsAxes || left == left.sorted())
    }
    let isImage = rank >= 3 && channelsLast[x] != nil && rowMajor[x] == nil
    let layout: Layout = isImage && fits([0] + Array(2..<rank) + [1]) ? .channelsLast : .rowMajor
    guard layout == .channelsLast || fits(Array(0..<rank)) else { return reference(node) }
    let inputs = [value(x, in: layout)] + parameters(node)
    emit(node, .reduce(reduction, axes: axes), inputs, keepsAxes ? layout : .rowMajor)
  }

  /// The positions of a channel are neighbours in row-major tensors.
  mutating func channelNorm(_ node: Node, _ groups: Int?, _ epsilon: Float) {
    emit(node, .channelNorm(groups: groups, epsilon: epsilon), node.inputs.map { value($0, in: .rowMajor) }, .rowMajor)
  }

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
