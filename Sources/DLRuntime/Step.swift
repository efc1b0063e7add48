import DLGraph
import KernelTypes

/// Where each value of a plan lies in memory during a run, by slot.
typealias Slots = UnsafePointer<UnsafeMutableRawPointer>

/// One kernel call of a plan, cut into units that may run in parallel.
final class Step {
  /// Scratch is that of worker 0; that of worker w begins w · scratchFloats later.
  typealias Body = (_ slots: Slots, _ scratch: UnsafeMutablePointer<Float>, _ units: Range<Int>, _ worker: Int) -> Void

  let name: Name
  let kernel: StaticString
  /// How many nodes of the program it is, those right before its own included.
  let nodes: Int
  let reads: [Int]
  let writes: [Int]
  /// Which of the things read the output may lie over, if nothing needs that later.
  let inPlace: Int?
  let units: Int
  /// So many units in a row share work that is worth sharing if a thread takes them at once.
  let unitsTogether: Int
  /// What takes as long as so many floating-point operations of a convolution, to decide whether threads are worth their trouble.
  let cost: Double
  /// Floats of scratch for each worker.
  let scratchFloats: Int
  let body: Body
  /// What runs instead of `body`, on the caller's thread: work that elements may make impossible, such as an index out of range.
  let checkedBody: ((_ slots: Slots) throws(DLError) -> Void)?

  /// The first output.
  var write: Int { writes[0] }

  init(
    name: Name, kernel: StaticString, nodes: Int = 1, reads: [Int], write: Int, inPlace: Int? = nil, units: Int = 1,
    unitsTogether: Int = 1, cost: Double = 0, scratchFloats: Int = 0, body: @escaping Body
  ) {
    self.name = name
    self.kernel = kernel
    self.nodes = nodes
    self.reads = reads
    self.writes = [write]
    self.inPlace = inPlace
    self.units = units
    self.unitsTogether = unitsTogether
    self.cost = cost
    self.scratchFloats = scratchFloats
    self.body = body
    checkedBody = nil
  }

  init(name: Name, kernel: StaticString, reads: [Int], writes: [Int], checkedBody: @escaping (Slots) throws(DLError) -> Void) {
    self.name = name
    self.kernel = kernel
    nodes = 1
    self.reads = reads
    self.writes = writes
    self.checkedBody = checkedBody
    inPlace = nil
    units = 1
    unitsTogether = 1
    cost = 0
    scratchFloats = 0
    body = { _, _, _, _ in }
  }
}
