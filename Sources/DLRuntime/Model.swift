import CPlatform
import DLGraph
import KernelTypes

/// A model ready to run: immutable, shared by any number of sessions and threads.
public final class Model: @unchecked Sendable {
  /// As it was loaded, without its constants: inputs, outputs, metadata.
  public let graph: Graph
  public let kernels: KernelSet
  let program: Program
  /// Of the process that packed the weights.
  let generation = dlp_fork_generation()

  /// isa: at most this level. memoryLimit: bytes of packed weights; 0: no limit. exact: only sums of the products that the
  /// definition has, no transforms that round differently. lowMemory: weights are kept in no form larger than their own.
  /// A convenience, because Embedded Swift (6.3) leaks an object whose designated initialiser throws halfway.
  public convenience init(
    _ graph: Graph, isa: ISA? = nil, memoryLimit: Int = 0, exact: Bool = false, lowMemory: Bool = false
  ) throws(DLError) {
    var simplified = graph
    try simplified.validate()
    var description = simplified
    for v in description.values.indices { description.values[v].constant = nil }
    let kernels = try bestKernels(limit: isa)
    try simplify(&simplified)
    let program = try lower(
      &simplified, kernels, memoryLimit: memoryLimit, convolutions: ConvOptions(exact: exact, lowMemory: lowMemory))
    self.init(graph: description, kernels: kernels, program: program)
  }

  private init(graph: Graph, kernels: KernelSet, program: Program) {
    self.graph = graph
    self.kernels = kernels
    self.program = program
  }

  /// From the bytes of a .dlrt file, which the model keeps as long as it reads constants there.
  public convenience init(
    _ storage: Storage, isa: ISA? = nil, memoryLimit: Int = 0, exact: Bool = false, lowMemory: Bool = false
  ) throws(DLError) {
    try self.init(try readModel(storage), isa: isa, memoryLimit: memoryLimit, exact: exact, lowMemory: lowMemory)
  }

  public func inputType(_ index: Int) -> TensorType { graph.values[graph.inputs[index]].type }
  public func inputName(_ index: Int) -> Name { graph.values[graph.inputs[index]].name }
  public func outputName(_ index: Int) -> Name { graph.values[graph.outputs[index]].name }

  /// Checks an input's index, dtype and sizes against the model.
  func checkInput(_ index: Int, _ dtype: DType, _ sizes: [Int]) throws(DLError) {
    guard graph.inputs.indices.contains(index) else {
      throw DLError(.outOfRange, "input \(index): the model has \(graph.inputs.count) inputs")
    }
    func failure(_ status: Status, _ text: Message) -> DLError {
      DLError(status, text).at("input \(index) \(inputName(index).quoted)")
    }
    let type = inputType(index)
    guard type.dtype == dtype else {
      throw failure(.typeMismatch, "expected \(type.dtype.name), found \(dtype.name)")
    }
    guard type.rank == sizes.count else {
      throw failure(
        .shapeMismatch, "expected \(describe(type, symbols: graph.symbols)) of rank \(type.rank), found \(describe(sizes))")
    }
    for (d, size) in sizes.enumerated() {
      guard size >= 0 else { throw failure(.shapeMismatch, "dimension \(d): expected 0 or more, found \(size)") }
      if let expected = type.dims[d].size, expected != size {
        throw failure(.shapeMismatch, "dimension \(d): expected \(expected), found \(size)")
      }
    }
    guard byteCount(dtype, sizes) != nil else {
      throw failure(.shapeMismatch, "\(describe(sizes)) is larger than memory can be")
    }
  }
}
