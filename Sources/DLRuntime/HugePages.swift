import CPlatform

/// Memory that every run reads, whose small pages become huge ones after the first run: making one takes some systems milliseconds,
/// which a program that runs a model once must not pay, and one that runs it often is better off for having paid.
struct HugePages {
  private var memory: [(base: UnsafeRawPointer, next: Int, pages: Int)] = []
  /// The longest that a run waits for it, but for its last page. Most systems make a thousand in that time, some fifty.
  private static let nanoseconds: UInt64 = 250_000_000

  private var hasRun = false

  var isEmpty: Bool { memory.isEmpty }

  mutating func add(_ base: UnsafeRawPointer, _ bytes: Int) {
    let pages = dlp_huge_pages(bytes)
    if pages > 0 { memory.append((base, 0, pages)) }
  }

  /// Memory that is about to be freed.
  mutating func remove(_ base: UnsafeRawPointer) { memory.removeAll { $0.base == base } }

  /// Before each run.
  mutating func make() {
    defer { hasRun = true }
    if !hasRun || isEmpty { return }
    let start = dlp_nanoseconds()
    while let (base, next, pages) = memory.popLast() {
      dlp_collapse_pages(base, next)
      if next + 1 < pages { memory.append((base, next + 1, pages)) }
      if dlp_nanoseconds() - start > HugePages.nanoseconds { return }
    }
  }
}
