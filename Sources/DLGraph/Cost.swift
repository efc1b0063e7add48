/// What an operation costs, whatever runs it.
public struct Cost: Hashable, Sendable {
  /// Elements of constant inputs.
  public var parameters: Int
  /// Multiplications whose product is added to a sum.
  public var macs: Int
  /// Bytes of all inputs, read once, and of the output, written once.
  public var bytes: Int
}

extension Graph {
  /// The cost of a node, or nil when a size is free (see `fixing`) or a number does not fit.
  public func cost(of node: Node) -> Cost? {
    var parameters = 0
    var bytes = 0
    for index in node.inputs + node.outputs where index != Node.absent {
      let type = values[index].type
      guard let sizes = type.sizes, let size = byteCount(type.dtype, sizes) else { return nil }
      let (sum, overflow) = bytes.addingReportingOverflow(size)
      if overflow { return nil }
      bytes = sum
      parameters += values[index].constant?.count ?? 0
    }
    guard
      let macs = macCount(
        of: node.op, node.inputs.map { $0 == Node.absent ? nil : values[$0].type }, values[node.outputs[0]].type)
    else { return nil }
    return Cost(parameters: parameters, macs: macs, bytes: bytes)
  }

  /// The graph for given sizes of its symbols; those with nil stay free.
  public func fixing(_ sizes: [Int?]) throws(DLError) -> Graph {
    var fixed = self
    for input in inputs {
      fixed.values[input].type.dims = values[input].type.dims.map { dim in
        guard case .symbol(let s) = dim, s < sizes.count, let size = sizes[s] else { return dim }
        return .fixed(size)
      }
    }
    try fixed.inferTypes()
    return fixed
  }
}

/// Multiply-accumulates of an operation on valid types of fixed sizes, or nil when the number does not fit.
public func macCount(of op: Op, _ inputs: [TensorType?], _ output: TensorType) -> Int? {
  guard let outputs = output.sizes, let x = inputs[0]?.sizes else { return nil }
  switch op {
  case .conv:
    // Each output is a sum over the taps and input channels of one filter.
    guard let filters = inputs[1]?.sizes else { return nil }
    return elementCount(outputs + filters.dropFirst())
  case .gemm(let transposeA, _): return elementCount(outputs + [x[transposeA ? 0 : 1]])
  case .localResponseNorm(let size, _, _, _): return elementCount(outputs + [size])
  case .batchNorm: return elementCount(outputs)
  case .convTranspose:
    guard let filters = inputs[1]?.sizes else { return nil }
    return elementCount(x + filters.dropFirst())
  case .matmul, .distance:
    return elementCount(outputs + x.suffix(1))
  case .einsum(let equation):
    let sizes = inputs.map { $0?.sizes ?? [] }
    guard let einsum = try? Einsum(equation, ranks: sizes.map { $0.count }) else { return nil }
    return elementCount(outputs + einsum.summed.map { einsum.size(of: $0, sizes) })
  default: return 0
  }
}

/// At most so many elements are read for the outputs of an operation, each as often as it is; nil when the number does not fit.
public func readCount(of op: Op, _ inputs: [TensorType?], _ output: TensorType) -> Int? {
  guard let outputs = output.sizes, let x = inputs[0]?.sizes else { return nil }
  switch op {
  case .maxPool(let kernel, _), .averagePool(let kernel, _, _), .lpPool(let kernel, _, _):
    return elementCount(outputs + kernel.indices.map { min(kernel[$0], x[$0 + 2]) })
  case .roiMaxPool: return elementCount(outputs + x.dropFirst(2))
  case .roiAlign(let align):
    return elementCount(outputs + (align.samples > 0 ? [4, align.samples, align.samples] : [4] + x.dropFirst(2)))
  // Along an axis an output is mixed of 4 elements, or where there are fewer outputs, of 4 times as many as there are for it.
  case .resize: return elementCount(outputs.indices.map { 5 * min(max(outputs[$0], x[$0]), .max / 5) })
  case .nonMaxSuppression: return elementCount(x + x.dropFirst().prefix(1) + (inputs[1]?.sizes ?? []).dropFirst().prefix(1))
  default: return macCount(of: op, inputs, output).map { max($0, elementCount(outputs) ?? .max) }
  }
}
