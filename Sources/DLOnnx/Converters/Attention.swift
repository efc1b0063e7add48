import DLGraph
import KernelTypes

/// Operations of sequences of vectors that heads share among them.
let attentionConverters: [String: Converter] = [
  "Attention": { call in try call.attention() },
  "RotaryEmbedding": { call in [try call.rotaryEmbedding()] },
  "LinearAttention": { call in try call.linearAttention() },
  "CausalConvWithState": { call in try call.causalConvolution() },
]

extension Call {
  /// The heads of x [batch, length, heads · size] as [batch, length, heads, size].
  private func separate(_ x: Int, _ heads: Int) throws -> Int { try reshape(x, [0, 0, heads, -1]) }

  private func requireSize(_ x: Int, _ axis: Int, _ what: StaticString) throws -> Int {
    guard axis < rank(x), let size = type(x).dims[axis].size else {
      throw DLError(.unsupported, "\(what) of free size; --shape can give it")
    }
    guard 1...Int(Int32.max) ~= size else { throw DLError(.shapeMismatch, "\(what): a size of \(size)") }
    return size
  }

  // MARK: - scaled dot products, Vaswani et al. 2017

  fileprivate func attention() throws -> [Int] {
    var (q, k, v) = (try input(0), try input(1), try input(2))
    let packed = rank(q) == 3
    if packed {
      let heads = (try required(int("q_num_heads"), "q_num_heads"), try required(int("kv_num_heads"), "kv_num_heads"))
      q = try transpose(separate(q, heads.0), [0, 2, 1, 3])
      k = try transpose(separate(k, heads.1), [0, 2, 1, 3])
      v = try transpose(separate(v, heads.1), [0, 2, 1, 3])
    }
    ignore("q_num_heads", "kv_num_heads")
    guard rank(q) == 4, rank(k) == 4, rank(v) == 4 else { throw DLError(.shapeMismatch, "expected tensors of rank 3 or 4") }
    let headSize = try requireSize(q, 3, "heads")
    // Half of the scale goes to each side, which keeps the products small.
    let scale = Double(try float("scale") ?? 1 / Float(headSize).squareRoot()).squareRoot()
    if let past = optional(4) { k = try add(.concat(axis: 2), past, k) }
    if let past = optional(5) { v = try add(.concat(axis: 2), past, v) }
    let (presentKey, presentValue) = (k, v)

    let bias = try attentionBias(q, k)
    let (queryHeads, keyHeads) = (try requireSize(q, 1, "heads"), try requireSize(k, 1, "heads"))
    if queryHeads != keyHeads {
      k = try repeated(k, keyHeads, queryHeads)
      v = try repeated(v, keyHeads, queryHeads)
    }
    let keys = try binary(.multiply, transpose(k, [0, 1, 3, 2]), number: scale)
    var scores = try matmul(binary(.multiply, q, number: scale), keys)
    let mode = try int("qk_matmul_output_mode", default: 0)
    var shown = scores
    if let cap = try float("softcap"), cap != 0 {
      scores = try binary(
        .multiply, activation(.tanh, binary(.divide, scores, number: Double(cap))), number: Double(cap))
    }
    shown = scores
    if let bias { scores = try binary(.add, scores, bias.value) }
    if mode == 2 { shown = scores }
    let own = dtype(q)
    if let precision = try int("softmax_precision") {
      scores = try cast(scores, DLOnnx.dtype(Int32(truncatingIfNeeded: precision)))
    }
    var weights = try add(.softmax(axis: -1), scores)
    if let bias, bias.mayMaskRows {
      // A query that may attend nothing gives zeros.
      let masked = try unary(.isNegativeInfinite, reduce(.maximum, bias.value, axes: [-1]))
      weights = try add(.select, masked, number(0, dtype(weights)), weights)
    }
    weights = try cast(weights, own)
    if mode == 3 { shown = weights }
    var y = try matmul(weights, v)
    if packed { y = try reshape(transpose(y, [0, 2, 1, 3]), [0, 0, -1]) }
    return [y, presentKey, presentValue, shown]
  }

  /// Each of the heads of x as often as there are heads that share it.
  private func repeated(_ x: Int, _ heads: Int, _ wanted: Int) throws -> Int {
    guard wanted % heads == 0 else { throw DLError(.shapeMismatch, "\(wanted) heads cannot share \(heads)") }
    let copies = try add(.tile, unsqueeze(x, [2]), numbers([1, 1, wanted / heads, 1, 1]))
    return try reshape(copies, [0, wanted, -1, requireSize(x, 3, "heads")])
  }

