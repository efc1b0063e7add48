import CPlatform
import DLGraph
import Synchronization

/// Threads that share the units of one step at a time. Sessions of several threads may share a pool: the first gets the
/// workers, the others meanwhile do their own work alone. Between steps of a run the workers spin for some tens of microseconds;
/// otherwise they sleep. In a child process after fork the pool has no workers and everything runs on the caller.
public final class ThreadPool: @unchecked Sendable {
  /// Threads that work on a step, the calling one included.
  public let threads: Int

  /// The units of a step a thread begins with, and all a thread must know to compute them. It is the same part of each step, so
  /// that what one step wrote the next finds in the cache of its own core; a thread that is done takes from the others'
  /// shares. All in one cache line, because a line takes as long from core to core as a small layer: the caller fills it in
  /// without waiting, the worker sees it change, and the caller sees there when all is done. As long as two lines:
  /// processors fetch pairs.
  private struct Share: ~Copyable {
    /// The units nobody has taken: the first in the lower half, their end in the upper. Whoever exchanges it for fewer has units
    /// of the step that is under way, however long ago the word was read: no step ends before all its units are done.
    let left = Atomic<UInt64>(0)
    /// Whether this thread may have taken units, from any share, and not be done with them.
    let busy = Atomic<Bool>(false)
    /// The fewest units to take at once.
    let grain = Atomic<Int>(1)
    /// Plain pointers: handing a closure to the workers would allocate in every run.
    var step: Unmanaged<Step>?
    var slots: Slots?
    var scratch: UnsafeMutablePointer<Float>?
    private let rest: InlineArray<10, Int> = InlineArray(repeating: 0)
  }

  /// What workers know besides; fixed memory, because futex wants an address.
  private struct Shared: ~Copyable {
    /// Counts what sleeping workers wake for; they sleep while it stays as they last saw it.
    let ticket = Atomic<UInt32>(0)
    /// Workers asleep, which a new step must wake.
    let sleeping = Atomic<UInt32>(0)
    let stopping = Atomic<Bool>(false)
    /// One for each thread; the first is the caller's.
    let shares: UnsafeMutablePointer<Share>
    let threads: Int

    init?(threads: Int) {
      guard let memory = dlp_allocate(threads * MemoryLayout<Share>.stride) else { return nil }
      self.threads = threads
      shares = memory.bindMemory(to: Share.self, capacity: threads)
      for i in 0..<threads { (shares + i).initialize(to: Share()) }
    }
    deinit {
      shares.deinitialize(count: threads)
      dlp_free(shares)
    }
  }

  private let shared: UnsafeMutablePointer<Shared>
  /// Set while some session uses the workers.
  private let taken = Atomic<Bool>(false)
  private var handles: [OpaquePointer] = []
  private let generation: UInt32
  /// How long a worker spins for the next step before it sleeps.
  private static let spinNanoseconds: UInt64 = 50_000

  private final class WorkerStart {
    let shared: UnsafeMutablePointer<Shared>
    let worker: Int
    init(_ shared: UnsafeMutablePointer<Shared>, _ worker: Int) {
      self.shared = shared
      self.worker = worker
    }
  }

  /// threads: 1 to 256, or 0 for one on each CPU of the affinity mask.
  public init(threads: Int) throws(DLError) {
    guard 0...256 ~= threads else { throw DLError(.invalidArgument, "threads: expected 0 to 256, found \(threads)") }
    self.threads = threads == 0 ? min(dlp_cpu_count(), 256) : threads
    generation = dlp_fork_generation()
    guard let known = Shared(threads: self.threads) else { throw DLError(.outOfMemory, "no memory for \(self.threads) threads") }
    shared = .allocate(capacity: 1)
    shared.initialize(to: known)
    for worker in 1..<max(self.threads, 1) {
      let start = Unmanaged.passRetained(WorkerStart(shared, worker))
      var handle: OpaquePointer?
      let code = dlp_thread_start(
        { argument in
          let start = Unmanaged<WorkerStart>.fromOpaque(argument!).takeRetainedValue()
          ThreadPool.work(start.shared, start.worker)
        }, start.toOpaque(), &handle)
      guard code == 0, let handle else {
        start.release()
        stop()
        throw DLError(.outOfMemory, "cannot start thread \(worker) of \(self.threads): errno \(code)")
      }
      handles.append(handle)
    }
  }

  deinit {
    stop()
    shared.deinitialize(count: 1)
    shared.deallocate()
  }

  private func stop() {
    let inherited = generation != dlp_fork_generation()
    if !inherited {
      shared.pointee.stopping.store(true, ordering: .sequentiallyConsistent)
      shared.pointee.ticket.wrappingAdd(1, ordering: .sequentiallyConsistent)
      dlp_wake(ticketWord(shared))
    }
    for handle in handles { if inherited { dlp_thread_forget(handle) } else { dlp_thread_join(handle) } }
    handles = []
  }

