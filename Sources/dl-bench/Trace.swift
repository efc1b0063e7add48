/// Runs in the Trace Event Format that chrome://tracing and Perfetto read: a process for each model, a bar for each node.
struct Trace: Encodable {
  private let traceEvents: [Event]
  private let displayTimeUnit = "ns"

  private struct Event: Encodable {
    var name: String
    /// X: begins at `ts` and takes `dur`, in microseconds; M: says something of the process.
    var ph: String
    var pid: Int
    var tid = 1
    var cat: String?
    var ts, dur: Double?
    var args: Arguments
  }

  private struct Arguments: Encodable {
    var name, kernel: String?
    var gflops: Double?
    var bytes, threads: Int?
  }

  init(_ results: [Measurement]) {
    traceEvents = results.enumerated().flatMap { index, result in
      [Event(name: "process_name", ph: "M", pid: index + 1, args: Arguments(name: result.setup.model))]
        + result.profile.nodes.map {
          Event(
            name: $0.node, ph: "X", pid: index + 1, cat: $0.op, ts: $0.start / 1e3, dur: $0.time / 1e3,
            args: Arguments(kernel: $0.kernel, gflops: $0.gflops, bytes: $0.bytes, threads: $0.threads))
        }
    }
  }
}
