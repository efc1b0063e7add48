import DLGraph
import DLOnnx
import DLRuntime
import Foundation
import TestSupport

/// What a program does with a file from a stranger: reads a .dlrt file, or imports an ONNX model, writes it as a .dlrt file and
/// reads that; then runs it. Whatever the bytes are, this returns, in bounded memory and time. Returns whether the model ran.
@discardableResult
public func attempt(_ bytes: Data) -> Bool {
  do {
    try run(bytes.starts(with: signature) ? reading(bytes) : importing(bytes))
    return true
  } catch { return false }
}

/// Of .dlrt files.
private let signature: [UInt8] = [0x89, 0x44, 0x4C, 0x52, 0x54, 0x0D, 0x0A, 0x1A, 0x0A, 0x00]
/// The most bytes of weights, and of tensors, that a model may take.
private let memoryLimit = 1 << 24
/// The most elements that the nodes of a model may read: one that asks for more is not run.
private let mostReads = 1 << 24
/// What stands for a free size.
private let freeSize = 2

private let pool = Result { try ThreadPool(threads: 1) }

private func reading(_ bytes: Data) throws -> Graph {
  var bytes = Array(bytes)
  if bytes.count >= 64 {
    bytes.replaceSubrange(16..<24, with: withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { Array($0) })
    repairChecksums(&bytes)
  }
  return try read(bytes)
}

private func importing(_ bytes: Data) throws -> Graph {
  // In memory, where the system has such a folder: a fuzzer writes many thousands.
  let files = FileManager.default
  let memory = files.fileExists(atPath: "/dev/shm") ? URL(fileURLWithPath: "/dev/shm") : files.temporaryDirectory
  let folder = memory.appendingPathComponent("dlrt-fuzz-\(ProcessInfo.processInfo.processIdentifier)")
  try files.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? files.removeItem(at: folder) }
  let path = folder.appendingPathComponent("model.onnx")
  try bytes.write(to: path)
  let file = try encodeModel(importModel(path.path).graph)
  do { return try read(file) } catch let error as DLError where error.status != .outOfMemory {
    fatalError("what was written cannot be read: \(error.message)")
  }
}

private func read(_ bytes: [UInt8]) throws -> Graph { try readModel(bytes.withUnsafeBytes { try .copy($0) }) }

private func run(_ graph: Graph) throws {
  let model = try Model(graph, memoryLimit: memoryLimit)
  guard reads(graph) <= mostReads else { return }
  let session = Session(model, pool: try pool.get(), memoryLimit: memoryLimit)
  for (index, input) in graph.inputs.enumerated() {
    let type = graph.values[input].type
    let sizes = type.dims.map { $0.size ?? freeSize }
    guard let base = try session.prepareInput(index, type.dtype, sizes).baseAddress else { continue }
    let elements = TensorBuffer(base, type.dtype, sizes)
    for i in 0..<elements.count { elements.setReal(i, Double(i % (type.dtype == .bool ? 2 : 4))) }
  }
  for _ in 0..<2 {
    try session.run()
    for index in graph.outputs.indices { _ = try session.output(index) }
  }
}

/// The elements that nodes of known sizes read.
private func reads(_ graph: Graph) -> Int {
  guard let fixed = try? graph.fixing(graph.symbols.map { _ in freeSize }) else { return 0 }
  var sum = 0
  for node in fixed.nodes {
    let inputs = node.inputs.map { $0 == Node.absent ? nil : fixed.values[$0].type }
    let output = fixed.values[node.outputs[0]].type
    guard output.sizes != nil, inputs.allSatisfy({ $0 == nil || $0?.sizes != nil }) else { continue }
    sum += min(readCount(of: node.op, inputs, output) ?? .max, mostReads + 1)
    if sum > mostReads { break }
  }
  return sum
}
