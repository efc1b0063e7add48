import CPlatform
import DLGraph
import KernelTypes

/// The sizes that a run has found of values whose elements tell them.
final class TrueSizes {
  fileprivate var values: [(value: Int, sizes: [Int])] = []

  func record(_ value: Int, _ sizes: [Int]) {
    if let i = values.firstIndex(where: { $0.value == value }) {
      if values[i].sizes != sizes { values[i].sizes = sizes }
    } else {
      values.append((value, sizes))
    }
  }

  subscript(value: Int) -> [Int] { values.first { $0.value == value }?.sizes ?? [] }
}

/// A plan for the stage after another, for the elements and sizes that one found.
struct Successor {
  let elements: [Constant]
  let sizes: [[Int]]
  let plan: Plan
}

extension Plan {
  private static let successorLimit = 8

  /// The plan that goes on where this one has ended; nil if nothing is left to do. Found again, without planning, when the elements
  /// and sizes it follows from are those of an earlier run.
  func successor(_ program: Program, _ kernels: KernelSet, threads: Int) throws(DLError) -> Plan? {
    if stage.isLast { return nil }
    if let i = successors.lastIndex(where: { fits($0) }) {
      let found = successors.remove(at: i)
      successors.append(found)
      return found.plan
    }
    var elements: [Constant] = []
    for v in stage.wanted {
      let bytes = UnsafeRawBufferPointer(start: slots[v], count: stage.types[v].bytes)
      elements.append(try Constant(stage.types[v].dtype, stage.types[v].sizes, try Storage.copy(bytes)))
    }
    let sizes = stage.open.map { trueSizes[$0] }
    var knowledge = knowledge
    knowledge.learn(stage, elements: elements, sizes: sizes)
    let plan = try Plan(program, kernels, knowledge, inputSizes: inputSizes, threads: threads)
    successors.append(Successor(elements: elements, sizes: sizes, plan: plan))
    if successors.count > Plan.successorLimit { successors.remove(at: 0) }
    return plan
  }

  private func fits(_ successor: Successor) -> Bool {
    for (v, sizes) in zip(stage.open, successor.sizes) where trueSizes[v] != sizes { return false }
    for (v, constant) in zip(stage.wanted, successor.elements) {
      let bytes = constant.bytes
      for i in 0..<bytes.count where slots[v].load(fromByteOffset: i, as: UInt8.self) != bytes[i] { return false }
    }
    return true
  }
}
