// What the runtime and a kernel say to each other. This module holds plain data only, so that the kernel modules, which
// are the same sources compiled once for each instruction set, share one vocabulary and no code.
//
// A kernel's work is cut into units by output; `units` counts them, and the kernel computes any range of them. A unit's
// result does not depend on the range it is computed in, nor an output's bits on how the work is cut: they are the same for any
// number of threads.

/// y = activation(x · w + bias + residual) with w packed: `rows` × `depth` by `depth` × `columns`.
public struct GemmCall {
  public var rows: Int
  public var depth: Int
  public var columns: Int
  /// Row i begins at x + i · xStride, its depth values are neighbours.
  public var x: UnsafePointer<Float>
  public var xStride: Int
  /// From `KernelSet.pack`.
  public var panels: UnsafePointer<Float>
  /// Row i begins at y + i · yStride.
  public var y: UnsafeMutablePointer<Float>
  public var yStride: Int
  /// What is added before the activation, `residualStride` floats a row; nil: nothing. May be y.
  public var residual: UnsafePointer<Float>?
  public var residualStride = 0
  public var activation: Activation

  public init(
    rows: Int, depth: Int, columns: Int, x: UnsafePointer<Float>, xStride: Int, panels: UnsafePointer<Float>,
    y: UnsafeMutablePointer<Float>, yStride: Int, activation: Activation
  ) {
    self.rows = rows
    self.depth = depth
    self.columns = columns
    self.x = x
    self.xStride = xStride
    self.panels = panels
    self.y = y
    self.yStride = yStride
    self.activation = activation
  }
}

/// The geometry of a window that slides over NHWC images: convolution and pooling.
public struct WindowGeometry: Hashable, Sendable {
  public var batch = 1
  public var inHeight = 1, inWidth = 1
  public var outHeight = 1, outWidth = 1
  public var kernelHeight = 1, kernelWidth = 1
  public var strideHeight = 1, strideWidth = 1
  public var dilationHeight = 1, dilationWidth = 1
  /// Rows and columns of padding before the first; those after the last follow from the output's size.
  public var padTop = 0, padLeft = 0
  /// Rows and columns of padding after the last. Average pooling that counts the padding needs them.
  public var padBottom = 0, padRight = 0
  /// Depth, where images are volumes of slices, one after the other; of convolutions only.
  public var inDepth = 1, outDepth = 1
  public var kernelDepth = 1, strideDepth = 1, dilationDepth = 1
  public var padFront = 0, padBack = 0
  /// Pixels of y from an output to the next of its row, to the next row, to the next image, where outputs lie apart in larger
  /// images; a row step of 0: they do not.
  public var outColumnStep = 1, outRowStep = 0, outImageStep = 0
  /// Whether a pixel of y is the largest of 2×2 outputs, a rest of one left out; by Winograd's algorithm, without a residual.
  public var poolsOutputs = false
  /// Channels of x; for a convolution all groups together.
  public var channels = 1
  /// Floats from one pixel to the next, at least the channels held there.
  public var inPixelStride = 1, outPixelStride = 1

  public init() {}
}

/// Pooling over NHWC images; units are output rows over the whole batch, or parts of rows where an image has few.
public struct PoolCall {
  public enum Kind: Sendable {
    case max
    /// Divides by the number of window cells inside the image, or with `countPadding` inside image and padding.
    case average(countPadding: Bool)
  }
  public var kind: Kind
  public var geometry: WindowGeometry
  public var x: UnsafePointer<Float>
  public var y: UnsafeMutablePointer<Float>
  /// Follows from an image's sizes alone: the order in which a window is added up does not depend on the batch.
  public let partsPerRow: Int
  public var units: Int { geometry.batch * geometry.outHeight * partsPerRow }

  public init(kind: Kind, geometry: WindowGeometry, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>) {
    self.kind = kind
    self.geometry = geometry
    partsPerRow = max(1, min(16 / max(1, geometry.outHeight), geometry.outWidth / 8))
    self.x = x
    self.y = y
  }
}

