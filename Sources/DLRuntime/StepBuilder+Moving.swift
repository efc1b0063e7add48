import DLGraph
import KernelTypes

// Steps that move elements, and the reference.

extension StepBuilder {
  /// A step for each input that is not computed in its place already: its rows go into a slice of the output's.
  func concat(_ node: ProgramNode, _ axis: Int) -> [Step] {
    let y = node.output
    var steps: [Step] = []
    var start = 0
    for (i, x) in node.inputs.enumerated() {
      if wholes[x] != y || node.inputs.firstIndex(of: x) != i {
        steps += copy(node, axis, start, part: x, whole: y, toWhole: true)
      }
      start += sizes[x][axis]
    }
    return steps
  }

  /// A step for each output that is not read in its place.
  func split(_ node: ProgramNode, _ axis: Int) -> [Step] {
    var steps: [Step] = []
    var start = 0
    for y in node.outputs {
      if wholes[y] != node.inputs[0] { steps += copy(node, axis, start, part: y, whole: node.inputs[0], toWhole: false) }
      start += sizes[y][axis]
    }
    return steps
  }

  /// Copies between a part along an axis, beginning at `start`, and the whole.
  private func copy(_ node: ProgramNode, _ axis: Int, _ start: Int, part: Int, whole: Int, toWhole: Bool) -> [Step] {
    let order = memoryOrder(whole)
    guard let position = order.firstIndex(of: axis), count(part) > 0 else { return [] }
    let size = types[whole].dtype.size
    let inner = order[(position + 1)...].reduce(1) { $0 * sizes[whole][$1] } * size
    let width = sizes[part][axis] * inner
    // Only rows of the innermost dimension lie apart.
    let wholePitch = isDense(whole) ? sizes[whole][axis] * inner : pitch(whole) * size
    let partPitch = isDense(part) ? width : pitch(part) * size
    let offset = start * inner
    return [
      Step(
        name: node.name, kernel: toWhole ? "concat" : "split", reads: [toWhole ? part : whole], write: toWhole ? whole : part,
        units: types[part].bytes / width, cost: elements(part)
      ) { slots, _, units, _ in
        for row in units {
          let (a, b) = (slots[part] + row * partPitch, slots[whole] + row * wholePitch + offset)
          if toWhole { b.copyMemory(from: a, byteCount: width) } else { a.copyMemory(from: b, byteCount: width) }
        }
      }
    ]
  }

  func changeLayout(_ node: ProgramNode, _ from: Layout) -> [Step] {
    if isView(node) { return [] }
    let x = node.inputs[0]
    let y = node.output
    let kernel = kernels.transpose
    let channels = sizes[y][1]
    let pixels = sizes[y][2...].reduce(1, *)
    let (rows, columns) = from == .rowMajor ? (channels, pixels) : (pixels, channels)
    // From row to row of x and of y.
    let xStride = from == .rowMajor ? columns : pitch(x)
    let yStride = from == .rowMajor ? pitch(y) : rows
    // Blocks along the longer side of an image's matrix, of whole squares of the kernel.
    let byRows = rows >= columns
    let (long, short) = byRows ? (rows, columns) : (columns, rows)
    let block = max(1, 16_384 / max(short, 1) / 16) * 16
    let blocks = (long + block - 1) / block
    return [
      Step(
        name: node.name, kernel: "transpose", reads: [x], write: y, units: sizes[y][0] * blocks, cost: elements(y)
      ) { slots, _, units, _ in
        for unit in units {
          let image = unit / blocks
          let first = unit % blocks * block
          let taken = min(block, long - first)
          let from = slots[x].floats + image * rows * xStride + first * (byRows ? xStride : 1)
          let to = slots[y].floats + image * columns * yStride + first * (byRows ? 1 : yStride)
          kernel(byRows ? taken : rows, byRows ? columns : taken, from, xStride, to, yStride)
        }
      }
    ]
  }

  func reference(_ node: ProgramNode) -> [Step] {
    guard let op = node.op else { return [] }
    let inputs = node.inputs
    let outputs = node.outputs
    let types = types
    let trueSizes = trueSizes
    let unknown = outputs.indices.filter { open.contains(outputs[$0]) }
    return [
      Step(
        name: node.name, kernel: "reference", reads: inputs.filter { $0 != Node.absent },
        writes: outputs.filter { $0 != Node.absent }
      ) { slots throws(DLError) in
        func buffer(_ value: Int) -> TensorBuffer? {
          value == Node.absent ? nil : TensorBuffer(slots[value], types[value].dtype, types[value].sizes)
        }
        var results = outputs.map { buffer($0) }
        try evaluateReference(op, inputs.map { buffer($0) }, &results)
        for i in unknown { trueSizes.record(outputs[i], results[i]?.sizes ?? []) }
      }
    ]
  }
}
