import DLGraph
import KernelTypes

/// Recurrent layers, unrolled step by step: the length of the sequence must be known.
let recurrentConverters: [String: Converter] = [
  "RNN": { call in try Recurrence(call, gates: 1, activations: ["Tanh"]).outputs(RNNCell.step) },
  "GRU": { call in try Recurrence(call, gates: 3, activations: ["Sigmoid", "Tanh"]).outputs(GRUCell.step) },
  "LSTM": { call in try Recurrence(call, gates: 4, activations: ["Sigmoid", "Tanh", "Tanh"]).outputs(LSTMCell.step) },
]

/// The longest sequence that is unrolled.
private let longest = 1024

/// What the cells of one direction compute with.
private struct Cell {
  let call: Call
  let size: Int
  /// Recurrent weights, transposed: [size, gates · size].
  let recurrent: Int
  /// [gates · size], added to what comes from the state; nil: nothing.
  let recurrentBias: Int?
  /// [3 · size]: of the cell state to input, output and forget gate.
  let peepholes: Int?
  let activations: [(Int) throws -> Int]
  let clip: Float?
  let linearBeforeReset: Bool
  let couplesGates: Bool

  /// The part of a gate in the last axis of x.
  func gate(_ x: Int, _ index: Int) throws -> Int {
    try call.slice(x, axis: call.rank(x) - 1, index * size, (index + 1) * size)
  }

  func activate(_ index: Int, _ x: Int) throws -> Int {
    try activations[index](clip.map { try call.activation(.clip(low: -$0, high: $0), x) } ?? x)
  }
}

/// The state of a layer: its output, and the cell state of an LSTM.
private struct LayerState {
  var hidden: Int
  var cell: Int?
}

/// x [batch, gates · size] is the input's part of all gates, with its bias.
private typealias Step = (Cell, _ x: Int, LayerState) throws -> LayerState

private enum RNNCell {
  static func step(_ cell: Cell, _ x: Int, _ state: LayerState) throws -> LayerState {
    let sum = try cell.call.binary(.add, x, cell.call.matmul(state.hidden, cell.recurrent))
    let biased = try cell.recurrentBias.map { try cell.call.binary(.add, sum, $0) } ?? sum
    return LayerState(hidden: try cell.activate(0, biased))
  }
}

/// Cho et al. 2014; gates: update, reset, new.
private enum GRUCell {
  static func step(_ cell: Cell, _ x: Int, _ state: LayerState) throws -> LayerState {
    let call = cell.call
    let h = state.hidden
    func weights(_ gate: Int) throws -> Int { try cell.gate(cell.recurrent, gate) }
    func biased(_ y: Int, _ gate: Int) throws -> Int {
      try cell.recurrentBias.map { try call.binary(.add, y, cell.gate($0, gate)) } ?? y
    }
    func fromState(_ h: Int, _ gate: Int) throws -> Int { try biased(call.matmul(h, weights(gate)), gate) }
    let update = try cell.activate(0, call.binary(.add, cell.gate(x, 0), fromState(h, 0)))
    let reset = try cell.activate(0, call.binary(.add, cell.gate(x, 1), fromState(h, 1)))
    let recalled =
      try cell.linearBeforeReset
      ? call.binary(.multiply, reset, fromState(h, 2)) : fromState(call.binary(.multiply, reset, h), 2)
    let new = try cell.activate(1, call.binary(.add, cell.gate(x, 2), recalled))
    // (1 − update) · new + update · h.
    let change = try call.binary(.multiply, update, call.binary(.subtract, h, new))
    return LayerState(hidden: try call.binary(.add, new, change))
  }
}

/// Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000; gates: input, output, forget, new.
private enum LSTMCell {
  static func step(_ cell: Cell, _ x: Int, _ state: LayerState) throws -> LayerState {
    let call = cell.call
    let old = try call.required(state.cell, "initial_c")
    var sum = try call.binary(.add, x, call.matmul(state.hidden, cell.recurrent))
    if let bias = cell.recurrentBias { sum = try call.binary(.add, sum, bias) }
    func gate(_ index: Int, sees memory: Int) throws -> Int {
      let part = try cell.gate(sum, index)
      let seen = try cell.peepholes.map { try call.binary(.multiply, cell.gate($0, index), memory) }
      return try cell.activate(0, seen.map { try call.binary(.add, part, $0) } ?? part)
    }
    let input = try gate(0, sees: old)
    let forget =
      try cell.couplesGates
      ? call.binary(.subtract, call.number(1, call.dtype(input)), input) : gate(2, sees: old)
    let new = try cell.activate(1, cell.gate(sum, 3))
    let memory = try call.binary(.add, call.binary(.multiply, forget, old), call.binary(.multiply, input, new))
    let output = try gate(1, sees: memory)
    return LayerState(hidden: try call.binary(.multiply, output, cell.activations[2](memory)), cell: memory)
  }
}

/// A layer of ONNX: x [length, batch, inputs], W, R [directions, gates · size, …], B, lengths, states, peepholes.
private struct Recurrence {
  let call: Call
  let gates: Int
  let size: Int
  let length: Int
  /// [length, batch, inputs].
  let x: Int
  let batchFirst: Bool
  /// For each direction whether it runs backwards.
  let backwards: [Bool]
  private let names: [String]
  private let alphas: [Float]
  private let betas: [Float]
  private let clip: Float?
  private let linearBeforeReset: Bool
  private let couplesGates: Bool

