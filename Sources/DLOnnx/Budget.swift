import DLGraph

/// What an import may take. A file of a few bytes can ask for any number of nodes, by functions that call each other and loops
/// within loops, and each of them for copies of its constants and for names that repeat those of all nodes around it.
struct Budget {
  private static let mostNodes = 4_000_000
  private static let leastBytes = 1 << 28
  private static let mostReads = 1 << 26

  private var nodes = 0
  private var bytes = 0
  private var reads = 0

  /// Throws unsupported when there have been too many nodes.
  mutating func take(nodes count: Int) throws(DLError) {
    nodes += count
    guard nodes <= Budget.mostNodes else {
      throw DLError(.unsupported, "more than \(Budget.mostNodes) nodes when functions and loops are unrolled")
    }
  }

  /// source: bytes of the model's files, a few times which there may be. Throws unsupported when there have been too many.
  mutating func take(bytes count: Int, source: Int) throws(DLError) {
    guard has(bytes: count, source: source) else {
      throw DLError(.unsupported, "more than \(limit(source)) bytes of constants and names when functions and loops are unrolled")
    }
    bytes += count
  }

  func has(bytes count: Int, source: Int) -> Bool { count <= limit(source) - bytes }

  /// Whether there are so many reads left for computing constants; they are taken then.
  mutating func canRead(_ count: Int) -> Bool {
    guard count <= Budget.mostReads - reads else { return false }
    reads += count
    return true
  }

  private func limit(_ source: Int) -> Int { Budget.leastBytes + 4 * min(source, 1 << 60) }
}
