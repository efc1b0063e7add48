import DLGraph

/// What is known while a run is planned. Most models are planned at once. Where sizes follow from elements, which only a run
/// computes, the run goes in stages: a plan for all nodes whose sizes are known, then, with the elements and sizes that it has
/// found, a plan for more.
struct Knowledge {
  /// Of each program value; nil: nothing yet.
  var facts: [Fact?]
  /// Of each node: whether an earlier stage has computed it, or its results are known.
  var isDone: [Bool]
  /// The stage that has computed each value.
  var stage: [Int?]
  /// Of each output of the program: its sizes, once a stage has written it.
  var outputSizes: [[Int]?]
  var stages = 0

  /// Checks free dimensions that must agree.
  init(_ program: Program, inputSizes: [[Int]]) throws(DLError) {
    facts = program.values.map { _ in nil }
    isDone = program.nodes.map { _ in false }
    stage = program.values.map { _ in nil }
    outputSizes = program.outputs.map { _ in nil }
    for (v, value) in program.values.enumerated() {
      switch value.source {
      case .constant(let constant): facts[v] = Fact(constant)
      case .packed: facts[v] = Fact(value.type)
      case .input, .node: break
      }
    }
    for (i, v) in program.inputs.enumerated() {
      let value = program.values[v]
      for (d, dim) in value.type.dims.enumerated() {
        guard case .symbol = dim, let (first, axis) = program.firstUse(of: dim) else { continue }
        let (expected, size) = (inputSizes[first][axis], inputSizes[i][d])
        if expected != size {
          let known = program.values[program.inputs[first]].name
          throw DLError(
            .shapeMismatch,
            "input \(value.name.quoted): dimension \(d): expected \(expected) as in input \(known.quoted), found \(size)")
        }
      }
      facts[v] = Fact(TensorType(value.type.dtype, sizes: inputSizes[i]))
    }
  }

  /// What has become known by running a stage.
  mutating func learn(_ stage: Stage, elements: [Constant], sizes: [[Int]]) {
    for (v, constant) in zip(stage.wanted, elements) { facts[v] = Fact(constant) }
    for (v, found) in zip(stage.open, sizes) { facts[v] = Fact(TensorType(stage.types[v].dtype, sizes: found)) }
  }
}

/// What a plan covers of a program.
struct Stage {
  /// Of each node: whether the plan computes it.
  var isLive: [Bool]
  /// Of each value: the memory it takes, no sizes where nothing is known.
  var types: [SizedType]
  /// Values whose sizes only their elements tell; `types` has the most they can be.
  var open: [Int] = []
  /// Values whose elements decide the sizes of others.
  var wanted: [Int] = []
  /// Whether nodes are left for another stage.
  var isLast = true

  /// Covers all nodes that `knowledge` is enough for, and adds what is known of their outputs.
  init(_ program: Program, _ knowledge: inout Knowledge) throws(DLError) {
    isLive = program.nodes.map { _ in false }
    types = []
    var most: [(value: Int, sizes: [Int])] = []
    for (n, node) in program.nodes.enumerated() where !knowledge.isDone[n] {
      if node.reads.contains(where: { knowledge.facts[$0]?.type.sizes == nil }) {
        isLast = false
        continue
      }
      do { try cover(node, n, &knowledge, &most) } catch {
        throw node.op.map { error.at("node \(node.name.quoted) (\($0.name))") } ?? error
      }
    }
    types = program.values.indices.map { v in
      SizedType(dtype: program.values[v].type.dtype, sizes: knowledge.facts[v]?.type.sizes ?? [0])
    }
    for (v, sizes) in most { types[v].sizes = sizes }
  }

  private mutating func cover(
    _ node: ProgramNode, _ n: Int, _ knowledge: inout Knowledge, _ most: inout [(value: Int, sizes: [Int])]
  ) throws(DLError) {
    guard let op = node.op else {
      // The same elements in another order.
      knowledge.facts[node.output] = knowledge.facts[node.inputs[0]].map { Fact($0.type) }
      return finish(node, n, &knowledge)
    }
    let inputs = node.inputs.map { $0 == Node.absent ? nil : knowledge.facts[$0] }
    var facts = try inferFacts(of: op, inputs, outputs: node.outputs.count)
    if let constants = try fold(op, inputs, facts, limit: foldingLimit) {
      facts = constants.map { Fact($0) }
    } else if facts.contains(where: { $0.type.sizes == nil }) {
      isLast = false
      guard let sizes = try mostSizes(of: op, inputs, outputs: node.outputs.count) else {
        return try want(node, op, inputs)
      }
      for (i, output) in node.outputs.enumerated() where output != Node.absent && facts[i].type.sizes == nil {
        open.append(output)
        most.append((output, sizes[i]))
      }
    }
    for (output, fact) in zip(node.outputs, facts) where output != Node.absent {
      knowledge.facts[output] = fact.type.sizes == nil ? nil : try known(fact)
    }
    finish(node, n, &knowledge)
  }

  private mutating func finish(_ node: ProgramNode, _ n: Int, _ knowledge: inout Knowledge) {
    knowledge.isDone[n] = true
    for output in node.outputs where output != Node.absent {
      let sizes = knowledge.facts[output]?.type.sizes
      // Nothing to compute of what is known, or of no elements at all.
      if knowledge.facts[output]?.constant == nil, sizes?.allSatisfy({ $0 > 0 }) ?? true { isLive[n] = true }
      knowledge.stage[output] = knowledge.stages
    }
  }

  /// Asks for the elements that the sizes of a node's outputs follow from: all small inputs that are parameters.
  private mutating func want(_ node: ProgramNode, _ op: Op, _ inputs: [Fact?]) throws(DLError) {
    let first =
      switch op {
      case .range, .fill: 0
      default: 1
      }
    var isAsked = false
    for (i, input) in inputs.enumerated().dropFirst(first) {
      guard let input, input.constant == nil, let sizes = input.type.sizes, let count = elementCount(sizes),
        count <= Fact.mostElements
      else { continue }
      isAsked = true
      if !wanted.contains(node.inputs[i]) { wanted.append(node.inputs[i]) }
    }
    if !isAsked { throw DLError(.unsupported, "the sizes of the output depend on the elements of the inputs") }
  }

  /// A fact whose integer elements all follow from sizes is a constant.
  private func known(_ fact: Fact) throws(DLError) -> Fact {
    guard fact.constant == nil, !fact.type.dtype.isFloat, let sizes = fact.type.sizes, let elements = fact.knownIntegers,
      let bytes = byteCount(fact.type.dtype, sizes), elementCount(sizes) == elements.count
    else { return fact }
    let dtype = fact.type.dtype
    let storage = try Storage.allocate(bytes) { memory in
      guard let base = memory.baseAddress else { return }
      let buffer = TensorBuffer(base, dtype, sizes)
      for (i, element) in elements.enumerated() { buffer.setInteger(i, Int64(element)) }
    }
    return Fact(try Constant(dtype, sizes, storage))
  }
}

/// The most bytes that a node computed at planning may make: shapes and the little that is computed from them.
private let foldingLimit = 65_536
