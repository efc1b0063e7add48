/// The LZ4 block format (Yann Collet, "LZ4 Block Format Description"): sequences of literals, each but the last followed by a
/// copy of what is up to 65,535 bytes before. FORMAT.md gives it in full.
enum Packing {
  /// The most bytes that a block may stand for: a byte cannot for more than 255, and beyond a megabyte, 16 are enough for any
  /// graph. What is read from a section takes memory in proportion to this.
  static func mostUnpacked(_ block: Int) -> Int { min(255 * (block + 1), (1 << 20) + 16 * block) }
  static let shortestCopy = 4
  static let longestDistance = 65_535
  /// A length of 15 in a token goes on in bytes after it.
  static let longToken = 15
}

/// Fills target from a block; whether the block holds just so many bytes.
func unpack(_ block: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
  var (from, to) = (0, 0)
  /// nil: the block ends inside a length.
  func length(_ short: UInt8) -> Int? {
    var length = Int(short)
    guard length == Packing.longToken else { return length }
    while from < block.count {
      let byte = block[from]
      from += 1
      length += Int(byte)
      if byte != 255 { return length }
    }
    return nil
  }
  while from < block.count {
    let token = block[from]
    from += 1
    guard let literals = length(token >> 4), literals <= block.count - from, literals <= target.count - to else { return false }
    for i in 0..<literals { target[to + i] = block[from + i] }
    (from, to) = (from + literals, to + literals)
    if from == block.count { return to == target.count }

    guard block.count - from >= 2 else { return false }
    let distance = Int(block[from]) | Int(block[from + 1]) << 8
    from += 2
    guard distance > 0, distance <= to, let more = length(token & 15) else { return false }
    let end = to + Packing.shortestCopy + more
    guard end <= target.count else { return false }
    // What is copied may begin with what the copy writes.
    for i in to..<end { target[i] = target[i - distance] }
    to = end
  }
  return false
}

/// A block that holds these bytes.
func pack(_ bytes: [UInt8]) -> [UInt8] {
  var block: [UInt8] = []
  var earlier = Copies(bytes)
  var (at, literals) = (0, 0)
  while let copy = earlier.longest(at) {
    guard copy.length >= Packing.shortestCopy else {
      at += 1
      continue
    }
    block.addSequence(bytes[literals..<at], copy)
    at += copy.length
    literals = at
  }
  block.addSequence(bytes[literals...], nil)
  return block
}

private typealias Copy = (distance: Int, length: Int)

/// Where in some bytes the same four bytes were before, as chains of places with the same hash.
private struct Copies {
  private let bytes: [UInt8]
  private var heads = [Int](repeating: -1, count: 1 << 16)
  private var before: [Int] = []
  /// The format ends in literals: no copy begins in the last 12 bytes, or reaches into the last 5.
  private static let (lastBegin, lastEnd) = (12, 5)
  /// How many earlier places are looked at.
  private static let depth = 64

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The longest copy that can stand at a place, of no bytes where there is none; nil where none may begin any more.
  mutating func longest(_ at: Int) -> Copy? {
    guard at + Copies.lastBegin <= bytes.count else { return nil }
    while before.count < at {
      let hash = hash(before.count)
      before.append(heads[hash])
      heads[hash] = before.count - 1
    }
    var best = Copy(0, 0)
    var place = heads[hash(at)]
    var left = Copies.depth
    while place >= 0, at - place <= Packing.longestDistance, left > 0 {
      var length = 0
      while at + length < bytes.count - Copies.lastEnd, bytes[place + length] == bytes[at + length] { length += 1 }
      if length > best.length { best = Copy(at - place, length) }
      place = before[place]
      left -= 1
    }
    return best
  }

  private func hash(_ at: Int) -> Int {
    let word = (0..<Packing.shortestCopy).reduce(0) { $0 << 8 | UInt32(bytes[at + $1]) }
    return Int((word &* 0x9E37_79B1) >> 16)
  }
}

extension [UInt8] {
  fileprivate mutating func addSequence(_ literals: ArraySlice<UInt8>, _ copy: Copy?) {
    let copied = copy.map { $0.length - Packing.shortestCopy } ?? 0
    append(UInt8(Swift.min(literals.count, Packing.longToken) << 4 | Swift.min(copied, Packing.longToken)))
    addRest(of: literals.count)
    self += literals
    guard let copy else { return }
    self += [UInt8(copy.distance & 255), UInt8(copy.distance >> 8)]
    addRest(of: copied)
  }

  /// What of a length does not fit the token.
  private mutating func addRest(of length: Int) {
    guard length >= Packing.longToken else { return }
    var rest = length - Packing.longToken
    while rest >= 255 {
      append(255)
      rest -= 255
    }
    append(UInt8(rest))
  }
}
