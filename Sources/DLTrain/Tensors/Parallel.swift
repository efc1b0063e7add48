import Dispatch
import Foundation
import Synchronization

/// How many threads the operations of this module use; all processors unless set.
public enum Threads {
  private static let chosen = Atomic(ProcessInfo.processInfo.activeProcessorCount)

  public static var count: Int {
    get { chosen.load(ordering: .relaxed) }
    set { chosen.store(max(1, newValue), ordering: .relaxed) }
  }
}

/// Calls `body` once for each of 0..<count, on several threads. What one call computes must not depend on the others, so
/// that results are the same for any number of threads.
func parallel(_ count: Int, _ body: (Int) -> Void) {
  let lanes = min(Threads.count, count)
  guard lanes > 1 else {
    for i in 0..<count { body(i) }
    return
  }
  withoutActuallyEscaping(body) { body in
    nonisolated(unsafe) let body = body
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: lanes) { _ in
      while true {
        let i = next.add(1, ordering: .relaxed).oldValue
        if i >= count { return }
        body(i)
      }
    }
  }
}

/// Splits 0..<count into ranges of about `grain` and calls `body` for each, on several threads.
func parallelRanges(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
  let grain = max(1, grain)
  parallel((count + grain - 1) / grain) { body($0 * grain..<min(count, ($0 + 1) * grain)) }
}
