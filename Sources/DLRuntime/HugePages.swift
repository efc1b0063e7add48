import CPlatform

/// Memory that every run reads, whose small pages become huge ones little by little: making one takes some systems milliseconds,
/// which a program that runs a model once must not pay, and one that runs it often is better off for having paid.
struct HugePages {
  private var memory: [(base: UnsafeRawPointer, next: Int, pages: Int)] = []
  /// Nanoseconds that may be spent; less than none when the last page took longer than that.
  private var credit = 0

  var isDone: Bool { memory.isEmpty }

  mutating func add(_ base: UnsafeRawPointer, _ bytes: Int) {
    let pages = dlp_huge_pages(bytes)
    if pages > 0 { memory.append((base, 0, pages)) }
  }

  /// Memory that is about to be freed.
  mutating func remove(_ base: UnsafeRawPointer) { memory.removeAll { $0.base == base } }

  /// Spends a quarter of the time that a run took.
  mutating func advance(afterRunOf nanoseconds: UInt64) {
    credit += Int(nanoseconds / 4)
    while credit > 0, let (base, next, pages) = memory.popLast() {
      let start = dlp_nanoseconds()
      dlp_collapse_pages(base, next)
      credit -= Int(dlp_nanoseconds() - start)
      if next + 1 < pages { memory.append((base, next + 1, pages)) }
    }
  }
}