  /// What is added to the scores of queries q and keys k: −∞ where a query must not attend.
  private func attentionBias(_ q: Int, _ k: Int) throws -> (value: Int, mayMaskRows: Bool)? {
    let own = dtype(q)
    let (zero, never) = (try number(0, own), try number(-Double.infinity, own))
    var bias: Int?
    var mayMaskRows = false
    func combine(_ addend: Int) throws { bias = try bias.map { try binary(.add, $0, addend) } ?? addend }

    if let mask = optional(3) {
      let whole = try padded(mask, toKeysOf: k)
      try combine(dtype(mask) == .bool ? add(.select, whole, zero, never) : whole)
      mayMaskRows = true
    }
    let causal = try bool("is_causal")
    let left = try int("left_window_size", default: -1)
    let right = try int("right_window_size", default: -1)
    let valid = try optional(6).map { try reshape(cast($0, .i64), [-1, 1, 1, 1]) }
    let places = try add(.range, number(0), reshape(size(k, 2), []), number(1))
    if causal || left >= 0 || right >= 0 {
      var position = try unsqueeze(add(.range, number(0), reshape(size(q, 2), []), number(1)), [1])
      if let past = optional(4) {
        position = try binary(.add, position, size(past, 2))
      } else if let valid {
        position = try binary(.add, position, binary(.subtract, valid, size(q, 2)))
      }
      var allowed: Int?
      func require(_ function: BinaryFunction, _ bound: Int) throws {
        let holds = try binary(function, places, bound)
        allowed = try allowed.map { try binary(.and, $0, holds) } ?? holds
      }
      if causal { try require(.lessOrEqual, position) }
      if left >= 0 { try require(.greaterOrEqual, binary(.subtract, position, number: Double(left))) }
      if right >= 0 { try require(.lessOrEqual, binary(.add, position, number: Double(right))) }
      if let allowed { try combine(add(.select, allowed, zero, never)) }
      mayMaskRows = mayMaskRows || left >= 0 || valid != nil
    }
    if let valid {
      try combine(add(.select, binary(.less, places, valid), zero, never))
      mayMaskRows = true
    }
    return bias.map { ($0, mayMaskRows) }
  }

  /// A mask whose last axis may be shorter than the keys; those it does not mention are not attended.
  private func padded(_ mask: Int, toKeysOf k: Int) throws -> Int {
    let last = rank(mask) - 1
    guard last >= 0 else { return mask }
    let (found, wanted) = (type(mask).dims[last], type(k).dims[2])
    if found == wanted { return mask }
    let missing = try binary(.subtract, size(k, 2), size(mask, last))
    let pads = try add(.concat(axis: 0), numbers([0]), missing)
    let value = try number(dtype(mask) == .bool ? 0 : -Double.infinity, dtype(mask))
    return try add(.pad(.constant), mask, pads, value, numbers([last]))
  }

  // MARK: - rotations by position, Su et al. 2021

  fileprivate func rotaryEmbedding() throws -> Int {
    let given = try input(0)
    let packed = rank(given) == 3
    let heads = try int("num_heads", default: 0)
    // [batch, length, heads, size].
    let x = try packed ? separate(given, heads) : transpose(given, [0, 2, 1, 3])
    let size = try requireSize(x, 3, "heads")
    let wanted = try int("rotary_embedding_dim", default: 0)
    let rotated = wanted == 0 ? size : wanted
    guard rotated % 2 == 0, 2...size ~= rotated else {
      throw DLError(.invalidModel, "rotary_embedding_dim: \(rotated) of \(size) elements")
    }
    func angles(_ index: Int) throws -> Int {
      let cache = try input(index)
      guard let places = optional(3) else { return try unsqueeze(cache, [2]) }
      return try unsqueeze(add(.gather(axis: 0), cache, places), [2])
    }
    let (cosine, sine) = (try angles(1), try angles(2))
    let interleaved = try bool("interleaved")
    func part(_ index: Int) throws -> Int {
      if !interleaved { return try slice(x, axis: 3, index * rotated / 2, (index + 1) * rotated / 2) }
      return try add(.slice, x, numbers([index]), numbers([rotated]), numbers([3]), numbers([2]))
    }
    let (a, b) = (try part(0), try part(1))
    let first = try binary(.subtract, binary(.multiply, cosine, a), binary(.multiply, sine, b))
    let second = try binary(.add, binary(.multiply, sine, a), binary(.multiply, cosine, b))
    var y =
      try interleaved
      ? reshape(add(.concat(axis: 4), unsqueeze(first, [4]), unsqueeze(second, [4])), [0, 0, 0, -1])
      : add(.concat(axis: 3), first, second)
    if rotated < size { y = try add(.concat(axis: 3), y, slice(x, axis: 3, rotated, size)) }
    return try packed ? reshape(y, [0, 0, -1]) : transpose(y, [0, 2, 1, 3])
  }

