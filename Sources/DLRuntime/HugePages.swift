import CPlatform

/// Memory that every run reads. Loading gives it huge pages where that is quick; elsewhere its small pages become huge ones after
/// the first run: a session that runs once must not pay for them, and one that runs often is better off for having paid. Where
/// they come slowly it is not: VGG-16's, 6 ms each and 2 s in all, made runs three times as long for 2 % afterwards.
struct HugePages {
  private var memory: [(base: UnsafeRawPointer, next: Int, pages: Int)] = []
  /// Whether memory has come since the last run, which is then the first with it.
  private var isFresh = false
  /// `dlp_fork_generation` of the process that filled the memory. After a fork it stays as it is: a huge page is not shared with
  /// the parent.
  let generation: UInt32
  /// The nanoseconds that a run waits for it, but for its last page.
  private let patience: UInt64
  /// Nanoseconds for each page that are too many to go on.
  private let slow: UInt64

  init(generation: UInt32, patience: UInt64 = 50_000_000, slow: UInt64 = 2_000_000) {
    self.generation = generation
    self.patience = patience
    self.slow = slow
  }

  var isEmpty: Bool { memory.isEmpty }

  mutating func add(_ base: UnsafeRawPointer, _ bytes: Int) {
    let pages = dlp_huge_pages(bytes)
    if pages == 0 { return }
    memory.append((base, 0, pages))
    isFresh = true
  }

  /// Memory that is about to be freed.
  mutating func remove(_ base: UnsafeRawPointer) {
    guard let i = memory.firstIndex(where: { $0.base == base }) else { return }
    memory[i] = memory[memory.count - 1]
    memory.removeLast()
  }

  /// Before each run.
  mutating func make() {
    if isEmpty { return }
    if isFresh { return isFresh = false }
    if generation != dlp_fork_generation() || !dlp_allows_huge_pages() { return memory.removeAll() }
    let start = dlp_nanoseconds()
    var made: UInt64 = 0
    while let (base, next, pages) = memory.last {
      if !dlp_collapse_pages(base, next) { return memory.removeAll() }
      memory[memory.count - 1].next += 1
      if next + 1 == pages { memory.removeLast() }
      made += 1
      let waited = dlp_nanoseconds() - start
      if waited > patience {
        if waited / made > slow { memory.removeAll() }
        return
      }
    }
  }
}
