import CPlatform

/// Memory that every run reads, whose small pages become huge ones after the first run: making one takes some systems milliseconds,
/// which a session that runs once must not pay, and one that runs often is better off for having paid.
struct HugePages {
  private var memory: [(base: UnsafeRawPointer, next: Int, pages: Int)] = []
  /// Whether memory has come since the last run, which is then the first with it.
  private var isFresh = false
  private let generation = dlp_fork_generation()
  /// The longest that a run waits for it, but for its last page. Most systems make a thousand in that time, some fifty.
  private static let nanoseconds: UInt64 = 250_000_000

  var isEmpty: Bool { memory.isEmpty }

  mutating func add(_ base: UnsafeRawPointer, _ bytes: Int) {
    let pages = dlp_huge_pages(bytes)
    if pages == 0 { return }
    memory.append((base, 0, pages))
    isFresh = true
  }

  /// Memory that is about to be freed.
  mutating func remove(_ base: UnsafeRawPointer) { memory.removeAll { $0.base == base } }

  /// Before each run.
  mutating func make() {
    if isEmpty { return }
    if isFresh { return isFresh = false }
    // A huge page is no longer shared with the parent.
    if generation != dlp_fork_generation() { return memory.removeAll() }
    let start = dlp_nanoseconds()
    while let (base, next, pages) = memory.last {
      if !dlp_collapse_pages(base, next) { return memory.removeAll() }
      memory[memory.count - 1].next += 1
      if next + 1 == pages { memory.removeLast() }
      if dlp_nanoseconds() - start > HugePages.nanoseconds { return }
    }
  }
}
