// Operations that move elements and change none.

func evaluateShape(_ op: Op, _ inputs: [TensorBuffer?], _ outputs: [TensorBuffer?]) {
  guard let y = outputs[0] else { return }
  switch op {
  case .concat(let axis): concat(axis < 0 ? axis + y.sizes.count : axis, inputs.compactMap { $0 }, y)
  default: break
  }
}

private func concat(_ axis: Int, _ inputs: [TensorBuffer], _ y: TensorBuffer) {
  let outer = y.sizes[..<axis].reduce(1, *)
  let row = y.sizes[axis...].reduce(1, *)
  var place = 0
  for x in inputs {
    let count = x.sizes[axis...].reduce(1, *)
    for i in 0..<outer { y.copy(count, from: x, at: i * count, to: i * row + place) }
    place += count
  }
}
