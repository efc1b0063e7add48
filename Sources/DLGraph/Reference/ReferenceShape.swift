// Operations that move elements and change none.

func evaluateShape(_ op: Op, _ inputs: [TensorBuffer?], _ outputs: [TensorBuffer?]) throws(DLError) {
  guard let x = inputs[0], let y = outputs[0] else { return }
  switch op {
  case .reverseSequence(let batchAxis, let timeAxis):
    guard let lengths = inputs[1] else { return }
    let rank = x.sizes.count
    let (batch, time) = (batchAxis < 0 ? batchAxis + rank : batchAxis, timeAxis < 0 ? timeAxis + rank : timeAxis)
    try reverseSequences(batch, time, x, lengths, y)
  case .triangle(let upper):
    triangle(upper, x, inputs.count > 1 ? inputs[1]?.integer(0) ?? 0 : 0, y)
  default:
    guard
      let movement = try Movement(
        op, inputs.map { $0.map { StridedShape($0.sizes) } }, outputs.map { $0.map { StridedShape($0.sizes) } },
        parameters: inputs.enumerated().map { i, input in i == 0 ? nil : input?.integers })
    else { return }
    movement.move(inputs, outputs)
  }
}

extension TensorBuffer {
  /// The elements of a small integer tensor; nil of one of floats.
  public var integers: [Int]? { dtype.isFloat ? nil : (0..<count).map { Int(integer($0)) } }
}

extension Movement {
  func move(_ inputs: [TensorBuffer?], _ outputs: [TensorBuffer?]) {
    var zero: UInt64 = 0
    withUnsafeBytes(of: &zero) { zero in
      for part in parts {
        guard let y = outputs[part.output], let nothing = zero.baseAddress else { continue }
        let from: UnsafeRawPointer? =
          switch part.source {
          case .input(let i): inputs[i].map { UnsafeRawPointer($0.data) }
          case .output: UnsafeRawPointer(y.data)
          case .zero: nothing
          }
        if let from { part.copy.copy(0..<part.copy.rows, elementSize: y.dtype.size, from, y.data) }
      }
    }
  }
}

private func reverseSequences(
  _ batch: Int, _ time: Int, _ x: TensorBuffer, _ lengths: TensorBuffer, _ y: TensorBuffer
) throws(DLError) {
  let strides = rowMajorStrides(x.sizes)
  var sizes = x.sizes
  sizes[batch] = 1
  for sequence in 0..<x.sizes[batch] {
    let length = Int(lengths.integer(sequence))
    guard 0...x.sizes[time] ~= length else {
      throw DLError(.invalidArgument, "lengths: expected 0 to \(x.sizes[time]) at \(sequence), found \(length)")
    }
    let start = sequence * strides[batch]
    let step = strides[time]
    func copy(_ count: Int, from first: Int, step: Int, to place: Int) {
      if count == 0 { return }
      sizes[time] = count
      var from = strides
      from[time] = step
      let copy = StridedCopy(
        sizes, from: from, start: start + first * strides[time], to: strides, place: start + place * strides[time])
      copy.copy(0..<copy.rows, elementSize: x.dtype.size, x.data, y.data)
    }
    copy(length, from: length - 1, step: -step, to: 0)
    copy(x.sizes[time] - length, from: length, step: step, to: length)
  }
}

/// Elements whose column is `k` or more places right of the diagonal, or those left of it and on it.
private func triangle(_ upper: Bool, _ x: TensorBuffer, _ k: Int64, _ y: TensorBuffer) {
  let rank = x.sizes.count
  let (rows, columns) = (x.sizes[rank - 2], x.sizes[rank - 1])
  for matrix in 0..<x.sizes[..<(rank - 2)].reduce(1, *) {
    for row in 0..<rows {
      // The first column that is on the other side.
      let edge = min(max(Int64(row).addingSaturated(k).addingSaturated(upper ? 0 : 1), 0), Int64(columns))
      let start = (matrix * rows + row) * columns
      let (from, to) = upper ? (Int(edge), columns) : (0, Int(edge))
      (y.data + start * y.dtype.size).initializeMemory(as: UInt8.self, repeating: 0, count: columns * y.dtype.size)
      y.copy(to - from, from: x, at: start + from, to: start + from)
    }
  }
}

extension Int64 {
  fileprivate func addingSaturated(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }
}
