/// y = a · b + bias, [rows, depth] · [depth, columns]. Strides are in elements, so that a transposed matrix is one with
/// its two strides exchanged. Rows of y are dense in memory, `yStride` apart.
public struct MatrixProduct<Scalar> {
  public struct Matrix {
    public var start: UnsafePointer<Scalar>
    public var rowStride: Int
    public var columnStride: Int

    public init(_ start: UnsafePointer<Scalar>, rowStride: Int, columnStride: Int = 1) {
      self.start = start
      self.rowStride = rowStride
      self.columnStride = columnStride
    }
    public var transposed: Matrix { Matrix(start, rowStride: columnStride, columnStride: rowStride) }
  }
  public var rows: Int
  public var depth: Int
  public var columns: Int
  public var a: Matrix
  public var b: Matrix
  /// One value a column.
  public var bias: UnsafePointer<Scalar>?
  public var y: UnsafeMutablePointer<Scalar>
  public var yStride: Int
  /// Whether to use all cores; false inside work that is already spread over them.
  public var isParallel: Bool

  public init(
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
