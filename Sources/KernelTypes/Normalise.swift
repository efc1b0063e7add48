/// Rows brought to one scale, each by itself.
public struct NormaliseCall {
  public enum Kind: Hashable, Sendable {
    /// (x − mean) / √(variance + epsilon).
    case layer(epsilon: Float)
    /// x / √(mean of x² + epsilon).
    case rms(epsilon: Float)
    /// x / √ Σ x²; 0 where that is 0.
    case l2
    /// x − log Σ eˣ.
    case logSoftmax
  }
  public var kind: Kind
  public var rows: Int
  public var columns: Int
  /// Dense rows; y may be x.
  public var x: UnsafePointer<Float>
  /// What the result is multiplied by, then what is added: one row each.
  public var scale: UnsafePointer<Float>?
  public var shift: UnsafePointer<Float>?
  public var y: UnsafeMutablePointer<Float>

  public init(
    _ kind: Kind, rows: Int, columns: Int, x: UnsafePointer<Float>, scale: UnsafePointer<Float>? = nil,
    shift: UnsafePointer<Float>? = nil, y: UnsafeMutablePointer<Float>
  ) {
    self.kind = kind
    self.rows = rows
    self.columns = columns
    self.x = x
    self.scale = scale
    self.shift = shift
    self.y = y
  }
}
