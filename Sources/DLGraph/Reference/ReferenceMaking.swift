// Operations that make tensors.

func evaluateMaking(_ op: Op, _ inputs: [TensorBuffer?], _ y: TensorBuffer) throws(DLError) {
  guard let x = inputs[0] else { return }
  switch op {
  case .shape(let start, let end):
    for (i, axis) in shapeRange(start, end, rank: x.sizes.count).enumerated() { y.setInteger(i, Int64(x.sizes[axis])) }
  case .size: y.setInteger(0, Int64(x.count))
  case .fill:
    guard let value = inputs[1] else { return }
    let copy = StridedCopy([y.count], from: [0], to: [1])
    copy.copy(0..<copy.rows, elementSize: y.dtype.size, value.data, y.data)
  case .range:
    guard let delta = inputs[2] else { return }
    for i in 0..<y.count {
      if y.dtype.isFloat {
        y.setReal(i, x.real(0) + Double(i) * delta.real(0))
      } else {
        y.setInteger(i, x.integer(0) &+ Int64(i) &* delta.integer(0))
      }
    }
  case .oneHot(let axis):
    guard let values = inputs[2] else { return }
    oneHot(axis < 0 ? axis + y.sizes.count : axis, x, values, y)
  case .eyeLike(_, let k):
    for i in 0..<y.count { y.setInteger(i, 0) }
    for row in 0..<y.sizes[0] {
      let (column, overflow) = row.addingReportingOverflow(k)
      if !overflow && 0..<y.sizes[1] ~= column { y.setInteger(row * y.sizes[1] + column, 1) }
    }
  default: break
  }
}

/// values: off, on. An index outside the depth is on nowhere.
private func oneHot(_ axis: Int, _ indices: TensorBuffer, _ values: TensorBuffer, _ y: TensorBuffer) {
  let depth = y.sizes[axis]
  let inner = y.sizes[(axis + 1)...].reduce(1, *)
  for i in 0..<y.count { y.copy(1, from: values, at: 0, to: i) }
  for i in 0..<indices.count {
    let index = Int(indices.integer(i))
    let place = index < 0 ? index + depth : index
    if 0..<depth ~= place { y.copy(1, from: values, at: 1, to: (i / inner * depth + place) * inner + i % inner) }
  }
}