  // MARK: - a state that every token updates, Yang et al. 2024

  fileprivate func linearAttention() throws -> [Int] {
    ignore("chunk_size")
    let queryHeads = try required(int("q_num_heads"), "q_num_heads")
    let heads = try required(int("kv_num_heads"), "kv_num_heads")
    let rule = try string("update_rule", default: "gated_delta")
    guard ["linear", "gated", "delta", "gated_delta"].contains(rule) else { throw DLError(.unsupported, "update_rule '\(rule)'") }
    let length = try requireSize(input(0), 1, "a sequence")
    guard 1...Int(Int32.max) ~= heads, 0...Int(Int32.max) ~= queryHeads, queryHeads % heads == 0, length <= 1024 else {
      throw DLError(.unsupported, "\(length) tokens, \(queryHeads) heads that share \(heads)")
    }
    // The state sums over all tokens: it is kept in f32.
    let own = dtype(try input(0))
    func wide(_ index: Int) throws -> Int { try cast(input(index), own.size < 4 ? .f32 : own) }
    let (q, k, v) = (try separate(wide(0), queryHeads), try separate(wide(1), heads), try separate(wide(2), heads))
    let (keySize, valueSize) = (try requireSize(k, 3, "keys"), try requireSize(v, 3, "values"))
    let stated = try float("scale", default: 0)
    let scale = stated == 0 ? 1 / Double(keySize).squareRoot() : Double(stated)
    let decay = rule.hasPrefix("gated") ? try separate(wide(4), heads) : nil
    let rate = rule.hasSuffix("delta") ? try wide(5) : nil
    func token(_ x: Int, _ t: Int) throws -> Int { try add(.gather(axis: 1), x, number(t)) }

    var current: Int
    if optional(3) == nil {
      let sizes = try add(.concat(axis: 0), size(q, 0), numbers([heads, keySize, valueSize]))
      current = try add(.fill, sizes, number(0, dtype(q)))
    } else {
      current = try wide(3)
    }
    var outputs: [Int] = []
    for t in 0..<length {
      let key = try unsqueeze(token(k, t), [3])
      var value = try unsqueeze(token(v, t), [2])
      if let decay { current = try binary(.multiply, current, unary(.exp, unsqueeze(token(decay, t), [3]))) }
      if let rate {
        let known = try reduce(.sum, binary(.multiply, current, key), axes: [2])
        value = try binary(
          .multiply, binary(.subtract, value, known), unsqueeze(token(rate, t), [2, 3]))
      }
      current = try binary(.add, current, binary(.multiply, key, value))
      let query = try reshape(token(q, t), [0, heads, queryHeads / heads, keySize])
      let found = try binary(.multiply, matmul(query, current), number: scale)
      outputs.append(try reshape(found, [0, 1, queryHeads * valueSize]))
    }
    return [try cast(add(.concat(axis: 1), outputs.map { $0 }), own), try cast(current, own)]
  }

  // MARK: - depthwise convolution that looks back

  fileprivate func causalConvolution() throws -> [Int] {
    let (x, weights) = (try input(0), try input(1))
    let (channels, kernel) = (try requireSize(weights, 0, "channels"), try requireSize(weights, 2, "a kernel"))
    let whole: Int
    if let past = optional(3) {
      whole = try add(.concat(axis: 2), past, x)
    } else {
      whole = try add(.pad(.constant), x, numbers([kernel - 1, 0]), nil, numbers([2]))
    }
    var y = try add(.conv(Window(axes: 1), groups: channels), whole, weights, optional(2))
    if try choice("activation", ["none": false, "silu": true, "swish": true], default: "none") {
      y = try activation(.silu(alpha: 1), y)
    }
    let length = try size(whole, 2)
    let start = try binary(.subtract, length, numbers([kernel - 1]))
    return [y, try add(.slice, whole, start, length, numbers([2]))]
  }
}
