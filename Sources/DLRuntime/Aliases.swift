/// Which values share memory with which, and where in it each begins.
struct Aliases {
  private var parent: [Int]
  /// Bytes from the beginning of the parent.
  private var offset: [Int]

  init(_ count: Int) {
    parent = Array(0..<count)
    offset = Array(repeating: 0, count: count)
  }

  mutating func append() {
    parent.append(parent.count)
    offset.append(0)
  }

  /// The value that owns a value's memory.
  mutating func root(_ value: Int) -> Int { place(value).root }

  /// The value that owns a value's memory, and the bytes from its beginning.
  mutating func place(_ value: Int) -> (root: Int, offset: Int) {
    var v = value
    var distance = 0
    while parent[v] != v {
      let next = parent[v]
      // Half of the chain is taken out at each walk.
      offset[v] += offset[next]
      parent[v] = parent[next]
      distance += offset[v]
      v = parent[v]
    }
    return (v, distance)
  }

  /// Puts the memory that a value shares `bytes` into that of another.
  mutating func merge(_ value: Int, into other: Int, at bytes: Int = 0) {
    let (root, before) = place(value)
    parent[root] = other
    offset[root] = bytes - before
  }
}
