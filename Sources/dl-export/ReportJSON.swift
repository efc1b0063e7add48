import DLGraph
import FoundationEssentials

extension Report {
  /// schema 1. Nodes, inputs and outputs refer to tensors by index, null where one is absent. Dimensions are numbers, names of
  /// free dimensions, or null where a size follows from others. A computed tensor's shape is the inferred one. macs and bytes
  /// are null where free sizes leave them open, and else hold for `sizes`.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let document = JSON.object([
      "schema": .integer(1),
      "name": .text(graph.name),
      "symbols": .array(graph.symbols.map { .text($0) }),
      "inputs": .array(graph.inputs.map { .integer($0) }),
      "outputs": .array(graph.outputs.map { .integer($0) }),
      "tensors": .array(graph.values.indices.map { tensor($0) }),
      "nodes": .array(zip(graph.nodes, costs).map { node($0, $1) }),
      "metadata": .array(
        graph.metadata.map { .object(["key": .text($0.key), "type": .string("\($0.value.typeName)"), "value": JSON($0.value)]) }),
      "sizes": .object(
        Dictionary(uniqueKeysWithValues: zip(graph.symbols, sizes).map { ($0.description, .optional($1)) })),
      "totals": .object([
        "nodes": .integer(graph.nodes.count), "parameters": .integer(parameterCount), "weight_bytes": .integer(weightBytes),
        "file_bytes": .integer(byteCount), "macs": .optional(macs), "bytes": .optional(bytes),
      ]),
    ])
    return String(decoding: try encoder.encode(document), as: UTF8.self)
  }

  private func index(_ value: Int) -> JSON { value == Node.absent ? .null : .integer(value) }

  private func tensor(_ index: Int) -> JSON {
    let value = graph.values[index]
    var fields: [String: JSON] = [
      "name": .text(value.name), "dtype": .string("\(value.type.dtype.name)"),
      "shape": .array(value.type.dims.map { dimension($0) }), "kind": .string("computed"),
    ]
    if graph.inputs.contains(index) { fields["kind"] = .string("input") }
    if let constant = value.constant {
      fields["kind"] = .string("constant")
      fields["bytes"] = .integer(constant.bytes.count)
      fields["xxh64"] = .string(hex(checksum(of: constant.bytes)))
    }
    return .object(fields)
  }

  private func dimension(_ dim: Dim) -> JSON {
    switch dim {
    case .fixed(let size): .integer(size)
    case .symbol(let symbol): .text(graph.symbols[symbol])
    case .unknown: .null
    }
  }

  private func node(_ node: Node, _ cost: Cost?) -> JSON {
    .object([
      "name": .text(node.name), "op": .string("\(node.op.name)"),
      "attributes": .object(Dictionary(uniqueKeysWithValues: node.op.attributes.map { ("\($0.name)", JSON($0.value)) })),
      "inputs": .array(node.inputs.map { index($0) }), "outputs": .array(node.outputs.map { index($0) }),
      "parameters": .integer(parameterCount(of: node)),
      "macs": .optional(cost?.macs), "bytes": .optional(cost?.bytes),
    ])
  }
}

/// JSON whose shape only the data decides.
private enum JSON: Encodable {
  case null
  case integer(Int)
  case real(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  static func text(_ name: Name) -> JSON { .string(name.description) }
  static func optional(_ value: Int?) -> JSON { value.map { .integer($0) } ?? .null }

  init(_ value: MetadataValue) {
    switch value {
    case .text(let text): self = .text(text)
    case .integer(let n): self = .integer(Int(n))
    case .real(let x): self = .real(x)
    case .integers(let list): self = .array(list.map { .integer(Int($0)) })
    case .reals(let list): self = .array(list.map { .real($0) })
    case .texts(let list): self = .array(list.map { .text($0) })
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .integer(let n): try container.encode(n)
    case .real(let x): try container.encode(x)
    case .string(let text): try container.encode(text)
    case .array(let list): try container.encode(list)
    case .object(let fields): try container.encode(fields)
    }
  }
}
