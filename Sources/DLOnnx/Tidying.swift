import DLGraph

extension Graph {
  /// Makes constants of the same type and the same bytes one.
  mutating func mergeEqualConstants() {
    var places = Array(values.indices)
    var known: [UInt64: [Int]] = [:]
    for (index, value) in values.enumerated() {
      guard let constant = value.constant else { continue }
      let sum = checksum(of: constant.bytes)
      if let same = known[sum, default: []].first(where: { values[$0].constant.map { isSame($0, constant) } ?? false }) {
        places[index] = same
      } else {
        known[sum, default: []].append(index)
      }
    }
    for index in nodes.indices {
      nodes[index].inputs = nodes[index].inputs.map { $0 == Node.absent ? $0 : places[$0] }
    }
  }

  /// Removes nodes and values that no output depends on. Inputs stay: they are the model's interface.
  mutating func removeUnused() {
    var used = [Bool](repeating: false, count: values.count)
    for index in inputs + outputs { used[index] = true }
    nodes = nodes.reversed().filter { node in
      guard node.outputs.contains(where: { used[$0] }) else { return false }
      for index in node.inputs + node.outputs where index != Node.absent { used[index] = true }
      return true
    }.reversed()

    var places: [Int] = []
    var kept: [Value] = []
    for (index, value) in values.enumerated() {
      places.append(kept.count)
      if used[index] { kept.append(value) }
    }
    values = kept
    inputs = inputs.map { places[$0] }
    outputs = outputs.map { places[$0] }
    for index in nodes.indices {
      nodes[index].inputs = nodes[index].inputs.map { $0 == Node.absent ? $0 : places[$0] }
      nodes[index].outputs = nodes[index].outputs.map { $0 == Node.absent ? $0 : places[$0] }
    }
  }
}

private func isSame(_ a: Constant, _ b: Constant) -> Bool {
  a.type == b.type && a.bytes.elementsEqual(b.bytes)
}
