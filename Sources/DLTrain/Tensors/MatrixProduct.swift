/// y = a · b + bias, [rows, depth] · [depth, columns]. Strides are in elements, so that a transposed matrix is one with
/// its two strides exchanged. Rows of y are dense in memory, `yStride` apart.
struct MatrixProduct<Scalar> {
  struct Matrix {
    var start: UnsafePointer<Scalar>
    var rowStride: Int
    var columnStride: Int

    init(_ start: UnsafePointer<Scalar>, rowStride: Int, columnStride: Int = 1) {
      self.start = start
      self.rowStride = rowStride
      self.columnStride = columnStride
    }
    var transposed: Matrix { Matrix(start, rowStride: columnStride, columnStride: rowStride) }
  }
  var rows: Int
  var depth: Int
  var columns: Int
  var a: Matrix
  var b: Matrix
  /// One value a column.
  var bias: UnsafePointer<Scalar>?
  var y: UnsafeMutablePointer<Scalar>
  var yStride: Int
  /// Whether to use all cores; false inside work that is already spread over them.
  var isParallel: Bool

  init(
    rows: Int, depth: Int, columns: Int, a: Matrix, b: Matrix, bias: UnsafePointer<Scalar>? = nil,
    y: UnsafeMutablePointer<Scalar>, isParallel: Bool = false
  ) {
    self.rows = rows
    self.depth = depth
    self.columns = columns
    self.a = a
    self.b = b
    self.bias = bias
    self.y = y
    self.yStride = columns
    self.isParallel = isParallel
  }
}

/// The definition, for any scalar.
func multiplyNaively<Scalar: TensorScalar>(_ p: MatrixProduct<Scalar>) {
  for i in 0..<p.rows {
    let y = p.y + i * p.yStride
    for j in 0..<p.columns { y[j] = p.bias?[j] ?? 0 }
    for k in 0..<p.depth {
      let a = p.a.start[i * p.a.rowStride + k * p.a.columnStride]
      let b = p.b.start + k * p.b.rowStride
      for j in 0..<p.columns { y[j] += a * b[j * p.b.columnStride] }
    }
  }
}
