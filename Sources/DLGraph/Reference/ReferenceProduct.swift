import KernelTypes

// Matrix products and distances: sums in double precision or of wrapping integers.

func evaluateProduct(_ op: Op, _ inputs: [TensorBuffer?], _ y: TensorBuffer) {
  guard let a = inputs[0] else { return }
  switch op {
  case .matmul:
    guard let b = inputs[1] else { return }
    matmul(a, b, y)
  case .gemm(let transposeA, let transposeB):
    guard let b = inputs[1] else { return }
    gemm(transposeA, transposeB, a, b, inputs.count > 2 ? inputs[2] : nil, y)
  case .einsum(let equation):
    let tensors = inputs.compactMap { $0 }
    // Shape inference has found the equation good.
    guard let einsum = try? Einsum(equation, ranks: tensors.map { $0.sizes.count }) else { return }
    evaluate(einsum, tensors, y)
  case .distance(let distance):
    guard let b = inputs[1] else { return }
    evaluate(distance, a, b, y)
  default: break
  }
}

/// A vector is a row as a, a column as b.
private func matmul(_ a: TensorBuffer, _ b: TensorBuffer, _ y: TensorBuffer) {
  let aSizes = a.sizes.count == 1 ? [1] + a.sizes : a.sizes
  let bSizes = b.sizes.count == 1 ? b.sizes + [1] : b.sizes
  let (rows, depth) = (aSizes[aSizes.count - 2], aSizes[aSizes.count - 1])
  let columns = bSizes[bSizes.count - 1]
  let matrices = Array(y.sizes.dropLast((a.sizes.count > 1 ? 1 : 0) + (b.sizes.count > 1 ? 1 : 0)))
  eachBroadcast(Array(aSizes.dropLast(2)), Array(bSizes.dropLast(2)), matrices) { matrix, p, q in
    for i in 0..<rows {
      for j in 0..<columns {
        let bFirst = q * depth * columns + j
        dot(depth, a, (p * rows + i) * depth, b, bFirst, step: columns, y, (matrix * rows + i) * columns + j)
      }
    }
  }
}

/// bias: one row, added to all.
private func gemm(
  _ transposeA: Bool, _ transposeB: Bool, _ a: TensorBuffer, _ b: TensorBuffer, _ bias: TensorBuffer?, _ y: TensorBuffer
) {
  let (m, n) = (y.sizes[0], y.sizes[1])
  let depth = a.sizes[transposeA ? 0 : 1]
  for i in 0..<m {
    for j in 0..<n {
      var sum = bias?.real(j) ?? 0
      for k in 0..<depth {
        sum += a.real(transposeA ? k * m + i : i * depth + k) * b.real(transposeB ? j * depth + k : k * n + j)
      }
      y.setReal(i * n + j, sum)
    }
  }
}

/// Sets element i of y to the sum of products of the elements of a from p on with those of b from q on, `step` apart.
private func dot(
  _ count: Int, _ a: TensorBuffer, _ p: Int, _ b: TensorBuffer, _ q: Int, step: Int, _ y: TensorBuffer, _ i: Int
) {
  if y.dtype.isFloat {
    var sum = 0.0
    for k in 0..<count { sum += a.real(p + k) * b.real(q + k * step) }
    y.setReal(i, sum)
  } else {
    var sum: Int64 = 0
    for k in 0..<count { sum = sum &+ a.integer(p + k) &* b.integer(q + k * step) }
    y.setInteger(i, sum)
  }
}

private func evaluate(_ einsum: Einsum, _ inputs: [TensorBuffer], _ y: TensorBuffer) {
  let strides = inputs.indices.map { einsum.strides($0, inputs[$0].sizes) }
  let outer = einsum.output.count
  let sizes = einsum.summed.map { label in einsum.size(of: label, inputs.map { $0.sizes }) }
  eachPlace(y.sizes, strides.map { Array($0[..<outer]) }) { i, first in
    var sum = 0.0
    var integerSum: Int64 = 0
    eachPlace(sizes, strides.map { Array($0[outer...]) }) { _, at in
      if y.dtype.isFloat {
        sum += inputs.indices.reduce(1) { $0 * inputs[$1].real(first[$1] + at[$1]) }
      } else {
        integerSum = integerSum &+ inputs.indices.reduce(1) { $0 &* inputs[$1].integer(first[$1] + at[$1]) }
      }
    }
    if y.dtype.isFloat { y.setReal(i, sum) } else { y.setInteger(i, integerSum) }
  }
}

private func evaluate(_ distance: Distance, _ a: TensorBuffer, _ b: TensorBuffer, _ y: TensorBuffer) {
  let depth = a.sizes[a.sizes.count - 1]
  eachBroadcast(Array(a.sizes.dropLast()), Array(b.sizes.dropLast()), y.sizes) { i, p, q in
    var products = 0.0
    var aSquares = 0.0
    var bSquares = 0.0
    var differences = 0.0
    for k in 0..<depth {
      let (u, v) = (a.real(p * depth + k), b.real(q * depth + k))
      products += u * v
      aSquares += u * u
      bSquares += v * v
      differences += (u - v) * (u - v)
    }
    switch distance {
    case .cosineSimilarity: y.setReal(i, products == 0 ? 0 : products / (aSquares * bSquares).squareRoot())
    case .squaredL2: y.setReal(i, differences)
    }
  }
}
