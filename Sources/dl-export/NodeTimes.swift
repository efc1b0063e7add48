import DLGraph
import DLRuntime

/// What runs on random input take on this machine, node by node.
struct NodeTimes {
  /// In the order of a run, each with the median of its times: of a single run, what else the machine did would be in some.
  private(set) var entries: [(name: Name, entry: ProfileEntry)]
  /// Median of whole runs.
  let nanoseconds: UInt64
  let runs: Int
  let threads: Int

  private static let mostRuns = 200
  private static let mostNanoseconds: UInt64 = 1_500_000_000

  init(_ session: Session, threads: Int) throws(DLError) {
    session.profiling = true
    try session.run()
    var found: [[ProfileEntry]] = []
    var spent: UInt64 = 0
    while found.count < 3 || found.count < NodeTimes.mostRuns && spent < NodeTimes.mostNanoseconds {
      try session.run()
      let profile = try session.profile()
      found.append((0..<profile.count).map { profile[$0] })
      spent += NodeTimes.length(found[found.count - 1])
    }
    let names = session.model.profileNames
    entries = found[0].map { (names[$0.name], $0) }
    // The same input goes the same way in every run.
    for i in entries.indices { entries[i].entry.nanoseconds = NodeTimes.median(found.map { $0[i].nanoseconds }) }
    nanoseconds = NodeTimes.median(found.map(NodeTimes.length))
    runs = found.count
    self.threads = threads
  }

  private static func median(_ times: [UInt64]) -> UInt64 { times.sorted()[times.count / 2] }
  private static func length(_ entries: [ProfileEntry]) -> UInt64 { entries.last.map { $0.start + $0.nanoseconds } ?? 0 }
}
