import DLGraph

/// One sweep over a graph in the order of its nodes. Each is offered to the rules, which may replace its outputs by other values,
/// put other operations in its place, or make it part of one before it.
struct Rewriter {
  private(set) var graph: Graph
  /// The nodes so far, as they are now.
  private(set) var kept: [Node] = []
  /// The kept node that computes each value.
  private var producer: [Int?]
  /// What each value was replaced by, or itself.
  private var source: [Int]
  /// How often each value is read, at most.
  private var uses: [Int]
  /// Bytes of constants that may still be computed.
  var budget: Int
  private(set) var changed = false

  init(_ graph: Graph, budget: Int) {
    self.graph = graph
    self.budget = budget
    uses = countUses(graph)
    producer = uses.map { _ in nil }
    source = Array(uses.indices)
  }

  mutating func sweep() throws(DLError) {
    for var node in graph.nodes {
      node.inputs = node.inputs.map { $0 == Node.absent ? $0 : source[$0] }
      if try rewrite(node) { changed = true } else { keep(node) }
    }
  }

  /// The rules, until one has dealt with the node.
  private mutating func rewrite(_ node: Node) throws(DLError) -> Bool {
    if foldConstants(node) || removeIdentity(node) { return true }
    if mergeShapes(node) || mergePermutations(node) || foldPadding(node) { return true }
    if joinActivation(node) || useGlobalPool(node) || useGemm(node) { return true }
    return try foldScale(node)
  }

  func finished() -> Graph {
    var graph = graph
    graph.nodes = kept
    graph.outputs = graph.outputs.map { source[$0] }
    return graph
  }

  // MARK: what rules ask

  func type(_ value: Int) -> TensorType { graph.values[value].type }

  func fact(_ value: Int) -> Fact? { graph.fact(value) }

  func constant(_ value: Int) -> Constant? { value == Node.absent ? nil : graph.values[value].constant }

  /// The one element of a constant.
  func scalar(_ value: Int) -> Float? {
    guard let constant = constant(value), constant.dtype == .f32, constant.count == 1 else { return nil }
    return withExtendedLifetime(constant) { constant.floats[0] }
  }

  /// The elements of a small constant of integers.
  func integers(_ value: Int) -> [Int]? { value == Node.absent ? nil : fact(value)?.knownIntegers }

  /// The operation that computes a value.
  func producing(_ value: Int) -> Node? { producer[value].map { kept[$0] } }

  /// Whether one node, and no graph output, reads a value.
  func isReadOnce(_ value: Int) -> Bool { uses[value] == 1 }

  /// Whether two values have the same sizes in every run.
  func sameSizes(_ a: Int, _ b: Int) -> Bool { type(a).dims == type(b).dims && !type(a).dims.contains(.unknown) }

  // MARK: what rules do

  /// Keeps a node as it is.
  mutating func keep(_ node: Node) {
    for output in node.outputs where output != Node.absent { producer[output] = kept.count }
    kept.append(node)
  }

  /// Readers of `value` read `other` instead.
  mutating func replace(_ value: Int, by other: Int) {
    source[value] = other
    uses[other] += uses[value]
  }

  /// Keeps another operation in a node's place, which must have the same output.
  mutating func replace(_ node: Node, by op: Op, _ inputs: [Int]) -> Bool {
    for input in inputs where input != Node.absent { uses[input] += 1 }
    keep(Node(name: node.name, op: op, inputs: inputs, outputs: [node.outputs[0]]))
    return true
  }

  /// Adds an operation with one output before the node at hand; nil if its types do not allow it.
  mutating func add(_ op: Op, _ inputs: [Int], like node: Node) -> Int? {
    guard let facts = try? inferFacts(of: op, inputs.map { fact($0) }) else { return nil }
    let output = addValue(Value(name: node.name, type: facts[0].type, elements: facts[0].elements))
    uses[output] = 1
    for input in inputs where input != Node.absent { uses[input] += 1 }
    keep(Node(name: node.name, op: op, inputs: inputs, outputs: [output]))
    return output
  }

  mutating func addConstant(_ name: Name, _ constant: Constant) -> Int {
    addValue(Value(name: name, type: constant.type, constant: constant))
  }

  /// Lets the operation that computes `value`, which only `node` reads, compute the node's output instead.
  mutating func absorb(_ node: Node, into value: Int, op: Op? = nil, inputs: [Int]) {
    guard let n = producer[value] else { return }
    kept[n].op = op ?? kept[n].op
    kept[n].inputs = inputs
    kept[n].outputs = [node.outputs[0]]
    producer[node.outputs[0]] = n
    producer[value] = nil
  }

  private mutating func addValue(_ value: Value) -> Int {
    graph.values.append(value)
    producer.append(nil)
    source.append(graph.values.count - 1)
    uses.append(0)
    return graph.values.count - 1
  }
}
