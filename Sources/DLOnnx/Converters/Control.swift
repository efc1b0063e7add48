import DLGraph

/// Operations that have graphs of their own. A graph of dlrt has none: they are unrolled while the model is converted.
let controlConverters: [String: Converter] = [
  "If": { call in try call.branch() },
  "Loop": { call in try call.loop() },
  "Scan": { call in try call.scan() },
]

/// The most times a body is repeated.
private let mostIterations = 1024

extension Call {
  /// Without a condition that is known, both branches are computed and one is chosen.
  fileprivate func branch() throws -> [Int] {
    let condition = try input(0)
    let (first, second) = (try graph("then_branch"), try graph("else_branch"))
    if let known = knownNumber(condition) { return try convert(known != 0 ? first : second) }
    let (a, b) = (try convert(first), try convert(second))
    let choice = try reshape(condition, [])
    var outputs: [Int] = []
    for (a, b) in zip(a, b) {
      guard type(a) == type(b), !type(a).dims.contains(.unknown) else {
        throw DLError(
          .unsupported,
          "a condition that the model computes, and branches whose outputs differ in type or shape; --shape may make it known")
      }
      outputs.append(try add(.select, choice, a, b))
    }
    return outputs
  }

  private func convert(_ branch: Onnx_GraphProto) throws -> [Int] {
    try importer.convert(importer.body(branch), [], of: self)
  }

  fileprivate func loop() throws -> [Int] {
    let body = try importer.body(graph("body"))
    var limit = mostIterations + 1
    if let trips = optional(0) {
      guard let known = known(trips)?.first else {
        throw DLError(.unsupported, "a number of iterations that the model computes")
      }
      limit = known
    }
    var condition = optional(1)
    var carried: [Int] = []
    for index in inputs.indices.dropFirst(2) { carried.append(try input(index)) }
    var collected: [[Int]] = Array(repeating: [], count: max(0, body.outputs.count - 1 - carried.count))
    var iteration = 0
    while iteration < limit {
      if let value = condition {
        guard let holds = knownNumber(value) else { throw DLError(.unsupported, "a condition that the model computes") }
        if holds == 0 { break }
      }
      try requireRoom(iteration)
      let current = try condition ?? number(1, .bool)
      let outputs = try importer.convert(body, [number(iteration), current] + carried, of: self)
      guard outputs.count == 1 + carried.count + collected.count else { throw DLError(.invalidModel, "the body's outputs") }
      condition = outputs[0]
      for i in collected.indices { collected[i].append(try unsqueeze(outputs[1 + carried.count + i], [0])) }
      carried = Array(outputs.dropFirst().prefix(carried.count))
      iteration += 1
    }
    return try carried + collected.map { parts in try joined(parts, axis: 0) }
  }

  fileprivate func scan() throws -> [Int] {
    if version < 9 { throw DLError(.unsupported, "operator set \(version)") }
    let body = try importer.body(graph("body"))
    let count = try required(int("num_scan_inputs"), "num_scan_inputs")
    let all = try allInputs()
    guard count >= 1, count <= all.count else { throw DLError(.invalidModel, "num_scan_inputs: \(count) of \(all.count) inputs") }
    var states = Array(all.dropLast(count))
    let sequences = Array(all.suffix(count))
    let outputCount = body.outputs.count - states.count
    guard outputCount >= 0 else { throw DLError(.invalidModel, "the body has too few outputs") }
    let axes = try perSequence("scan_input_axes", count)
    let backwards = try perSequence("scan_input_directions", count)
    let outputAxes = try perSequence("scan_output_axes", outputCount)
    let outputBackwards = try perSequence("scan_output_directions", outputCount)

    let firstAxis = try resolveAxis(axes[0], rank: rank(sequences[0]))
    guard let length = type(sequences[0]).dims[firstAxis].size else {
      throw DLError(.unsupported, "a sequence of free length; --shape can give it")
    }
    var collected: [[Int]] = Array(repeating: [], count: outputCount)
    for step in 0..<length {
      try requireRoom(step)
      var arguments = states
      for (i, sequence) in sequences.enumerated() {
        let place = try number(backwards[i] == 1 ? length - 1 - step : step)
        arguments.append(try add(.gather(axis: axes[i]), sequence, place))
      }
      let outputs = try importer.convert(body, arguments, of: self)
      guard outputs.count == states.count + outputCount else { throw DLError(.invalidModel, "the body's outputs") }
      states = Array(outputs[..<states.count])
      for i in 0..<outputCount { collected[i].append(try unsqueeze(outputs[states.count + i], [outputAxes[i]])) }
    }
    var outputs = states
    for i in 0..<outputCount {
      outputs.append(try joined(outputBackwards[i] == 1 ? collected[i].reversed() : collected[i], axis: outputAxes[i]))
    }
    return outputs
  }

  private func perSequence(_ name: String, _ count: Int) throws -> [Int] {
    let list = try ints(name) ?? Array(repeating: 0, count: count)
    guard list.count == count else { throw DLError(.invalidModel, "\(name): expected \(count), found \(list.count)") }
    return list
  }

  private func requireRoom(_ iteration: Int) throws {
    if iteration >= mostIterations { throw DLError(.unsupported, "more than \(mostIterations) iterations") }
  }

  private func joined(_ parts: [Int], axis: Int) throws -> Int {
    if parts.isEmpty { throw DLError(.unsupported, "no iteration at all, and outputs collected from each") }
    return try add(.concat(axis: axis), parts.map { $0 })
  }
}
