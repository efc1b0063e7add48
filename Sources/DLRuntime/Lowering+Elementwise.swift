import DLGraph
import KernelTypes

// Operations that keep the layout of what they read, and those that become part of the layer before.

extension Lowering {
  /// The layer that computes a value only `node` reads, if its epilogue has room.
  private func layer(_ x: Int) -> (n: Int, layout: Layout)? {
    guard uses[x] == 1 else { return nil }
    let layout: Layout = rowMajor[x] == nil ? .channelsLast : .rowMajor
    guard let made = rowMajor[x] ?? channelsLast[x], case .node(let n) = program.values[made].source,
      program.nodes[n].epilogue.activation == .identity
    else { return nil }
    switch program.nodes[n].operation {
    case .conv, .convTranspose, .gemm: return (n, layout)
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
    if function == .power && simplePower(node) { return }
    if function.isComparison {
      return emit(node, .compare(function), node.inputs.map { value($0, in: .rowMajor) }, .rowMajor)
    }
    guard function.hasKernel else { return reference(node) }
    if function == .add && fuseResidual(node) { return }
    // Channels-last needs values that lie alike: images of one rank, or what extends along one axis only.
    let rank = graph.values[node.outputs[0]].type.rank
    func isImage(_ value: Int) -> Bool { rank >= 3 && graph.values[value].type.rank == rank }
    guard layout(of: node.inputs) == .channelsLast, node.inputs.allSatisfy({ isImage($0) || isVector($0) }) else {
      return emit(node, .binary(function), node.inputs.map { value($0, in: .rowMajor) }, .rowMajor)
    }
    let inputs = node.inputs.map { value($0, in: isImage($0) ? .channelsLast : .rowMajor) }
    emit(node, .binary(function), inputs, .channelsLast)
  }

  /// The powers that decomposed norms are made of, squares and square roots.
  private mutating func simplePower(_ node: Node) -> Bool {
    guard let exponent = graph.values[node.inputs[1]].constant, exponent.sizes.isEmpty else { return false }
    let layout = layout(of: [node.inputs[0]])
    let x = value(node.inputs[0], in: layout)
    switch exponent.floats[0] {
    case 2: emit(node, .binary(.multiply), [x, x], layout)
    case 0.5: emit(node, .unary(.sqrt), [x, value(node.inputs[1], in: .rowMajor)], layout)
    default: return false
    }
    return true
  }

  /// Whether a value is known to extend along one axis at most, so that it lies the same in every layout.
  private func isVector(_ value: Int) -> Bool {
    guard let sizes = graph.values[value].type.sizes else { return false }
    return sizes.count { $0 != 1 } <= 1
  }

  /// Rows of the innermost dimension in memory: the last, or the channels of images. Scale and shift are one row each.
  mutating func normalise(_ node: Node, _ kind: NormaliseCall.Kind, _ axis: Int) throws(DLError) {
    let x = node.inputs[0]
    let rank = graph.values[x].type.rank
    let axis = try resolveAxis(axis, rank: rank)
    let isRow = node.inputs.dropFirst().allSatisfy {
      $0 == Node.absent || graph.values[$0].type.dims == [graph.values[x].type.dims[rank - 1]]
    }
    guard axis == rank - 1 && isRow else { return reference(node) }
    let parameters = node.inputs.dropFirst().map { $0 == Node.absent ? $0 : value($0, in: .rowMajor) }
    emit(node, .normalise(kind), [value(x, in: .rowMajor)] + parameters, .rowMajor)
  }

  mutating func concat(_ node: Node, _ axis: Int) throws(DLError) {
    let axis = try resolveAxis(axis, rank: graph.values[node.inputs[0]].type.rank)
    let layout = layout(of: node.inputs)
    emit(node, .concat(axis: axis), node.inputs.map { value($0, in: layout) }, layout)
  }

  mutating func split(_ node: Node, _ axis: Int) throws(DLError) {
    let x = node.inputs[0]
    let axis = try resolveAxis(axis, rank: graph.values[x].type.rank)
    // The sizes of an output that is absent are nowhere.
    if node.outputs.contains(Node.absent) { return reference(node) }
    let layout = layout(of: [x])
    emit(node, .split(axis: axis), [value(x, in: layout)] + parameters(node), layout)
  }

  /// Moving the channels to or from the end is another view of images that lie channels-last.
  mutating func transpose(_ node: Node, _ permutation: [Int]) {
    let x = node.inputs[0]
    let rank = permutation.count
    if rank >= 3 && permutation == [0, rank - 1] + Array(1..<rank - 1) {
      return emit(node, .view, [value(x, in: .rowMajor)], .channelsLast)
    }
    if rank >= 3 && permutation == Layout.channelsLast.order(rank: rank) {
      return emit(node, .view, [value(x, in: .channelsLast)], .rowMajor)
    }
    _ = move(node)
  }
}
