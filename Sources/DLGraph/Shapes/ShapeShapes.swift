// Shapes of operations that move elements and change none.

extension ShapeInference {
  func shapeFacts(_ op: Op, _ inputs: [Fact?], outputs: Int) throws(DLError) -> [Fact] {
    guard let x = inputs[0]?.type else { return [] }
    switch op {
    case .concat(let axis):
      try requireSameType(inputs)
      let dims = try concatDims(axis, inputs.compactMap { $0?.type })
      return try withElements(op, inputs, sources: inputs.count, one(x.dtype, dims))
    case .split(let axis, let sizes):
      let parts = try splitDims(axis, sizes, inputs, outputs: outputs)
      return try withElements(op, inputs, parts.map { Fact(TensorType(x.dtype, $0)) })
    case .pad(let mode):
      return one(x.dtype, try padDims(mode, inputs))
    case .depthToSpace(let block, _):
      return one(x.dtype, try depthToSpaceDims(block, x))
    case .spaceToDepth(let block):
      return one(x.dtype, try spaceToDepthDims(block, x))
    case .reverseSequence(let batchAxis, let timeAxis):
      try checkReverse(batchAxis, timeAxis, inputs)
      return one(x.dtype, x.dims)
    case .triangle:
      try requireRank(x, atLeast: 2)
      if isPresent(inputs, 1) { _ = try number(inputs, 1, "k") }
      return one(x.dtype, x.dims)
    default:
      return try withElements(op, inputs, one(x.dtype, try viewDims(op, inputs)))
    }
  }

  /// Of operations that small integer tensors go through on their way to sizes.
  private func viewDims(_ op: Op, _ inputs: [Fact?]) throws(DLError) -> [Dim] {
    guard let x = inputs[0]?.type else { return [] }
    switch op {
    case .slice: return try sliceDims(inputs)
    case .transpose(let permutation): return try transposeDims(permutation, x)
    case .flatten(let axis):
      guard axis >= -x.rank, axis <= x.rank else {
        throw DLError(.invalidModel, "axis: expected \(-x.rank) to \(x.rank), found \(axis)")
      }
      let front = axis < 0 ? axis + x.rank : axis
      return [try product(x.dims[..<front]), try product(x.dims[front...])]
    case .reshape(let sizes, let zeroIsSize):
      if !isPresent(inputs, 1) { return try reshapeDims(sizes.map { .fixed($0) }, zeroIsSize: zeroIsSize, x) }
      guard let sizes = try list(inputs, 1, "sizes") else { throw unknownRank("sizes") }
      return try reshapeDims(sizes, zeroIsSize: zeroIsSize, x)
    case .squeeze(let axes): return try squeezeDims(axes, inputs)
    case .unsqueeze(let axes): return try unsqueezeDims(axes, inputs)
    case .expand:
      guard let sizes = try list(inputs, 1, "sizes") else { throw unknownRank("sizes") }
      for (i, n) in sizes.enumerated() { _ = try size(n, "sizes", i) }
      return try broadcast(x, TensorType(x.dtype, sizes))
    case .tile:
      let repeats = try list(inputs, 1, "repeats") ?? x.dims.map { _ in .unknown }
      guard repeats.count == x.rank else {
        throw DLError(.shapeMismatch, "repeats: expected \(x.rank), one for each axis, found \(repeats.count)")
      }
      var dims: [Dim] = []
      for (i, dim) in x.dims.enumerated() { dims.append(try multiply(dim, try size(repeats[i], "repeats", i))) }
      return dims
    default: return x.dims
    }
  }

  private func unknownRank(_ name: StaticString) -> DLError {
    DLError(.unsupported, "\(name): expected a list of known length, from which the rank of the output follows")
  }

  // MARK: joining and cutting

  func concatDims(_ axis: Int, _ inputs: [TensorType]) throws(DLError) -> [Dim] {
    let axis = try resolveAxis(axis, rank: inputs[0].rank)
    var dims = inputs[0].dims
    for (i, input) in inputs.enumerated().dropFirst() {
      guard input.rank == dims.count else {
        throw DLError(.shapeMismatch, "input \(i): expected rank \(dims.count), found \(describe(input, symbols: symbols))")
      }
      for d in 0..<dims.count where d != axis {
        try require(input.dims[d], dims[d], "input \(i), dimension \(d)")
        if dims[d].size == nil { dims[d] = input.dims[d] }
      }
      dims[axis] = try sum(dims[axis], input.dims[axis])
    }
    return dims
  }

