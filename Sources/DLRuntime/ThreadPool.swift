import CPlatform
import DLGraph
import Synchronization

/// Threads that share the units of one step at a time. Sessions of several threads may share a pool: the first gets the
/// workers, the others meanwhile do their own work alone. Between steps of a run the workers spin for some microseconds;
/// otherwise they sleep. In a child process after fork the pool has no workers and everything runs on the caller.
public final class ThreadPool: @unchecked Sendable {
  /// Threads that work on a step, the calling one included.
  public let threads: Int

  /// What workers and caller share; fixed memory, because futex wants an address.
  private struct Shared: ~Copyable {
    /// Counts jobs; workers sleep while it stays as they last saw it.
    let ticket = Atomic<UInt32>(0)
    /// How many workers are inside the current job, and `closed` once nobody else may enter. A worker that wakes too late
    /// is not waited for.
    let inside = Atomic<UInt32>(ThreadPool.closed)
    /// The first unit nobody has taken.
    let next = Atomic<Int>(0)
    let stopping = Atomic<Bool>(false)
    /// Set while some session uses the workers.
    let taken = Atomic<Bool>(false)
    /// Workers asleep, which a new job must wake.
    let sleeping = Atomic<UInt32>(0)
    /// The job. Plain pointers: handing a closure to the workers would allocate in every run.
    var step: Unmanaged<Step>?
    var slots: Slots?
    var scratch: UnsafeMutablePointer<Float>?
    var chunk = 1
  }

  private static let closed: UInt32 = 0x8000_0000

  private let shared: UnsafeMutablePointer<Shared>
  private var handles: [OpaquePointer] = []
  private let generation: UInt32
  /// How long a worker spins for the next step before it sleeps.
  private static let spinNanoseconds: UInt64 = 20_000

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
    shared.initialize(to: Shared())
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

  /// Runs a step, its units cut into chunks of at least `grain`, and returns when all are done.
  func run(_ step: Step, _ slots: Slots, _ scratch: UnsafeMutablePointer<Float>, grain: Int) {
    if step.units <= grain || threads == 1 || generation != dlp_fork_generation()
      || shared.pointee.taken.exchange(true, ordering: .acquiring)
    {
      step.body(slots, scratch, 0..<step.units, 0)
      return
    }
    // A few chunks a thread, so that one that is held up does not hold up the rest.
    shared.pointee.chunk = max(grain, (step.units + threads * 4 - 1) / (threads * 4))
    shared.pointee.step = Unmanaged.passUnretained(step)
    shared.pointee.slots = slots
    shared.pointee.scratch = scratch
    shared.pointee.next.store(0, ordering: .relaxed)
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
    guard let step = shared.pointee.step?.takeUnretainedValue(), let slots = shared.pointee.slots,
      let scratch = shared.pointee.scratch
    else { return }
    let chunk = shared.pointee.chunk
    while true {
      let first = shared.pointee.next.wrappingAdd(chunk, ordering: .relaxed).oldValue
      if first >= step.units { return }
      step.body(slots, scratch, first..<min(first + chunk, step.units), worker)
    }
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
