import DLGraph

/// Operations that move elements and change none.
let shapeConverters: [String: Converter] = [
  "Concat": { call in
    let axis = try call.version < 4 ? call.int("axis", default: 1) : call.required(call.int("axis"), "axis")
    return [try call.add(.concat(axis: axis), call.allInputs())]
  },
  "Split": { call in try call.split() },
  "Slice": { call in
    let x = try call.input(0)
    if call.version >= 10 {
      return [try call.add(.slice, x, call.input(1), call.input(2), call.optional(3), call.optional(4))]
    }
    let starts = try call.numbers(call.required(call.ints("starts"), "starts"))
    let ends = try call.numbers(call.required(call.ints("ends"), "ends"))
    let axes = try call.ints("axes").map { axes in try call.numbers(axes) }
    return [try call.add(.slice, x, starts, ends, axes)]
  },
  "Pad": { call in try call.pad() },
  "Transpose": { call in [try call.transpose(call.input(0), call.ints("perm") ?? [])] },
  "Flatten": { call in
    [try call.add(.flatten(axis: call.int("axis", default: 1)), call.input(0))]
  },
  "Reshape": { call in
    let x = try call.input(0)
    if call.version < 5 {
      call.ignore("consumed_inputs")
      return [try call.reshape(x, call.required(call.ints("shape"), "shape"))]
    }
    return [try call.reshape(x, to: call.input(1), zeroIsSize: call.bool("allowzero"))]
  },
  "Squeeze": { call in
    let x = try call.input(0)
    if call.version < 13 { return [try call.add(.squeeze(call.ints("axes") ?? []), x)] }
    guard let axes = call.optional(1) else { return [try call.add(.squeeze([]), x)] }
    guard let known = call.known(axes) else { return [try call.add(.squeeze([]), x, axes)] }
    return [known.isEmpty ? x : try call.add(.squeeze(known), x)]
  },
  "Unsqueeze": { call in
    let x = try call.input(0)
    if call.version < 13 { return [try call.unsqueeze(x, call.required(call.ints("axes"), "axes"))] }
    let axes = try call.input(1)
    return [try call.known(axes).map { known in try call.unsqueeze(x, known) } ?? call.add(.unsqueeze([]), x, axes)]
  },
  "Expand": { call in [try call.add(.expand, call.input(0), call.input(1))] },
  "Tile": { call in
    if call.version < 6 { throw DLError(.unsupported, "operator set \(call.version)") }
    return [try call.add(.tile, call.input(0), call.input(1))]
  },
  "DepthToSpace": { call in
    let byColumns = try call.choice("mode", ["DCR": false, "CRD": true], default: "DCR")
    let block = try call.required(call.int("blocksize"), "blocksize")
    return [try call.add(.depthToSpace(block: block, columnRowDepth: byColumns), call.input(0))]
  },
  "SpaceToDepth": { call in
    let byColumns = try call.choice("mode", ["DCR": false, "CRD": true], default: "DCR")
    let block = try call.required(call.int("blocksize"), "blocksize")
    let y = try call.add(.spaceToDepth(block: block), call.input(0))
    return [byColumns ? try call.swapDepth(y, block) : y]
  },
  "ReverseSequence": { call in
    let op = Op.reverseSequence(
      batchAxis: try call.int("batch_axis", default: 1), timeAxis: try call.int("time_axis", default: 0))
    return [try call.add(op, call.input(0), call.input(1))]
  },
  "Trilu": { call in
    [try call.add(.triangle(upper: call.bool("upper", default: true)), call.input(0), call.optional(1))]
  },
  "CenterCropPad": { call in [try call.centerCropPad()] },
]

extension Call {
  /// Sizes that are known become part of the operation, so that nothing of what computed them is left.
  func reshape(_ x: Int, to sizes: Int, zeroIsSize: Bool) throws -> Int {
    guard var wanted = importer.graph.fact(sizes)?.integers else {
      return try add(.reshape([], zeroIsSize: zeroIsSize), x, sizes)
    }
    let zeros = wanted.contains(.fixed(0))
    if !(zeroIsSize && zeros) {
      let dims = type(x).dims
      for (i, size) in wanted.enumerated() where size.size == nil && size != .unknown && i < dims.count && dims[i] == size {
        wanted[i] = .fixed(0)
      }
    }
    let open = wanted.indices.filter { wanted[$0].size == nil }
    // One size that only a run knows is what the others leave, unless it may be 0 among others.
    if open.count == 1, !wanted.contains(.fixed(-1)), case .symbol = wanted[open[0]] { wanted[open[0]] = .fixed(-1) }
    let known = wanted.compactMap { $0.size }
    guard known.count == wanted.count else { return try add(.reshape([], zeroIsSize: zeroIsSize), x, sizes) }
    return try add(.reshape(known, zeroIsSize: zeroIsSize && zeros), x)
  }

  fileprivate func split() throws -> [Int] {
    let x = try input(0)
    let axis = try int("axis", default: 0)
    if version >= 18, let count = try int("num_outputs"), count != node.output.count {
      throw DLError(.invalidModel, "num_outputs: expected \(node.output.count), found \(count)")
    }
    var sizes = try ints("split") ?? []
    let given = version == 1 || version >= 13 ? optional(1) : nil
    if let known = given.flatMap(known) { sizes = known }
    let op = Op.split(axis: axis, sizes: sizes)
    return try add(op, sizes.isEmpty ? [x, given] : [x], outputs: node.output.count)
  }

  fileprivate func pad() throws -> [Int] {
    let x = try input(0)
    let mode = try choice("mode", words(of: PadMode.self), default: "constant")
    if version >= 11 { return [try add(.pad(mode), x, input(1), optional(2), optional(3))] }
    let pads = try ints(version < 2 ? "paddings" : "pads")
    let value = try number(Double(float("value", default: 0)), dtype(x))
    return [try add(.pad(mode), x, numbers(required(pads, "pads")), value)]
  }

  /// Depth-column-row to column-row-depth: [N, b·b·C, …] to [N, C·b·b, …].
  fileprivate func swapDepth(_ x: Int, _ block: Int) throws -> Int {
    let dims = type(x).dims
    guard let depth = dims[1].size, let height = dims[2].size, let width = dims[3].size, block > 0 else {
      throw DLError(.unsupported, "mode CRD over free sizes; --shape can give them")
    }
    let cells = try reshape(x, [0, block * block, depth / (block * block), height, width])
    return try reshape(transpose(cells, [0, 2, 1, 3, 4]), [0, depth, height, width])
  }

  /// Each size is cut, or padded with zeros, to what is wanted, the same at both ends; an odd element at the end.
  fileprivate func centerCropPad() throws -> Int {
    let x = try input(0)
    var axes = try ints("axes") ?? Array(0..<rank(x))
    for i in axes.indices { axes[i] = try resolveAxis(axes[i], rank: rank(x)) }
    let wanted = try input(1)
    let axisList = try numbers(axes)
    let found = try add(.gather(axis: 0), shape(x), axisList)
    let two = try number(2)
    // Halves of what is too much, and of what is missing; one of the two is 0.
    let cut = try binary(.divide, binary(.maximum, binary(.subtract, found, wanted), number(0)), two)
    let kept = try binary(.minimum, found, wanted)
    let cropped = try add(.slice, x, cut, binary(.add, cut, kept), axisList)
    let missing = try binary(.subtract, wanted, kept)
    let before = try binary(.divide, missing, two)
    let pads = try add(.concat(axis: 0), before, binary(.subtract, missing, before))
    return try add(.pad(.constant), cropped, pads, nil, axisList)
  }
}