  /// Whether no worker sleeps, so that a job costs less.
  var isAwake: Bool { shared.pointee.sleeping.load(ordering: .relaxed) == 0 }

  /// Runs a step, its units taken `grain` or more at once, and returns when all are done.
  func run(_ step: Step, _ slots: Slots, _ scratch: UnsafeMutablePointer<Float>, grain: Int) {
    if step.units <= grain || threads == 1 || step.units > UInt32.max || generation != dlp_fork_generation()
      || taken.exchange(true, ordering: .acquiring)
    {
      step.body(slots, scratch, 0..<step.units, 0)
      return
    }
    let shares = shared.pointee.shares
    for i in (0..<threads).reversed() {
      shares[i].grain.store(grain, ordering: .relaxed)
      shares[i].step = Unmanaged.passUnretained(step)
      shares[i].slots = slots
      shares[i].scratch = scratch
      let left = ThreadPool.word(step.units * i / threads, step.units * (i + 1) / threads)
      shares[i].left.store(left, ordering: .releasing)
    }
    // A worker that falls asleep at this moment may be missed. Nobody waits for it: its units are taken by others.
    if !isAwake {
      shared.pointee.ticket.wrappingAdd(1, ordering: .sequentiallyConsistent)
      dlp_wake(ticketWord(shared))
    }
    ThreadPool.takeUnits(shared, 0)
    for i in 1..<threads {
      var spins = 0
      while shares[i].busy.load(ordering: .acquiring) {
        spins += 1
        // More threads than CPUs: let the one that is waited for run.
        if spins % 1024 == 0 { dlp_yield() } else { dlp_spin_hint() }
      }
    }
    taken.store(false, ordering: .releasing)
  }

  private static func word(_ first: Int, _ end: Int) -> UInt64 {
    UInt64(truncatingIfNeeded: end) << 32 | UInt64(truncatingIfNeeded: first)
  }

  private static func units(_ word: UInt64) -> Range<Int> { Int(word & 0xffff_ffff)..<Int(word >> 32) }

  /// Computes units until nobody has any left.
  private static func takeUnits(_ shared: UnsafeMutablePointer<Shared>, _ worker: Int) {
    let threads = shared.pointee.threads
    for i in worker..<worker + threads {
      let share = shared.pointee.shares + i % threads
      while let units = take(share) {
        guard let step = share.pointee.step, let slots = share.pointee.slots, let scratch = share.pointee.scratch else { return }
        // A retain would be a write that the threads wait for each other with.
        step._withUnsafeGuaranteedRef { $0.body(slots, scratch, units, worker) }
      }
    }
  }

  /// Three quarters of what is left of a share: large parts first, then smaller ones, so that all are done at about the same
  /// time.
  private static func take(_ share: UnsafeMutablePointer<Share>) -> Range<Int>? {
    var word = share.pointee.left.load(ordering: .acquiring)
    while true {
      let left = units(word)
      if left.isEmpty { return nil }
      let next = min(left.upperBound, left.lowerBound + max(share.pointee.grain.load(ordering: .relaxed), left.count * 3 / 4))
      let (taken, found) = share.pointee.left.weakCompareExchange(
        expected: word, desired: ThreadPool.word(next, left.upperBound), ordering: .acquiringAndReleasing)
      if taken { return left.lowerBound..<next }
      word = found
    }
  }

  private static func work(_ shared: UnsafeMutablePointer<Shared>, _ worker: Int) {
    _ = dlp_fpu_enter()
    let share = shared.pointee.shares + worker
    while waitForUnits(shared, share) {
      share.pointee.busy.store(true, ordering: .relaxed)
      takeUnits(shared, worker)
      share.pointee.busy.store(false, ordering: .releasing)
    }
  }

  /// Waits until a share has units: spins for a while, then sleeps, and when it is woken spins again. False: the pool is stopping.
  private static func waitForUnits(_ shared: UnsafeMutablePointer<Shared>, _ share: UnsafeMutablePointer<Share>) -> Bool {
    while true {
      let start = dlp_nanoseconds()
      while dlp_nanoseconds() - start < spinNanoseconds {
        for _ in 0..<64 {
          if hasUnits(share) { return true }
          dlp_spin_hint()
        }
      }
      shared.pointee.sleeping.wrappingAdd(1, ordering: .sequentiallyConsistent)
      let ticket = shared.pointee.ticket.load(ordering: .sequentiallyConsistent)
      let stops = shared.pointee.stopping.load(ordering: .sequentiallyConsistent)
      if !stops && !hasUnits(share) { dlp_wait(ticketWord(shared), ticket) }
      shared.pointee.sleeping.wrappingSubtract(1, ordering: .sequentiallyConsistent)
      if stops { return false }
    }
  }

  private static func hasUnits(_ share: UnsafeMutablePointer<Share>) -> Bool {
    !units(share.pointee.left.load(ordering: .relaxed)).isEmpty
  }
}

/// The address of the ticket, which is the first field.
private func ticketWord(_ shared: UnsafeRawPointer) -> UnsafeRawPointer { shared }