  private func splitDims(_ axis: Int, _ sizes: [Int], _ inputs: [Fact?], outputs: Int) throws(DLError) -> [[Dim]] {
    guard let x = inputs[0]?.type else { return [] }
    let axis = try resolveAxis(axis, rank: x.rank)
    var parts: [Dim]
    if isPresent(inputs, 1) || !sizes.isEmpty {
      parts =
        try list(inputs, 1, "sizes") ?? (sizes.isEmpty ? Array(repeating: .unknown, count: outputs) : sizes.map { .fixed($0) })
      guard parts.count == outputs else {
        throw DLError(.invalidModel, "sizes: expected \(outputs), one for each output, found \(parts.count)")
      }
      var total = Dim.fixed(0)
      for (i, part) in parts.enumerated() { total = try sum(total, try size(part, "sizes", i)) }
      try require(total, x.dims[axis], "the sum of sizes")
    } else if let n = x.dims[axis].size {
      let part = n / outputs + (n % outputs > 0 ? 1 : 0)
      parts = (0..<outputs).map { .fixed(max(0, min(part, n - $0 * part))) }
    } else {
      parts = outputs == 1 ? [x.dims[axis]] : Array(repeating: .unknown, count: outputs)
    }
    return parts.map { part in
      var dims = x.dims
      dims[axis] = part
      return dims
    }
  }

  private func sliceDims(_ inputs: [Fact?]) throws(DLError) -> [Dim] {
    guard let x = inputs[0]?.type else { return [] }
    let starts = try list(inputs, 1, "starts")
    let ends = try list(inputs, 2, "ends")
    let steps = try list(inputs, 4, "steps")
    let given = try knownList(inputs, 3, "axes")
    guard let starts, let ends, !isPresent(inputs, 3) || given != nil else { return x.dims.map { _ in .unknown } }
    let axes = try distinctAxes(given ?? Array(starts.indices), rank: x.rank)
    guard starts.count == axes.count, ends.count == axes.count, steps == nil || steps?.count == axes.count else {
      throw DLError(.invalidModel, "starts, ends, axes and steps differ in length")
    }
    var dims = x.dims
    for (i, axis) in axes.enumerated() {
      let step = isPresent(inputs, 4) ? steps?[i] ?? .unknown : .fixed(1)
      if step.size == 0 { throw DLError(.invalidModel, "steps: 0 at \(i)") }
      dims[axis] = sliced(x.dims[axis], starts[i], ends[i], step)
    }
    return dims
  }

  private func sliced(_ dim: Dim, _ start: Dim, _ end: Dim, _ step: Dim) -> Dim {
    if let n = dim.size, let start = start.size, let end = end.size, let step = step.size {
      return .fixed(SliceRange(n, start: start, end: end, step: step).count)
    }
    // All of an axis of unknown size, forwards or backwards. No size is as large as what models write for "to the end".
    let most = Int(Int32.max)
    if step == .fixed(1) && start == .fixed(0) && (end == dim && dim != .unknown || (end.size ?? 0) >= most) { return dim }
    if step == .fixed(-1) && start == .fixed(-1) && (end.size ?? 0) <= -most { return dim }
    return .unknown
  }

  private func padDims(_ mode: PadMode, _ inputs: [Fact?]) throws(DLError) -> [Dim] {
    guard let x = inputs[0]?.type else { return [] }
    let pads = try list(inputs, 1, "pads")
    let axes = try knownList(inputs, 3, "axes")
    if isPresent(inputs, 2), let value = inputs[2]?.type {
      guard value.dtype == x.dtype else {
        throw DLError(.typeMismatch, "value: expected \(x.dtype.name), found \(value.dtype.name)")
      }
      _ = try number(inputs, 2, "value")
    }
    if isPresent(inputs, 3) && axes == nil { return x.dims.map { _ in .unknown } }
    let resolved = try distinctAxes(axes, rank: x.rank)
    guard let pads else { return x.dims.enumerated().map { resolved.contains($0) ? .unknown : $1 } }
    guard pads.count == 2 * resolved.count else {
      throw DLError(.invalidModel, "pads: expected \(2 * resolved.count), two for each axis, found \(pads.count)")
    }
    var dims = x.dims
    for (i, axis) in resolved.enumerated() {
      dims[axis] = try padded(dims[axis], pads[i], pads[resolved.count + i], mode, axis)
    }
    return dims
  }

