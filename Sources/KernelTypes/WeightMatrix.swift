/// A matrix of weights as it lies in a model: k counts outer · inner rows, of which row (o, i), k = o · inner + i, has its
/// column n at w[o · outerStride + i · innerStride + n · columnStride]. Rows of two numbers are those of a convolution (its
/// cells, and their channels), and of a layer that reads images flattened in another order than they have in memory.
public struct WeightMatrix: Equatable {
  public var w: UnsafePointer<Float>
  public var outer: Int
  public var inner: Int
  public var columns: Int
  public var outerStride: Int
  public var innerStride: Int
  public var columnStride: Int

  public init(
    w: UnsafePointer<Float>, outer: Int = 1, inner: Int, columns: Int, outerStride: Int = 0, innerStride: Int, columnStride: Int
  ) {
    self.w = w
    self.outer = outer
    self.inner = inner
    self.columns = columns
    self.outerStride = outerStride
    self.innerStride = innerStride
    self.columnStride = columnStride
  }

  public var depth: Int { outer * inner }
  /// Whether a column lies in memory without gaps, its rows in the order (0, 0), (1, 0), …, (0, 1), …
  public var columnsAreDense: Bool { innerStride == outer && (outer == 1 || outerStride == 1) }
}
