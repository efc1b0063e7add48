import DLGraph
import KernelTypes

// Operations that keep the layout of what they read, and those that become part of the layer before.

extension Lowering {
  func hasKernel(_ activation: Activation) -> Bool {
    switch activation {
    case .identity, .relu, .leakyRelu, .sigmoid, .tanh: true
    default: false
    }
  }

  /// The layer that computes a value only `node` reads, if its epilogue has room.
  private func layer(_ x: Int) -> (n: Int, layout: Layout)? {
    guard uses[x] == 1 else { return nil }
    let layout: Layout = rowMajor[x] == nil ? .channelsLast : .rowMajor
    guard let made = rowMajor[x] ?? channelsLast[x], case .node(let n) = program.values[made].source,
      program.nodes[n].epilogue.activation == .identity
    else { return nil }
    switch program.nodes[n].operation {
    case .conv, .gemm: return (n, layout)
    default: return nil
    }
  }

  /// Puts a layer with another epilogue in the place of a node. The layer without it is then read by nobody.
  private mutating func fuse(_ n: Int, _ epilogue: Epilogue, _ node: Node, _ layout: Layout) {
    let layer = program.nodes[n]
    let output = define(node.outputs[0], layout, .node(program.nodes.count))
    program.nodes.append(
      ProgramNode(
        name: layer.name, op: layer.op, operation: layer.operation, inputs: layer.inputs, outputs: [output], epilogue: epilogue))
  }

  /// Makes an activation part of the layer that computes its input.
  mutating func fuse(_ activation: Activation, _ node: Node) -> Bool {
    guard let (n, layout) = layer(node.inputs[0]) else { return false }
    fuse(n, Epilogue(residual: program.nodes[n].epilogue.residual, activation: activation), node, layout)
    return true
  }

  /// Makes a sum part of the layer that computes one of its inputs: the later, if both are layers' results.
  private mutating func fuseResidual(_ node: Node) -> Bool {
    var best: (n: Int, layout: Layout, other: Int)?
    for (i, x) in node.inputs.enumerated() {
      guard let (n, layout) = layer(x), program.nodes[n].epilogue.residual == nil, n > best?.n ?? -1 else { continue }
      let other = node.inputs[1 - i]
      if sameSizes(x, other) || isRow(other, of: x) && layout == .rowMajor { best = (n, layout, other) }
    }
    guard let (n, layout, other) = best else { return false }
    fuse(n, Epilogue(residual: value(other, in: layout)), node, layout)
    return true
  }

  /// Whether two values have the same sizes in every run.
  private func sameSizes(_ a: Int, _ b: Int) -> Bool {
    let dims = graph.values[a].type.dims
    return dims == graph.values[b].type.dims && !dims.contains(.unknown)
  }

  /// Whether a value is as one row of another.
  private func isRow(_ row: Int, of x: Int) -> Bool {
    guard let sizes = graph.values[row].type.sizes, let last = graph.values[x].type.dims.last?.size else { return false }
    return sizes.last == last && sizes.count <= graph.values[x].type.rank && elementCount(sizes) == last
  }

  /// The layout in which a value of the same shape is best made: as the values it is made from lie.
  private func layout(of inputs: [Int]) -> Layout {
    inputs.contains { channelsLast[$0] != nil && graph.values[$0].type.rank >= 3 } ? .channelsLast : .rowMajor
  }

  /// One input, one output, any layout: whichever the input has.
  mutating func elementwise(_ node: Node, _ operation: Operation) {
    let layout = layout(of: node.inputs)
    emit(node, operation, [value(node.inputs[0], in: layout)], layout)
  }

  mutating func binary(_ node: Node, _ function: BinaryFunction) {
    guard function == .add || function == .multiply else { return reference(node) }
    if function == .add && fuseResidual(node) { return }
    let (a, b) = (node.inputs[0], node.inputs[1])
    if sameSizes(a, b) {
      let layout = layout(of: node.inputs)
      return emit(node, .binary(function), node.inputs.map { value($0, in: layout) }, layout)
    }
    // The kernels broadcast the second operand, and order does not matter.
    for (x, other) in [(a, b), (b, a)] where sameSizes(x, node.outputs[0]) {
      if layout(of: [x]) == .channelsLast, let perImage = isByChannel(other, of: x) {
        // With one pixel both layouts are the same.
        let row = value(other, in: perImage && channelsLast[other] != nil ? .channelsLast : .rowMajor)
        return emit(node, .channelBinary(function, perImage: perImage), [value(x, in: .channelsLast), row], .channelsLast)
      }
      if isTail(other, of: x) {
        return emit(node, .binary(function), [value(x, in: .rowMajor), value(other, in: .rowMajor)], .rowMajor)
      }
    }
    reference(node)
  }

  /// Whether a value has one element for each channel of the images x (false), or of each image (true); else nil.
  private func isByChannel(_ value: Int, of x: Int) -> Bool? {
    let dims = graph.values[value].type.dims
    let images = graph.values[x].type.dims
    let missing = images.count - dims.count
    guard missing <= 1, images.count >= 3, dims.suffix(images.count - 2).allSatisfy({ $0 == .fixed(1) }),
      let channels = images[1].size, dims[1 - missing] == .fixed(channels)
    else { return nil }
    if missing == 1 || dims[0] == .fixed(1) { return false }
    return dims[0] == images[0] && dims[0] != .unknown ? true : nil
  }

  /// Whether a value repeats over the leading axes of x.
  private func isTail(_ value: Int, of x: Int) -> Bool {
    guard let sizes = graph.values[value].type.sizes else { return false }
    let dims = graph.values[x].type.dims
    return sizes.count <= dims.count && sizes == dims.suffix(sizes.count).map { $0.size ?? -1 }
  }

  mutating func concat(_ node: Node, _ axis: Int) throws(DLError) {
    let axis = try resolveAxis(axis, rank: graph.values[node.inputs[0]].type.rank)
    let layout = layout(of: node.inputs)
    emit(node, .concat(axis: axis), node.inputs.map { value($0, in: layout) }, layout)
  }

  /// Moving the channels to or from the end is another view of images that lie channels-last.
  mutating func transpose(_ node: Node, _ permutation: [Int]) {
    let x = node.inputs[0]
    let rank = permutation.count
    guard rank >= 3 else { return reference(node) }
    if permutation == [0, rank - 1] + Array(1..<rank - 1) {
      return emit(node, .view, [value(x, in: .rowMajor)], .channelsLast)
    }
    if permutation == [0] + Array(2..<rank) + [1] {
      return emit(node, .view, [value(x, in: .channelsLast)], .rowMajor)
    }
    reference(node)
  }
}
