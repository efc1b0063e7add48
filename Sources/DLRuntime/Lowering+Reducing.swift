import DLGraph
import KernelTypes

// Reductions, and normalisations of channels.

extension Lowering {
  /// In a layout in which the axes are neighbours, and the others are left in an order that the output can have.
  mutating func reduce(
    _ node: Node, _ reduction: Reduction, _ given: [Int], keepsAxes: Bool, noAxesIsIdentity: Bool
  ) throws(DLError) {
    let x = node.inputs[0]
    let rank = graph.values[x].type.rank
    let input = node.inputs.count > 1 ? node.inputs[1] : Node.absent
    let fact = input == Node.absent ? nil : graph.values[input].constant.map { Fact($0) } ?? Fact(graph.values[input].type)
    guard var axes = try reducedAxes(given, fact, rank: rank), graph.values[x].type.dtype == .f32, reduction.fold != nil,
      rank > 0,
      !(axes.isEmpty && noAxesIsIdentity)
    else { return reference(node) }
    if axes.isEmpty { axes = Array(0..<rank) }
    guard let layout = layout(of: x, reducing: axes, anyOrder: keepsAxes) else { return reference(node) }
    let inputs = [value(x, in: layout)] + parameters(node)
    emit(node, .reduce(reduction, axes: axes), inputs, keepsAxes ? layout : .rowMajor)
  }

  mutating func argExtreme(_ node: Node, _ axis: Int, isMaximum: Bool) throws(DLError) {
    let x = node.inputs[0]
    let axis = try resolveAxis(axis, rank: graph.values[x].type.rank)
    guard let layout = layout(of: x, reducing: [axis], anyOrder: false) else { return reference(node) }
    emit(node, .argExtreme(axis: axis, isMaximum: isMaximum), [value(x, in: layout)], .rowMajor)
  }

  /// A layout of x, if possible the one it has, in which the axes are neighbours and, but for `anyOrder`, the others in the order
  /// of the model.
  private func layout(of x: Int, reducing axes: [Int], anyOrder: Bool) -> Layout? {
    let rank = graph.values[x].type.rank
    func fits(_ layout: Layout) -> Bool {
      let order = layout.order(rank: rank)
      let places = order.indices.filter { axes.contains(order[$0]) }
      let left = order.filter { !axes.contains($0) }
      let inOrder = left.indices.dropFirst().allSatisfy { left[$0 - 1] < left[$0] }
      return places[places.count - 1] - places[0] == places.count - 1 && (anyOrder || inOrder)
    }
    let isImage = rank >= 3 && channelsLast[x] != nil && rowMajor[x] == nil
    let layout: Layout = isImage && fits(.channelsLast) ? .channelsLast : .rowMajor
    return fits(layout) ? layout : nil
  }

  /// The positions of a channel are neighbours in row-major tensors.
  mutating func channelNorm(_ node: Node, _ groups: Int?, _ epsilon: Float) {
    emit(node, .channelNorm(groups: groups, epsilon: epsilon), node.inputs.map { value($0, in: .rowMajor) }, .rowMajor)
  }
}
