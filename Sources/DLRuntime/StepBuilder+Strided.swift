import DLGraph
import KernelTypes

// Slices, padding, transposes, blocks and repeats: elements of any type moved between any layouts.

extension StepBuilder {
  /// One step for each part of the movement.
  func move(_ node: ProgramNode) throws(DLError) -> [Step] {
    guard let op = node.op else { return [] }
    let inputs = node.inputs.map { $0 == Node.absent ? nil : strided($0) }
    let parameters = node.inputs.map { $0 == Node.absent ? nil : integers[$0] }
    guard let movement = try Movement(op, inputs, [strided(node.output)], parameters: parameters) else { return [] }
    return movement.parts.map { step(node, $0) }
  }

  private func strided(_ value: Int) -> StridedShape {
    var strides = sizes[value]
    var step = 1
    for (i, axis) in memoryOrder(value).reversed().enumerated() {
      strides[axis] = step
      step = i == 0 ? pitch(value) : step * sizes[value][axis]
    }
    return StridedShape(sizes[value], strides: strides)
  }

  private func step(_ node: ProgramNode, _ part: Movement.Part) -> Step {
    let y = node.output
    let copy = part.copy
    let size = types[y].dtype.size
    let cost = Double(copy.count)
    let source: Int
    switch part.source {
    case .input(let i): source = node.inputs[i]
    case .output: source = y
    case .zero:
      return Step(name: node.name, kernel: "zero", reads: [], write: y, units: copy.rows, cost: cost) { slots, _, units, _ in
        var zero: UInt64 = 0
        withUnsafeBytes(of: &zero) { zero in
          if let zero = zero.baseAddress { copy.copy(units, elementSize: size, zero, slots[y]) }
        }
      }
    }
    if size == 4, let step = transposing(node, copy, source) { return step }
    return Step(name: node.name, kernel: "copy", reads: [source], write: y, units: copy.rows, cost: cost) {
      slots, _, units, _ in copy.copy(units, elementSize: size, slots[source], slots[y])
    }
  }

  /// Where one axis is dense in x and another in y, matrices that the kernel transposes in squares.
  private func transposing(_ node: ProgramNode, _ copy: StridedCopy, _ x: Int) -> Step? {
    let axes = copy.axes
    guard let row = axes.last, row.to == 1, row.from > 1,
      let position = axes.firstIndex(where: { $0.from == 1 && $0.to > 1 })
    else { return nil }
    let column = axes[position]
    var rest = Array(axes.dropLast())
    rest.remove(at: position)
    let outer = StridedCopy(
      rest.map { $0.size }, from: rest.map { $0.from }, start: copy.from, to: rest.map { $0.to }, place: copy.to)
    let matrices = outer.count
    // Blocks along the longer side, of whole squares of the kernel.
    let byRows = row.size >= column.size
    let (long, short) = byRows ? (row.size, column.size) : (column.size, row.size)
    let block = max(1, 16_384 / max(short, 1) / 16) * 16
    let blocks = (long + block - 1) / block
    let kernel = kernels.transpose
    let y = node.output
    return Step(
      name: node.name, kernel: "transpose", reads: [x], write: y, units: matrices * blocks, cost: Double(copy.count)
    ) { slots, _, units, _ in
      func transpose(_ first: Int, _ p: Int, _ q: Int) {
        let taken = min(block, long - first)
        kernel(
          byRows ? taken : row.size, byRows ? column.size : taken, slots[x].floats + p + first * (byRows ? row.from : 1),
          row.from,
          slots[y].floats + q + first * (byRows ? 1 : column.to), column.to)
      }
      if blocks == 1 {
        outer.eachRow(units, below: outer.axes.count) { p, q in transpose(0, p, q) }
        return
      }
      for unit in units {
        let matrix = unit / blocks
        outer.eachRow(matrix..<matrix + 1, below: outer.axes.count) { p, q in transpose(unit % blocks * block, p, q) }
      }
    }
  }
}
