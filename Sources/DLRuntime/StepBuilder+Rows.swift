import DLGraph
import KernelTypes

// Steps that work element by element, or on the channels of one pixel.

extension StepBuilder {
  /// A kernel over rows of channels (or of the last dimension), in and out, cut into blocks of rows.
  private func byRows(
    _ node: ProgramNode, _ kernel: StaticString, costEach: Double, inPlace: Bool = true,
    _ body: @escaping (_ rows: Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) -> Step {
    let (x, y) = (node.inputs[0], node.output)
    let (rows, columns) = (rowCount(y), rowWidth(y))
    let (inPitch, outPitch) = (pitch(x), pitch(y))
    let block = max(1, 4096 / max(columns, 1))
    return Step(
      name: node.name, kernel: kernel, reads: [x], write: y, inPlace: inPlace ? 0 : nil, units: (rows + block - 1) / block,
      cost: elements(y) * costEach
    ) { slots, _, units, _ in
      let first = units.lowerBound * block
      let last = min(units.upperBound * block, rows)
      let (from, to) = (slots[x].floats, slots[y].floats)
      if inPitch == columns && outPitch == columns {
        body(last - first, from + first * columns, to + first * columns)
      } else {
        for row in first..<last { body(1, from + row * inPitch, to + row * outPitch) }
      }
    }
  }

  func activate(_ node: ProgramNode, _ activation: Activation) -> Step {
    let kernel = kernels.activate
    return eachElement(node, "activation") { kernel(activation, $0, $1, $2) }
  }

  func unary(_ node: ProgramNode, _ function: UnaryFunction) -> Step {
    let kernel = kernels.unary
    return eachElement(node, function.name) { kernel(function, $0, $1, $2) }
  }

  /// A kernel over single elements, in blocks whatever the rows are, if they are dense.
  private func eachElement(
    _ node: ProgramNode, _ name: StaticString,
    _ body: @escaping (_ count: Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) -> Step {
    let (x, y) = (node.inputs[0], node.output)
    guard isDense(x) && isDense(y) else {
      let columns = rowWidth(y)
      return byRows(node, name, costEach: 8) { rows, x, y in body(rows * columns, x, y) }
    }
    let total = count(y)
    return Step(
      name: node.name, kernel: name, reads: [x], write: y, inPlace: 0, units: (total + 4095) / 4096, cost: 8 * elements(y)
    ) { slots, _, units, _ in
      let first = units.lowerBound * 4096
      body(min(units.upperBound * 4096, total) - first, slots[x].floats + first, slots[y].floats + first)
    }
  }

  func softmax(_ node: ProgramNode) -> Step {
    let kernel = kernels.softmax
    let columns = rowWidth(node.output)
    return byRows(node, "softmax", costEach: 20) { rows, x, y in kernel(rows, columns, x, y) }
  }

  func normalise(_ node: ProgramNode, _ kind: NormaliseCall.Kind) -> Step {
    let kernel = kernels.normalise
    let (x, y) = (node.inputs[0], node.output)
    let (rows, columns) = (rowCount(y), rowWidth(y))
    let (inPitch, outPitch) = (pitch(x), pitch(y))
    let block = max(1, 4096 / max(columns, 1))
    func parameter(_ i: Int) -> Int? {
      i < node.inputs.count && node.inputs[i] != Node.absent ? node.inputs[i] : nil
    }
    let (scale, shift) = (parameter(1), parameter(2))
    return Step(
      name: node.name, kernel: "normalise", reads: [x] + [scale, shift].compactMap { $0 }, write: y, inPlace: 0,
      units: (rows + block - 1) / block, cost: elements(y) * 6
    ) { slots, _, units, _ in
      for row in units.lowerBound * block..<min(units.upperBound * block, rows) {
        kernel(
          NormaliseCall(
            kind, rows: 1, columns: columns, x: slots[x].floats + row * inPitch,
            scale: scale.map { UnsafePointer(slots[$0].floats) },
            shift: shift.map { UnsafePointer(slots[$0].floats) }, y: slots[y].floats + row * outPitch))
      }
    }
  }

  func localResponseNorm(_ node: ProgramNode, _ size: Int, _ alpha: Float, _ beta: Float, _ bias: Float) -> Step {
    let kernel = kernels.localResponseNorm
    let channels = rowWidth(node.output)
    return byRows(node, "local_response_norm", costEach: 30, inPlace: false) { rows, x, y in
      kernel(rows, channels, size, alpha, beta, bias, x, y)
    }
  }

  func affine(_ node: ProgramNode, _ parameters: Storage, _ channels: Int) -> [Step] {
    let kernel = kernels.binary
    let scale = byRows(node, "scale", costEach: 1) { rows, x, y in
      kernel(
        BinaryCall(
          .multiply, rows: rows, columns: channels, a: x, aRow: channels, aColumn: 1, b: parameters.floats, bRow: 0, bColumn: 1,
          y: y))
    }
    let second = ProgramNode(
      name: node.name, op: node.op, operation: node.operation, inputs: [node.output], outputs: [node.output])
    let shift = byRows(second, "shift", costEach: 1) { rows, x, y in
      kernel(
        BinaryCall(
          .add, rows: rows, columns: channels, a: x, aRow: channels, aColumn: 1, b: parameters.floats + channels, bRow: 0,
          bColumn: 1, y: y))
    }
    return [scale, shift]
  }

  func binary(_ node: ProgramNode, _ function: BinaryFunction) -> Step {
    let kernel = kernels.binary
    let (x, b) = (node.inputs[0], node.inputs[1])
    let y = node.output
    let walk = walk(x, b, y)
    // Only what is as large as the output can be written over.
    let inPlace = x == b ? nil : count(x) == count(y) ? 0 : count(b) == count(y) ? 1 : nil
    return Step(
      name: node.name, kernel: function.name, reads: [x, b], write: y, inPlace: inPlace, units: walk.units, cost: elements(y)
    ) { slots, _, units, _ in
      let (a, b, y) = (slots[x].floats, slots[b].floats, slots[y].floats)
      walk.eachPiece(units) { piece in
        kernel(
          BinaryCall(
            function, rows: piece.rows, columns: piece.columns, a: a + piece.a, aRow: piece.aRow, aColumn: piece.aColumn,
            b: b + piece.b, bRow: piece.bRow, bColumn: piece.bColumn, y: y + piece.y))
      }
    }
  }

  /// Two values broadcast to the shape of a third.
  func walk(_ a: Int, _ b: Int, _ y: Int) -> BroadcastWalk {
    let rank = sizes[y].count
    return BroadcastWalk(
      sizes[y], order: memoryOrder(y), strides(a, rank: rank), strides(b, rank: rank), strides(y, rank: rank))
  }

  /// Elements from one place of each axis of a shape of `rank` to the next in a value broadcast to it, in the model's order of
  /// axes.
  private func strides(_ value: Int, rank: Int) -> [Int] {
    let s = sizes[value]
    var strides = Array(repeating: 0, count: rank)
    var step = 1
    var isInnermost = true
    for axis in memoryOrder(value).reversed() {
      if s[axis] != 1 { strides[rank - s.count + axis] = step }
      step = isInnermost ? pitch(value) : step * s[axis]
      isInnermost = false
    }
    return strides
  }
}
