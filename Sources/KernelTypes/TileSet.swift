/// The tiles of a kernel set one by one, for tests and benchmarks; no part of libdlrt.
public struct TileSet: Sendable {
  public var kernels: KernelSet
  /// The shape of each tile, from index 0 on; nil past the last.
  public var tileShape: @Sendable (_ index: Int) -> TileShape?
  /// Runs one tile again and again; returns the floating-point operations done (2 for a multiply-add).
  public var runTile: @Sendable (_ index: Int, _ probe: TileProbe) -> Int
  /// `steps` rounds of multiply-adds in registers only, which reach the peak of the core. Processors slow down under wide
  /// vectors, so a share of the peak is only true of probes taken in turn with the tile's, many times; compare medians.
  /// y: `lanes` floats, overwritten. Returns the floating-point operations done.
  public var peak: @Sendable (_ steps: Int, _ y: UnsafeMutablePointer<Float>) -> Int

  public init(
    kernels: KernelSet, tileShape: @escaping @Sendable (Int) -> TileShape?, runTile: @escaping @Sendable (Int, TileProbe) -> Int,
    peak: @escaping @Sendable (Int, UnsafeMutablePointer<Float>) -> Int
  ) {
    self.kernels = kernels
    self.tileShape = tileShape
    self.runTile = runTile
    self.peak = peak
  }
}

/// A micro-kernel: the rows and columns of outputs it computes at once.
public struct TileShape: Hashable, Sendable {
  public var rows: Int
  public var columns: Int

  public init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
  }
}

/// Operands of one tile of a `TileShape`, in caches as the benchmark wants them.
public struct TileProbe {
  public var depth: Int
  public var repeats: Int
  /// rows × depth, dense.
  public var x: UnsafePointer<Float>
  /// From `KernelSet.pack` of a depth × columns matrix.
  public var panels: UnsafePointer<Float>
  /// rows × columns, dense.
  public var y: UnsafeMutablePointer<Float>

  public init(
    depth: Int, repeats: Int, x: UnsafePointer<Float>, panels: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
  ) {
    self.depth = depth
    self.repeats = repeats
    self.x = x
    self.panels = panels
    self.y = y
  }
}
