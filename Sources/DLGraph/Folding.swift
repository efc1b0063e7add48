/// The outputs of an operation on constants, or nil where its inputs are not all constant, or there is too much to read.
/// facts: from `inferFacts`.
/// limit: the most bytes of outputs it makes; nil beyond. canRead: is asked about the elements it reads beyond those it makes, of
/// which sums over products of small tensors, or over large windows, may have any number.
public func fold(
  _ op: Op, _ inputs: [Fact?], _ facts: [Fact], limit: Int, canRead: (Int) -> Bool = { $0 <= 1 << 24 }
) throws(DLError) -> [Constant]? {
  for case .some(let input) in inputs where input.constant == nil { return nil }
  guard let most = try mostSizes(of: op, inputs, facts) else { return nil }
  var total = 0
  for (fact, sizes) in zip(facts, most) {
    total += min(byteCount(fact.type.dtype, sizes) ?? limit + 1, limit + 1)
    if total > limit { return nil }
  }
  let output = TensorType(facts[0].type.dtype, sizes: most[0])
  guard let reads = readCount(of: op, inputs.map { $0?.type }, output),
    canRead(reads - (output.sizes.flatMap(elementCount) ?? 0))
  else { return nil }
  var buffers: [TensorBuffer?] = []
  var storages: [Storage] = []
  for (fact, sizes) in zip(facts, most) {
    let storage = try Storage.allocate(byteCount(fact.type.dtype, sizes) ?? 0) { _ in }
    storages.append(storage)
    buffers.append(TensorBuffer(UnsafeMutableRawPointer(mutating: storage.base), fact.type.dtype, sizes))
  }
  try withExtendedLifetime(inputs) { () throws(DLError) in
    try evaluateReference(op, inputs.map { $0.flatMap { $0.constant.map { TensorBuffer($0) } } }, &buffers)
  }
  var constants: [Constant] = []
  for (buffer, storage) in zip(buffers, storages) {
    if let buffer { constants.append(try Constant(buffer.dtype, buffer.sizes, storage)) }
  }
  return constants
}
