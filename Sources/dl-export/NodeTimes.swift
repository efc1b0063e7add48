import DLGraph
import DLRuntime

/// What runs on random input take on this machine, node by node.
struct NodeTimes {
  /// In the order of a run, each with the median of its times: in a single run some would have those of other programs in them.
  private(set) var entries: [(name: Name, entry: ProfileEntry)]
  let runs: Int
  let threads: Int

  /// Of a run that nothing disturbs.
  var nanoseconds: Double { entries.reduce(0) { $0 + Double($1.entry.nanoseconds) } }

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
      spent += found[found.count - 1].last.map { $0.start + $0.nanoseconds } ?? NodeTimes.mostNanoseconds
    }
    let names = session.model.profileNames
    entries = found[0].map { (names[$0.name], $0) }
    // The same input goes the same way in every run.
    for i in entries.indices { entries[i].entry.nanoseconds = found.map { $0[i].nanoseconds }.sorted()[found.count / 2] }
    runs = found.count
    self.threads = threads
  }
}