  init(_ call: Call, gates: Int, activations: [String]) throws {
    self.call = call
    self.gates = gates
    batchFirst = try call.bool("layout")
    backwards = try call.choice(
      "direction", ["forward": [false], "reverse": [true], "bidirectional": [false, true]], default: "forward")
    names = try call.strings("activations") ?? backwards.flatMap { _ in activations }
    alphas = try call.floats("activation_alpha") ?? []
    betas = try call.floats("activation_beta") ?? []
    clip = try call.float("clip")
    linearBeforeReset = try call.bool("linear_before_reset")
    couplesGates = try call.bool("input_forget")
    call.ignore("hidden_size", "output_sequence")
    let given = try call.input(0)
    x = try batchFirst ? call.transpose(given, [1, 0, 2]) : given
    guard call.rank(x) == 3, let length = call.type(x).dims[0].size else {
      throw DLError(.unsupported, "a sequence of free length; --shape can give it")
    }
    guard 1...longest ~= length else { throw DLError(.unsupported, "a sequence of length \(length), beyond \(longest)") }
    self.length = length
    let weights = call.type(try call.input(2))
    guard weights.rank == 3, let size = weights.dims[2].size, 1...Int(Int32.max) ~= size,
      weights.dims[0] == .fixed(backwards.count),
      names.count == activations.count * backwards.count
    else { throw DLError(.invalidModel, "weights or activations do not match the directions") }
    self.size = size
    if let lengths = call.optional(4), call.known(lengths)?.allSatisfy({ $0 == length }) != true {
      throw DLError(.unsupported, "sequences of different lengths (sequence_lens)")
    }
  }

  func outputs(_ step: Step) throws -> [Int] {
    var sequences: [Int] = []
    var states: [LayerState] = []
    for direction in backwards.indices {
      let (all, last) = try run(direction, step)
      sequences.append(all)
      states.append(last)
    }
    // [length, directions, batch, size], or batch first.
    let y = try call.add(.concat(axis: 1), sequences.map { try call.unsqueeze($0, [1]) })
    let axis = batchFirst ? 1 : 0
    func last(_ values: [Int]) throws -> Int { try call.add(.concat(axis: axis), values.map { try call.unsqueeze($0, [axis]) }) }
    var outputs = [try batchFirst ? call.transpose(y, [2, 0, 1, 3]) : y, try last(states.map { $0.hidden })]
    if gates == 4 { outputs.append(try last(states.compactMap { $0.cell })) }
    return outputs
  }

  /// All outputs of a direction [length, batch, size] and the state after its last step.
  private func run(_ direction: Int, _ step: Step) throws -> (Int, LayerState) {
    func parameter(_ index: Int) throws -> Int? {
      try call.optional(index).map { try call.add(.gather(axis: 0), $0, call.number(direction)) }
    }
    let weights = try call.required(parameter(1), "W")
    let recurrent = try call.required(parameter(2), "R")
    let bias = try parameter(3)
    let width = gates * size
    var projected = try call.matmul(x, call.transpose(weights, [1, 0]))
    if let bias { projected = try call.binary(.add, projected, call.slice(bias, axis: 0, 0, width)) }
    let cell = Cell(
      call: call, size: size, recurrent: try call.transpose(recurrent, [1, 0]),
      recurrentBias: try bias.map { try call.slice($0, axis: 0, width, 2 * width) },
      peepholes: gates == 4 ? try parameter(7) : nil, activations: try activations(direction), clip: clip,
      linearBeforeReset: linearBeforeReset, couplesGates: couplesGates)
    var state = LayerState(hidden: try initial(5, direction), cell: gates == 4 ? try initial(6, direction) : nil)
    var outputs: [Int] = []
    for t in backwards[direction] ? Array((0..<length).reversed()) : Array(0..<length) {
      state = try step(cell, call.add(.gather(axis: 0), projected, call.number(t)), state)
      outputs.append(try call.unsqueeze(state.hidden, [0]))
    }
    return (try call.add(.concat(axis: 0), backwards[direction] ? outputs.reversed() : outputs), state)
  }

  /// A state [batch, size] before the first step; zeros where none is given.
  private func initial(_ index: Int, _ direction: Int) throws -> Int {
    if let given = call.optional(index) {
      return try call.add(.gather(axis: batchFirst ? 1 : 0), given, call.number(direction))
    }
    let sizes = try call.add(.concat(axis: 0), call.size(x, 1), call.numbers([size]))
    return try call.add(.fill, sizes, call.number(0, call.dtype(x)))
  }

  private func activations(_ direction: Int) throws -> [(Int) throws -> Int] {
    let count = names.count / backwards.count
    return try (direction * count..<(direction + 1) * count).map { index in
      let alpha = index < alphas.count ? alphas[index] : nil
      let beta = index < betas.count ? betas[index] : nil
      let call = call
      func plain(_ activation: Activation) -> (Int) throws -> Int { { try call.activation(activation, $0) } }
      switch names[index].lowercased() {
      case "relu": return plain(.relu)
      case "tanh": return plain(.tanh)
      case "sigmoid": return plain(.sigmoid)
      case "softsign": return plain(.softsign)
      case "softplus": return plain(.softplus)
      case "leakyrelu": return plain(.leakyRelu(slope: alpha ?? 0.01))
      case "thresholdedrelu": return plain(.thresholdedRelu(alpha: alpha ?? 1))
      case "elu": return plain(.elu(alpha: alpha ?? 1))
      case "hardsigmoid": return plain(.hardSigmoid(alpha: alpha ?? 0.2, beta: beta ?? 0.5))
      case let other: throw DLError(.unsupported, "activation \(other)")
      }
    }
  }
}
