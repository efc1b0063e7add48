import DLGraph

/// What one node of a program took in a run, and what it is.
public struct ProfileEntry {
  /// Index into `Model.profileNames`.
  public var name: Int
  /// Of the model's operation; "layout" and "copy" where the runtime has added one.
  public var op: StaticString
  public var kernel: StaticString
  /// Nanoseconds, `start` counted from the beginning of the run.
  public var start: UInt64
  public var nanoseconds: UInt64
  public var flops: Double
  public var bytes: Int
  public var threads: Int
}

/// The times of a run of one plan. Made before the first run that is measured, so that measuring itself allocates nothing.
public final class Profile {
  /// A node of the program, or a copy of an output: consecutive steps of a plan.
  private struct Part {
    var entry: ProfileEntry
    var steps: Range<Int>
  }

  private let parts: [Part]
  /// The profiles of a run's stages, when there are several.
  private let stages: [Profile]
  /// When the run began and when each step had ended; nanoseconds.
  var times: [UInt64]

  /// threads: how many a step is cut for.
  convenience init(_ plan: Plan, _ program: Program, threads: (Step) -> Int) {
    var parts: [Part] = []
    for (i, step) in plan.steps.enumerated() {
      if let last = parts.last, last.entry.name == plan.origins[i] {
        parts[parts.count - 1].steps = last.steps.lowerBound..<i + 1
        parts[parts.count - 1].entry.threads = max(last.entry.threads, threads(step))
      } else {
        var entry = describe(plan.origins[i], program, plan.types, nodes: step.nodes)
        entry.kernel = step.kernel
        entry.threads = threads(step)
        parts.append(Part(entry: entry, steps: i..<i + 1))
      }
    }
    self.init(parts, steps: plan.steps.count)
  }

  /// Of a run in stages.
  init(joining stages: [Profile]) {
    self.stages = stages
    parts = []
    times = []
  }

  private init(_ parts: [Part], steps: Int) {
    self.parts = parts
    stages = []
    times = Array(repeating: 0, count: steps + 1)
  }

  public var count: Int { stages.reduce(parts.count) { $0 + $1.count } }

  public subscript(i: Int) -> ProfileEntry {
    var place = i
    for stage in stages {
      if place < stage.count {
        var entry = stage[place]
        entry.start += stage.times[0] - stages[0].times[0]
        return entry
      }
      place -= stage.count
    }
    var entry = parts[i].entry
    let start = times[parts[i].steps.lowerBound]
    entry.start = start - times[0]
    entry.nanoseconds = times[parts[i].steps.upperBound] - start
    return entry
  }
}

extension Model {
  /// Names of all that a profile can have entries of: the nodes of the program, then the outputs.
  public var profileNames: [Name] {
    program.nodes.map { $0.name } + program.outputs.map { program.values[$0].name }
  }

  /// Bytes of weights made ready for the kernels.
  public var packedBytes: Int { program.packedBytes }
}

/// What is known of a part of a plan before it runs.
func describe(_ origin: Int, _ program: Program, _ types: [SizedType], nodes: Int = 1) -> ProfileEntry {
  var entry = ProfileEntry(name: origin, op: "copy", kernel: "", start: 0, nanoseconds: 0, flops: 0, bytes: 0, threads: 1)
  guard origin < program.nodes.count else {
    let output = program.outputs[origin - program.nodes.count]
    entry.bytes = sum([output, output], types)
    return entry
  }
  let node = program.nodes[origin]
  entry.op = node.op?.name ?? "layout"
  entry.bytes = sum(node.inputs + node.outputs, types)
  func type(_ value: Int) -> TensorType { TensorType(types[value].dtype, sizes: types[value].sizes) }
  let inputs = node.inputs.map { $0 == Node.absent ? nil : type($0) }
  if let op = node.op, let macs = macCount(of: op, inputs, type(node.output)) { entry.flops = 2 * Double(macs) }
  var most = entry.flops
  for n in origin - nodes + 1..<origin {
    let other = describe(n, program, types)
    // Named after the one with the most work.
    if other.flops > most { (most, entry.name, entry.op) = (other.flops, other.name, other.op) }
    entry.flops += other.flops
    // The value between does not pass through memory.
    entry.bytes += other.bytes - 2 * types[program.nodes[n].output].bytes
  }
  return entry
}

/// Bytes of the values; those that do not fit an Int are left out.
private func sum(_ values: [Int], _ types: [SizedType]) -> Int {
  var bytes = 0
  for v in values where v != Node.absent {
    let (total, overflow) = bytes.addingReportingOverflow(types[v].bytes)
    if !overflow { bytes = total }
  }
  return bytes
}
