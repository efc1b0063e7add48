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
  /// [size], of a GRU whose reset gate weighs it too; all other biases are in x.
  let newBias: Int?
  /// [3 · size]: of the cell state to input, output and forget gate.
  let peepholes: Int?
  let activations: [(Int) throws -> Int]
  let clip: Float?
  let linearBeforeReset: Bool
  let couplesGates: Bool

  /// The last axis of x in parts of so many gates.
  func split(_ x: Int, _ gates: Int...) throws -> [Int] {
    try call.add(.split(axis: -1, sizes: gates.map { $0 * size }), [x], outputs: gates.count)
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

/// x [batch, gates · size] is the input's part of all gates, with the biases.
private typealias Step = (Cell, _ x: Int, LayerState) throws -> LayerState

private enum RNNCell {
  static func step(_ cell: Cell, _ x: Int, _ state: LayerState) throws -> LayerState {
    let sum = try cell.call.binary(.add, x, cell.call.matmul(state.hidden, cell.recurrent))
    return LayerState(hidden: try cell.activate(0, sum))
  }
}

/// Cho et al. 2014; gates: update, reset, new.
private enum GRUCell {
  static func step(_ cell: Cell, _ x: Int, _ state: LayerState) throws -> LayerState {
    let call = cell.call
    let h = state.hidden
    let input = try cell.split(x, 2, 1)
    func gates(_ recalled: Int) throws -> [Int] {
      try cell.split(cell.activate(0, call.binary(.add, input[0], recalled)), 1, 1)
    }
    let (update, recalled): (Int, Int)
    if cell.linearBeforeReset {
      let all = try cell.split(call.matmul(h, cell.recurrent), 2, 1)
      let gate = try gates(all[0])
      let biased = try cell.newBias.map { try call.binary(.add, all[1], $0) } ?? all[1]
      (update, recalled) = (gate[0], try call.binary(.multiply, gate[1], biased))
    } else {
      let weights = try cell.split(cell.recurrent, 2, 1)
      let gate = try gates(call.matmul(h, weights[0]))
      (update, recalled) = (gate[0], try call.matmul(call.binary(.multiply, gate[1], h), weights[1]))
    }
    let new = try cell.activate(1, call.binary(.add, input[1], recalled))
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
    let parts = try cell.split(call.binary(.add, x, call.matmul(state.hidden, cell.recurrent)), 1, 1, 1, 1)
    let peepholes = try cell.peepholes.map { try cell.split($0, 1, 1, 1) }
    func gate(_ index: Int, sees memory: Int) throws -> Int {
      let seen = try peepholes.map { try call.binary(.multiply, $0[index], memory) }
      return try cell.activate(0, seen.map { try call.binary(.add, parts[index], $0) } ?? parts[index])
    }
    let input = try gate(0, sees: old)
    let forget =
      try cell.couplesGates
      ? call.binary(.subtract, call.number(1, call.dtype(input)), input) : gate(2, sees: old)
    let new = try cell.activate(1, parts[3])
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
    linearBeforeReset = try gates == 3 && call.bool("linear_before_reset")
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
    func parameter(_ index: Int) throws -> Int? { try call.optional(index).map { try element(direction, of: $0) } }
    let weights = try call.required(parameter(1), "W")
    let recurrent = try call.required(parameter(2), "R")
    let (bias, newBias) = try parameter(3).map { try biases($0) } ?? (nil, nil)
    var projected = try call.matmul(x, call.transpose(weights, [1, 0]))
    if let bias { projected = try call.binary(.add, projected, bias) }
    let cell = Cell(
      call: call, size: size, recurrent: try call.transpose(recurrent, [1, 0]), newBias: newBias,
      peepholes: gates == 4 ? try parameter(7) : nil, activations: try activations(direction), clip: clip,
      linearBeforeReset: linearBeforeReset, couplesGates: couplesGates)
    var state = LayerState(hidden: try initial(5, direction), cell: gates == 4 ? try initial(6, direction) : nil)
    var outputs: [Int] = []
    for t in backwards[direction] ? Array((0..<length).reversed()) : Array(0..<length) {
      state = try step(cell, element(t, of: projected), state)
      outputs.append(try call.unsqueeze(state.hidden, [0]))
    }
    return (try call.add(.concat(axis: 0), backwards[direction] ? outputs.reversed() : outputs), state)
  }

  /// Both halves of B in one, but for what the reset gate weighs.
  private func biases(_ both: Int) throws -> (Int, Int?) {
    let width = gates * size
    let input = try call.slice(both, axis: 0, 0, width)
    guard linearBeforeReset else { return (try call.binary(.add, input, call.slice(both, axis: 0, width, 2 * width)), nil) }
    let zeros = try call.add(Constant(filling: TensorType(call.dtype(both), sizes: [size]), with: 0))
    let gates = try call.add(.concat(axis: 0), call.slice(both, axis: 0, width, width + 2 * size), zeros)
    return (try call.binary(.add, input, gates), try call.slice(both, axis: 0, width + 2 * size, 2 * width))
  }

  /// x[index] along an axis, which is gone then.
  private func element(_ index: Int, of x: Int, axis: Int = 0) throws -> Int {
    let dims = call.type(x).dims
    // Without the axis, squeezing it says so.
    guard axis < dims.count, dims[axis] != .fixed(1) else { return try call.add(.squeeze([axis]), x) }
    return try call.add(.gather(axis: axis), x, call.number(index))
  }

  /// A state [batch, size] before the first step; zeros where none is given.
  private func initial(_ index: Int, _ direction: Int) throws -> Int {
    if let given = call.optional(index) { return try element(direction, of: given, axis: batchFirst ? 1 : 0) }
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
