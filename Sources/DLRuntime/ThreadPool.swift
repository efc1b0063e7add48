import CPlatform
import DLGraph
import Synchronization

/// Threads that share the units of one step at a time. Sessions of several threads may share a pool: the first gets the
/// workers, the others meanwhile do their own work alone. Between steps of a run the workers spin for some tens of microseconds;
/// otherwise they sleep. In a child process after fork the pool has no workers and everything runs on the caller.
public final class ThreadPool: @unchecked Sendable {
  /// Threads that work on a step, the calling one included.
  public let threads: Int

  /// What workers and caller share; fixed memory, because futex wants an address.
  private struct Shared: ~Copyable {
    /// Counts jobs; workers sleep while it stays as they last saw it. Away from the rest: they read it again and again, and what
    /// the caller writes to the same cache lines meanwhile would go back and forth.
    let ticket = Atomic<UInt32>(0)
    private let apart: InlineArray<16, Int> = InlineArray(repeating: 0)
    /// How many workers are inside the current job, and `closed` once nobody else may enter. A worker that wakes too late
    /// is not waited for.
    let inside = Atomic<UInt32>(ThreadPool.closed)
    let stopping = Atomic<Bool>(false)
    /// Set while some session uses the workers.
    let taken = Atomic<Bool>(false)
    /// Workers asleep, which a new job must wake.
    let sleeping = Atomic<UInt32>(0)
    /// The job. Plain pointers: handing a closure to the workers would allocate in every run.
    var step: Unmanaged<Step>?
    var slots: Slots?
    var scratch: UnsafeMutablePointer<Float>?
    /// The fewest units to take at once.
    var grain = 1
    /// Each thread's share of the units, and how many threads there are.
    let shares: UnsafeMutablePointer<Share>
    let threads: Int

    init(threads: Int) {
      self.threads = threads
      shares = .allocate(capacity: threads)
      for i in 0..<threads { (shares + i).initialize(to: Share()) }
    }
    deinit {
      shares.deinitialize(count: threads)
      shares.deallocate()
    }
  }

  /// The units a thread begins with: the same part of each step, so that what one step wrote the next finds in the cache of
  /// its own core. A thread that is done takes from the others' shares. As long as two cache lines: neighbours do not
  /// disturb each other.
  private struct Share: ~Copyable {
    /// The first unit nobody has taken.
    let next = Atomic<Int>(0)
    var end = 0
    private let rest: InlineArray<14, Int> = InlineArray(repeating: 0)
  }

  private static let closed: UInt32 = 0x8000_0000

  private let shared: UnsafeMutablePointer<Shared>
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
    shared = .allocate(capacity: 1)
    shared.initialize(to: Shared(threads: self.threads))
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
    if step.units <= grain || threads == 1 || generation != dlp_fork_generation()
      || shared.pointee.taken.exchange(true, ordering: .acquiring)
    {
      step.body(slots, scratch, 0..<step.units, 0)
      return
    }
    shared.pointee.grain = grain
    shared.pointee.step = Unmanaged.passUnretained(step)
    shared.pointee.slots = slots
    shared.pointee.scratch = scratch
    for i in 0..<threads {
      shared.pointee.shares[i].next.store(step.units * i / threads, ordering: .relaxed)
      shared.pointee.shares[i].end = step.units * (i + 1) / threads
    }
    shared.pointee.inside.store(0, ordering: .releasing)
    shared.pointee.ticket.wrappingAdd(1, ordering: .sequentiallyConsistent)
    if shared.pointee.sleeping.load(ordering: .sequentiallyConsistent) > 0 { dlp_wake(ticketWord(shared)) }
    ThreadPool.takeChunks(shared, 0)
    shared.pointee.inside.bitwiseOr(ThreadPool.closed, ordering: .acquiringAndReleasing)
    var spins = 0
    while shared.pointee.inside.load(ordering: .acquiring) != ThreadPool.closed {
      spins += 1
      // More threads than CPUs: let the one that is waited for run.
      if spins % 1024 == 0 { dlp_yield() } else { dlp_spin_hint() }
    }
    shared.pointee.taken.store(false, ordering: .releasing)
  }

  private static func takeChunks(_ shared: UnsafeMutablePointer<Shared>, _ worker: Int) {
    guard let step = shared.pointee.step, let slots = shared.pointee.slots,
      let scratch = shared.pointee.scratch
    else { return }
    let (grain, threads) = (shared.pointee.grain, shared.pointee.threads)
    for i in worker..<worker + threads {
      while let units = take(shared.pointee.shares + i % threads, grain) {
        // A retain would be a write that the threads wait for each other with.
        step._withUnsafeGuaranteedRef { $0.body(slots, scratch, units, worker) }
      }
    }
  }

  /// Three quarters of what is left of a share: large parts first, then smaller ones, so that all are done at about the same time.
  private static func take(_ share: UnsafeMutablePointer<Share>, _ grain: Int) -> Range<Int>? {
    let end = share.pointee.end
    var first = share.pointee.next.load(ordering: .relaxed)
    while first < end {
      let next = min(end, first + max(grain, (end - first) * 3 / 4))
      let (taken, found) = share.pointee.next.weakCompareExchange(expected: first, desired: next, ordering: .relaxed)
      if taken { return first..<next }
      first = found
    }
    return nil
  }

  private static func work(_ shared: UnsafeMutablePointer<Shared>, _ worker: Int) {
    _ = dlp_fpu_enter()
    var seen: UInt32 = 0
    while true {
      let ticket = nextTicket(shared, after: seen)
      if shared.pointee.stopping.load(ordering: .sequentiallyConsistent) { return }
      seen = ticket
      if enter(shared) {
        takeChunks(shared, worker)
        shared.pointee.inside.wrappingSubtract(1, ordering: .releasing)
      }
    }
  }

  private static func enter(_ shared: UnsafeMutablePointer<Shared>) -> Bool {
    var count = shared.pointee.inside.load(ordering: .relaxed)
    while count & closed == 0 {
      let (entered, found) = shared.pointee.inside.weakCompareExchange(
        expected: count, desired: count + 1, successOrdering: .acquiring, failureOrdering: .relaxed)
      if entered { return true }
      count = found
    }
    return false
  }

  /// Waits for a job after the one seen last: spins for a while, then sleeps.
  private static func nextTicket(_ shared: UnsafeMutablePointer<Shared>, after seen: UInt32) -> UInt32 {
    let start = dlp_nanoseconds()
    while dlp_nanoseconds() - start < spinNanoseconds {
      for _ in 0..<64 {
        let ticket = shared.pointee.ticket.load(ordering: .acquiring)
        if ticket != seen { return ticket }
        dlp_spin_hint()
      }
    }
    shared.pointee.sleeping.wrappingAdd(1, ordering: .sequentiallyConsistent)
    defer { shared.pointee.sleeping.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
    while true {
      let ticket = shared.pointee.ticket.load(ordering: .sequentiallyConsistent)
      if ticket != seen { return ticket }
      dlp_wait(ticketWord(shared), seen)
    }
  }
}

/// The address of the ticket, which is the first field.
private func ticketWord(_ shared: UnsafeRawPointer) -> UnsafeRawPointer { shared }