  private func padded(_ dim: Dim, _ begin: Dim, _ end: Dim, _ mode: PadMode, _ axis: Int) throws(DLError) -> Dim {
    guard let begin = begin.size, let end = end.size else { return .unknown }
    let limit = Int(Int32.max)
    guard -limit...limit ~= begin, -limit...limit ~= end else {
      throw DLError(.invalidModel, "pads of axis \(axis): expected at most \(limit), found \(begin) and \(end)")
    }
    guard let size = dim.size else { return begin + end == 0 ? dim : .unknown }
    let (padded, overflow) = size.addingReportingOverflow(begin + end)
    guard !overflow, padded >= 0 else {
      throw DLError(.shapeMismatch, "pads of axis \(axis): \(begin) and \(end) do not fit a size of \(size)")
    }
    let kept = size + min(begin, 0) + min(end, 0)
    guard mode == .constant || kept > 0 || begin <= 0 && end <= 0 else {
      throw DLError(.shapeMismatch, "pads of axis \(axis): \(begin) and \(end) of a size of \(size) leave nothing to repeat")
    }
    return .fixed(padded)
  }

  // MARK: views

  private func transposeDims(_ permutation: [Int], _ x: TensorType) throws(DLError) -> [Dim] {
    if permutation.isEmpty { return x.dims.reversed() }
    guard permutation.count == x.rank, x.dims.indices.allSatisfy({ permutation.contains($0) }) else {
      throw DLError(.invalidModel, "permutation: expected each of 0 to \(x.rank - 1) once, found \(describe(permutation))")
    }
    return permutation.map { x.dims[$0] }
  }

  func reshapeDims(_ sizes: [Dim], zeroIsSize: Bool, _ x: TensorType) throws(DLError) -> [Dim] {
    guard sizes.count <= maximumRank else { throw DLError(.unsupported, "rank \(sizes.count) is above \(maximumRank)") }
    var dims: [Dim] = []
    var free: Int?
    // Dimensions on both sides cancel; what is left of them must agree.
    var old = x.dims
    var new: [Dim] = []
    var copiesZero = false
    for (i, n) in sizes.enumerated() {
      switch n {
      case .fixed(0) where !zeroIsSize:
        guard i < x.rank else {
          throw DLError(.shapeMismatch, "size 0 at \(i) copies a dimension that \(describe(x, symbols: symbols)) does not have")
        }
        dims.append(x.dims[i])
        old[i] = .fixed(1)
        copiesZero = copiesZero || x.dims[i] == .fixed(0)
      case .fixed(-1):
        guard free == nil else { throw DLError(.invalidModel, "more than one size is -1") }
        free = i
        dims.append(.unknown)
      case .fixed(let size) where size < 0: throw DLError(.invalidModel, "size \(size) at \(i): expected -1, 0 or more")
      default:
        dims.append(n)
        new.append(n)
      }
    }
    for i in new.indices {
      if case .symbol = new[i], let same = old.firstIndex(of: new[i]) {
        new[i] = .fixed(1)
        old[same] = .fixed(1)
      }
    }
    var one = x
    one.dims = old.filter { $0 != .fixed(1) }
    let available = try product(one.dims[...])
    one.dims = new.filter { $0 != .fixed(1) }
    let wanted = try product(one.dims[...])
    func asked() -> Message { TensorType(x.dtype, sizes).sizes.map { describe($0) } ?? describe(one, symbols: symbols) }
    if case .fixed(let available) = available, case .fixed(let wanted) = wanted {
      if let free {
        guard wanted > 0, available % wanted == 0 else {
          throw DLError(.shapeMismatch, "cannot reshape \(describe(x, symbols: symbols)) to \(asked())")
        }
        dims[free] = .fixed(available / wanted)
      } else if available != wanted && !copiesZero {
        throw DLError(.shapeMismatch, "cannot reshape \(describe(x, symbols: symbols)) to \(asked())")
      }
    } else if let free, wanted == .fixed(1) {
      dims[free] = available
    }
    return dims
  }

