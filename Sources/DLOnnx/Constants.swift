import DLGraph

extension Importer {
  /// The outputs of an operation as constants, where its inputs are constants, or sizes that are known, and the file does not
  /// grow by it.
  func folded(_ op: Op, _ inputs: [Fact?], _ facts: [Fact]) throws -> [Constant]? {
    if let elements = facts.first?.knownIntegers, facts.count == 1, let type = facts.first?.type, let sizes = type.sizes,
      type.dtype == .i64
    {
      return [try Constant(sizes, integers: elements)]
    }
    var bytes = 0
    for case .some(let input) in inputs {
      guard let constant = input.constant else { return nil }
      bytes += constant.bytes.count
    }
    guard bytes <= op.foldingLimit else { return nil }
    // Where no element is read more than a few times, the limit of bytes is one of time too.
    return try fold(op, inputs, facts, limit: max(bytes, 1024)) { budget.canRead(max(0, $0)) }
  }
}

extension Op {
  /// The most bytes of inputs with which an operation is computed when the model is converted.
  fileprivate var foldingLimit: Int {
    switch self {
    // The number of steps is not in proportion to that of the elements.
    case .conv, .convTranspose, .gemm, .matmul, .einsum, .resize, .nonMaxSuppression, .unique, .gridSample: 1 << 16
    default: 1 << 24
    }
  }
}