/// y[r · yRow + c] = function(a[r · aRow + c · aColumn], b[r · bRow + c · bColumn]), row after row. A column step is 0 or 1. y may
/// be a or b where it steps alike; with steps from row to row of 0, rows are folded into one.
public struct BinaryCall {
  /// One with `hasKernel`.
  public var function: BinaryFunction
  public var rows: Int
  public var columns: Int
  public var a: UnsafePointer<Float>
  public var aRow: Int, aColumn: Int
  public var b: UnsafePointer<Float>
  public var bRow: Int, bColumn: Int
  public var y: UnsafeMutablePointer<Float>
  public var yRow: Int

  /// yRow: nil: rows of y are dense.
  public init(
    _ function: BinaryFunction, rows: Int, columns: Int, a: UnsafePointer<Float>, aRow: Int, aColumn: Int,
    b: UnsafePointer<Float>, bRow: Int, bColumn: Int, y: UnsafeMutablePointer<Float>, yRow: Int? = nil
  ) {
    self.function = function
    self.rows = rows
    self.columns = columns
    self.a = a
    self.aRow = aRow
    self.aColumn = aColumn
    self.b = b
    self.bRow = bRow
    self.bColumn = bColumn
    self.y = y
    self.yRow = yRow ?? columns
  }
}

/// Floats from the beginning of an image to a pixel, and what the pixel counts.
public struct WeightedPixel: Sendable {
  public var offset: Int
  public var weight: Float

  public init(offset: Int, weight: Float) {
    self.offset = offset
    self.weight = weight
  }
}

/// A row of pixels that are mixed of those of another image: pixel j of y is the sum, over all i < `rowCount` and k in
/// starts[j]..<starts[j + 1], of rows[i].weight · columns[k].weight times the pixel of x at rows[i].offset + columns[k].offset.
public struct ResampleCall {
  public var rows: UnsafePointer<WeightedPixel>
  public var rowCount: Int
  public var columns: UnsafePointer<WeightedPixel>
  public var starts: UnsafePointer<Int>
  public var pixels: Int
  public var channels: Int
  public var x: UnsafePointer<Float>
  public var y: UnsafeMutablePointer<Float>
  /// Floats from a pixel of y to the next.
  public var yStride: Int

  public init(
    rows: UnsafePointer<WeightedPixel>, rowCount: Int, columns: UnsafePointer<WeightedPixel>, starts: UnsafePointer<Int>,
    pixels: Int, channels: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, yStride: Int
  ) {
    self.rows = rows
    self.rowCount = rowCount
    self.columns = columns
    self.starts = starts
    self.pixels = pixels
    self.channels = channels
    self.x = x
    self.y = y
    self.yStride = yStride
  }
}

/// The kernels of one instruction set. All pointers are to at least 4-byte aligned memory; nothing is allocated.
public struct KernelSet: Sendable {
  public var isa: ISA
  /// Rows and columns of the full tile, and floats in a vector.
  public var tileRows: Int
  public var tileColumns: Int
  public var lanes: Int

  /// Floats that `pack` writes for a depth × columns matrix.
  public var packedSize: @Sendable (_ depth: Int, _ columns: Int) -> Int
  /// Packs a matrix and its biases (nil: zeros) into panels.
  public var pack: @Sendable (WeightMatrix, _ bias: UnsafePointer<Float>?, _ panels: UnsafeMutablePointer<Float>) -> Void
  public var gemmUnits: @Sendable (GemmCall) -> Int
  public var gemm: @Sendable (GemmCall, Range<Int>) -> Void

  /// Chooses how a convolution is computed and how its weights are packed. Of the geometry kernel, strides, dilations,
  /// padding and channels are read, and the sizes of the images as a hint: 0 where they are not known yet.
  public var convLayer:
    @Sendable (_ window: WindowGeometry, _ groups: Int, _ outChannels: Int, _ options: ConvOptions) -> ConvLayer
  /// Packs w[outChannels][channels/groups][kernelDepth][kernelHeight][kernelWidth] into `layer.packedSize` floats.
  public var packConv:
    @Sendable (
      _ layer: ConvLayer, _ w: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ panels: UnsafeMutablePointer<Float>
    ) -> Void
  /// Cuts a layer's work on images of the geometry's sizes and pixel strides. residualStride: floats from pixel to pixel
  /// of the residual; 0: there is none. threads: how many share the units; the bits of a result do not depend on it.
  public var planConv:
    @Sendable (_ layer: ConvLayer, _ geometry: WindowGeometry, _ residualStride: Int, _ threads: Int) -> ConvPlan
  public var conv: @Sendable (ConvCall, _ units: Range<Int>, _ worker: Int) -> Void

