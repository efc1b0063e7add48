import DLGraph

private func matrix<Scalar: TensorScalar>(_ x: Tensor<Scalar>, transposed: Bool = false) -> MatrixProduct<Scalar>.Matrix {
  let dense = MatrixProduct<Scalar>.Matrix(x.start, rowStride: x.shape[1])
  return transposed ? dense.transposed : dense
}

private func product<Scalar: TensorScalar>(
  _ shape: [Int], depth: Int, _ a: MatrixProduct<Scalar>.Matrix, _ b: MatrixProduct<Scalar>.Matrix, bias: Tensor<Scalar>? = nil
) -> Tensor<Scalar> {
  Tensor(uninitialized: shape) { y in
    Scalar.backend.multiply(
      MatrixProduct(
        rows: shape[0], depth: depth, columns: shape[1], a: a, b: b, bias: bias?.start, y: y, isParallel: true))
  }
}

func gemmForward<Scalar: TensorScalar>(
  _ transposeA: Bool, _ transposeB: Bool, _ x: [Tensor<Scalar>], _ shape: [Int]
) -> Tensor<Scalar> {
  product(
    shape, depth: x[0].shape[transposeA ? 0 : 1], matrix(x[0], transposed: transposeA), matrix(x[1], transposed: transposeB),
    bias: x.count > 2 ? x[2] : nil)
}

/// With y = a · b + c: da = dy · bᵀ, db = aᵀ · dy, dc = Σ rows of dy; transposed where a or b was.
func gemmBackward<Scalar: TensorScalar>(
  _ transposeA: Bool, _ transposeB: Bool, _ step: BackwardStep<Scalar>
) -> [Tensor<Scalar>?] {
  let (a, b, dy) = (step.inputs[0], step.inputs[1], step.gradient)
  let (rows, columns) = (dy.shape[0], dy.shape[1])
  var gradients: [Tensor<Scalar>?] = step.inputs.map { _ in nil }
  if step.isNeeded[0] {
    let bᵀ = matrix(b, transposed: !transposeB)
    gradients[0] =
      transposeA
      ? product(a.shape, depth: columns, bᵀ.transposed, matrix(dy, transposed: true))
      : product(a.shape, depth: columns, matrix(dy), bᵀ)
  }
  if step.isNeeded[1] {
    let aᵀ = matrix(a, transposed: !transposeA)
    gradients[1] =
      transposeB
      ? product(b.shape, depth: rows, matrix(dy, transposed: true), aᵀ.transposed)
      : product(b.shape, depth: rows, aᵀ, matrix(dy))
  }
  if step.inputs.count > 2, step.isNeeded[2] {
    gradients[2] = Tensor([columns]) { sum in
      for i in 0..<rows { for j in 0..<columns { sum[j] += dy.start[i * columns + j] } }
    }
  }
  return gradients
}