  private func squeezeDims(_ axes: [Int], _ inputs: [Fact?]) throws(DLError) -> [Dim] {
    guard let x = inputs[0]?.type else { return [] }
    var axes = axes
    if isPresent(inputs, 1) {
      guard let given = try list(inputs, 1, "axes") else { throw unknownRank("axes") }
      guard let known = TensorType(.i64, given).sizes else {
        guard given.count <= x.rank else { throw DLError(.shapeMismatch, "axes: more than the rank, \(x.rank)") }
        return Array(repeating: .unknown, count: x.rank - given.count)
      }
      axes = known
    } else if axes.isEmpty {
      guard x.dims.allSatisfy({ $0.size != nil }) else {
        throw DLError(
          .unsupported, "axes: must be given where sizes are free, as in \(describe(x, symbols: symbols)): they may be 1")
      }
      axes = x.dims.indices.filter { x.dims[$0] == .fixed(1) }
    }
    let dropped = try distinctAxes(axes, rank: x.rank)
    for axis in dropped { try require(x.dims[axis], .fixed(1), "dimension \(axis)") }
    return x.dims.indices.filter { !dropped.contains($0) }.map { x.dims[$0] }
  }

  private func unsqueezeDims(_ axes: [Int], _ inputs: [Fact?]) throws(DLError) -> [Dim] {
    guard let x = inputs[0]?.type else { return [] }
    var axes = axes
    if isPresent(inputs, 1) {
      guard let given = try list(inputs, 1, "axes") else { throw unknownRank("axes") }
      guard let known = TensorType(.i64, given).sizes else { return Array(repeating: .unknown, count: x.rank + given.count) }
      axes = known
    }
    let rank = x.rank + axes.count
    guard rank <= maximumRank else { throw DLError(.unsupported, "rank \(rank) is above \(maximumRank)") }
    let added = try distinctAxes(axes, rank: rank)
    var rest = x.dims.makeIterator()
    return (0..<rank).map { added.contains($0) ? .fixed(1) : rest.next() ?? .unknown }
  }

  // MARK: blocks and sequences

  private func depthToSpaceDims(_ block: Int, _ x: TensorType) throws(DLError) -> [Dim] {
    let cells = try blockCells(block, x)
    if let channels = x.dims[1].size, channels % cells != 0 {
      throw DLError(.shapeMismatch, "channels: expected a multiple of \(cells), found \(channels)")
    }
    let side = Dim.fixed(block)
    let channels: Dim = x.dims[1].size.map { .fixed($0 / cells) } ?? (block == 1 ? x.dims[1] : .unknown)
    return [x.dims[0], channels, try multiply(x.dims[2], side), try multiply(x.dims[3], side)]
  }

  private func spaceToDepthDims(_ block: Int, _ x: TensorType) throws(DLError) -> [Dim] {
    let cells = try blockCells(block, x)
    var dims = [x.dims[0], try multiply(x.dims[1], .fixed(cells))]
    for axis in 2...3 {
      if let n = x.dims[axis].size, n % block != 0 {
        throw DLError(.shapeMismatch, "dimension \(axis): expected a multiple of \(block), found \(n)")
      }
      dims.append(x.dims[axis].size.map { .fixed($0 / block) } ?? (block == 1 ? x.dims[axis] : .unknown))
    }
    return dims
  }

  private func blockCells(_ block: Int, _ x: TensorType) throws(DLError) -> Int {
    guard x.rank == 4 else { throw DLError(.shapeMismatch, "expected rank 4, found \(describe(x, symbols: symbols))") }
    guard 1...32_767 ~= block else { throw DLError(.invalidModel, "block: expected 1 to 32767, found \(block)") }
    return block * block
  }

  private func checkReverse(_ batchAxis: Int, _ timeAxis: Int, _ inputs: [Fact?]) throws(DLError) {
    guard let x = inputs[0]?.type, let lengths = inputs[1]?.type else { return }
    try requireRank(x, atLeast: 2)
    let batch = try resolveAxis(batchAxis, rank: x.rank)
    let time = try resolveAxis(timeAxis, rank: x.rank)
    guard batch != time else { throw DLError(.invalidModel, "batch and time are both axis \(time)") }
    guard lengths.dtype == .i64 || lengths.dtype == .i32 else {
      throw DLError(.typeMismatch, "lengths: expected i64, found \(lengths.dtype.name)")
    }
    try require(lengths, [x.dims[batch]], "lengths")
  }
}