  public var pool: @Sendable (PoolCall, Range<Int>) -> Void
  /// y = activation(x), element by element; x may be y.
  public var activate:
    @Sendable (_ activation: Activation, _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) -> Void
  /// y = function(x), element by element, for functions with `hasKernel`; x may be y.
  public var unary:
    @Sendable (_ function: UnaryFunction, _ count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) -> Void
  public var binary: @Sendable (BinaryCall) -> Void
  /// Where sign · x is larger than `largest`, or the first NaN, it takes its place, and `place` that of the one in `places`.
  public var keepLargest:
    @Sendable (
      _ count: Int, _ x: UnsafePointer<Float>, _ sign: Float, _ place: Int32, _ largest: UnsafeMutablePointer<Float>,
      _ places: UnsafeMutablePointer<Int32>
    ) -> Void
  public var resample: @Sendable (ResampleCall) -> Void
  /// Softmax of each of `rows` dense rows.
  public var softmax: @Sendable (_ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) -> Void
  public var normalise: @Sendable (NormaliseCall) -> Void
  /// Local response normalisation over the channels of each pixel (rows of `channels`).
  public var localResponseNorm:
    @Sendable (
      _ rows: Int, _ channels: Int, _ size: Int, _ alpha: Float, _ beta: Float, _ bias: Float, _ x: UnsafePointer<Float>,
      _ y: UnsafeMutablePointer<Float>
    ) -> Void
  /// y[c][r] = x[r][c]: row r of x begins at r · xStride, row c of y at c · yStride. NCHW ↔ NHWC is one call an image.
  public var transpose:
    @Sendable (
      _ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
    ) -> Void

  public init(
    isa: ISA, tileRows: Int, tileColumns: Int, lanes: Int, packedSize: @escaping @Sendable (Int, Int) -> Int,
    pack: @escaping @Sendable (WeightMatrix, UnsafePointer<Float>?, UnsafeMutablePointer<Float>) -> Void,
    gemmUnits: @escaping @Sendable (GemmCall) -> Int, gemm: @escaping @Sendable (GemmCall, Range<Int>) -> Void,
    convLayer: @escaping @Sendable (WindowGeometry, Int, Int, ConvOptions) -> ConvLayer,
    packConv:
      @escaping @Sendable (ConvLayer, UnsafePointer<Float>, UnsafePointer<Float>?, UnsafeMutablePointer<Float>) -> Void,
    planConv: @escaping @Sendable (ConvLayer, WindowGeometry, Int, Int) -> ConvPlan,
    conv: @escaping @Sendable (ConvCall, Range<Int>, Int) -> Void, pool: @escaping @Sendable (PoolCall, Range<Int>) -> Void,
    activate: @escaping @Sendable (Activation, Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
    unary: @escaping @Sendable (UnaryFunction, Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
    binary: @escaping @Sendable (BinaryCall) -> Void,
    keepLargest:
      @escaping @Sendable (
        Int, UnsafePointer<Float>, Float, Int32, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Int32>
      ) -> Void,
    resample: @escaping @Sendable (ResampleCall) -> Void,
    softmax: @escaping @Sendable (Int, Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
    normalise: @escaping @Sendable (NormaliseCall) -> Void,
    localResponseNorm:
      @escaping @Sendable (
        Int, Int, Int, Float, Float, Float, UnsafePointer<Float>, UnsafeMutablePointer<Float>
      ) -> Void,
    transpose: @escaping @Sendable (Int, Int, UnsafePointer<Float>, Int, UnsafeMutablePointer<Float>, Int) -> Void
  ) {
    self.isa = isa
    self.tileRows = tileRows
    self.tileColumns = tileColumns
    self.lanes = lanes
    self.packedSize = packedSize
    self.pack = pack
    self.gemmUnits = gemmUnits
    self.gemm = gemm
    self.convLayer = convLayer
    self.packConv = packConv
    self.planConv = planConv
    self.conv = conv
    self.pool = pool
    self.activate = activate
    self.unary = unary
    self.binary = binary
    self.keepLargest = keepLargest
    self.resample = resample
    self.softmax = softmax
    self.normalise = normalise
    self.localResponseNorm = localResponseNorm
    self.transpose = transpose
  }
}
