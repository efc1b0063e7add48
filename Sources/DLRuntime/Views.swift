import DLGraph

/// Values that lie inside others, so that joining and cutting them copies nothing: what a concat joins is computed where the whole
/// will be, and what a split cuts is read where the whole is. A value is rows of its innermost dimension; a part along that
/// dimension has the whole's distance from row to row, its pitch. A part along another is dense when no dimension outside it is
/// larger than 1.
struct Views {
  let program: Program
  let builder: StepBuilder
  let types: [SizedType]
  /// Elements from row to row of each value; 0: dense.
  private(set) var pitches: [Int]
  /// The value that each lies in by being a part of it.
  private(set) var wholes: [Int?]
  private var readersAllow: [Bool]
  private var writerAllows: [Bool]
  /// Values whose memory is decided elsewhere: inputs, constants, outputs, views of others, and parts.
  private var isFixed: [Bool]

  /// isLive: of each node, whether the plan computes it. isKept: of each value, whether it is needed after the plan.
  /// isElsewhere: whether a value lies outside the plan's memory.
  init(
    _ program: Program, _ builder: StepBuilder, isLive: [Bool], isKept: [Bool], isElsewhere: (Int) -> Bool,
    _ aliases: inout Aliases
  ) {
    self.program = program
    self.builder = builder
    types = builder.types
    pitches = types.map { _ in 0 }
    wholes = types.map { _ in nil }
    readersAllow = isKept.map { !$0 }
    writerAllows = types.map { _ in false }
    isFixed = program.values.indices.map { v in
      if case .node = program.values[v].source { return isElsewhere(v) || aliases.root(v) != v }
      return true
    }
    for output in program.outputs {
      readersAllow[output] = false
      isFixed[output] = true
    }
    for (n, node) in program.nodes.enumerated() where isLive[n] {
      for read in node.reads where !builder.readsRows(node, read) { readersAllow[read] = false }
      for output in node.outputs where output != Node.absent { writerAllows[output] = builder.writesRows(node) }
    }
    // The last concat first, so that a whole that is part of another has its place before its own parts.
    for (n, node) in program.nodes.enumerated().reversed() where isLive[n] {
      if case .concat(let axis) = node.operation { join(node, axis, &aliases) }
    }
    for (n, node) in program.nodes.enumerated() where isLive[n] {
      if case .split(let axis) = node.operation { cut(node, axis, &aliases) }
    }
  }

  private mutating func join(_ node: ProgramNode, _ axis: Int, _ aliases: inout Aliases) {
    let whole = node.output
    var start = 0
    for (i, part) in node.inputs.enumerated() {
      if !isFixed[part], node.inputs.firstIndex(of: part) == i, let pitch = pitch(of: part, in: whole, axis),
        pitch == 0 || readersAllow[part] && writerAllows[part]
      {
        place(part, in: whole, axis, start, pitch, &aliases)
      }
      start += types[part].sizes[axis]
    }
  }

  private mutating func cut(_ node: ProgramNode, _ axis: Int, _ aliases: inout Aliases) {
    let whole = node.inputs[0]
    var start = 0
    for part in node.outputs {
      if !isFixed[part], let pitch = pitch(of: part, in: whole, axis), pitch == 0 || readersAllow[part] {
        place(part, in: whole, axis, start, pitch, &aliases)
      }
      start += types[part].sizes[axis]
    }
  }

  /// The pitch of a part, 0 if it is dense; nil if it cannot lie in the whole.
  private func pitch(of part: Int, in whole: Int, _ axis: Int) -> Int? {
    let order = builder.memoryOrder(whole)
    guard let position = order.firstIndex(of: axis), types[part].bytes > 0 else { return nil }
    let isInnermost = position == order.count - 1
    // Of a whole that is rows apart, only rows have parts.
    if pitches[whole] != 0 && !isInnermost { return nil }
    if order[..<position].allSatisfy({ types[whole].sizes[$0] == 1 }) { return 0 }
    return isInnermost ? pitches[whole] == 0 ? builder.rowWidth(whole) : pitches[whole] : nil
  }

  private mutating func place(_ part: Int, in whole: Int, _ axis: Int, _ start: Int, _ pitch: Int, _ aliases: inout Aliases) {
    let order = builder.memoryOrder(whole)
    let position = order.firstIndex(of: axis) ?? 0
    let inner = order[(position + 1)...].reduce(1) { $0 * types[whole].sizes[$1] }
    aliases.merge(part, into: whole, at: start * inner * types[whole].dtype.size)
    pitches[part] = pitch
    wholes[part] = whole
    isFixed[part] = true
  }
}
