/// What a choice of convolution algorithm must respect.
public struct ConvOptions: Hashable, Sendable {
  /// Only algorithms that add the products of the definition, no transforms.
  public var exact = false
  /// Only algorithms whose packed weights take no more memory than the weights.
  public var lowMemory = false
  /// Only this algorithm, where it fits the layer.
  public var forced: ConvAlgorithm?

  public init(exact: Bool = false, lowMemory: Bool = false, forced: ConvAlgorithm? = nil) {
    self.exact = exact
    self.lowMemory = lowMemory
    self.forced = forced
  }
}

public enum ConvAlgorithm: Hashable, Sendable {
  /// A matrix product whose rows are windows, read in place.
  case direct
  /// One filter a channel.
  case depthwise
  /// Winograd's F(tile × tile, 3×3), tile 2 or 4, at stride 1: 3×3 with size²/tile² multiply-adds for an output instead of
  /// 9, size = tile + 2, of weights size²/9 as large. Larger filters are several of 3×3; those of one row or column are
  /// F(tile, 3).
  case winograd(tile: Int)
}

/// A convolution as its weights are packed: decided once, at load, by `KernelSet.convLayer`, and read by packing, planning
/// and running. It fits images of any size.
public struct ConvLayer: Hashable, Sendable {
  /// Kernel, strides, dilations, padding and channels; the sizes of images are a plan's.
  public var window: WindowGeometry
  public var groups: Int
  public var outChannels: Int
  public var algorithm: ConvAlgorithm
  /// Floats of packed weights.
  public var packedSize: Int
  /// How many neighbouring output pixels a second form of the weights joins, and where in the packed weights that form
  /// begins; 1: there is none.
  public var widening = 1
  public var widenedOffset = 0

  public init(window: WindowGeometry, groups: Int, outChannels: Int, algorithm: ConvAlgorithm, packedSize: Int) {
    self.window = window
    self.groups = groups
    self.outChannels = outChannels
    self.algorithm = algorithm
    self.packedSize = packedSize
  }
}

/// How a layer's work on images of certain sizes is cut; from `KernelSet.planConv`. The fields after `freeTiles` are the
/// kernels' own, but for sizes of matrices and numbers of units.
public struct ConvPlan: Hashable, Sendable {
  public var algorithm: ConvAlgorithm
  /// As it is computed: widened, turned or flattened, where that is done.
  public var geometry: WindowGeometry
  public var groups: Int
  public var residualStride: Int
  public var units = 0
  /// Floats of scratch each worker needs; Int.max if the number does not fit an Int.
  public var scratch = 0
  /// Of each panel: tiles that can ask for as many of a later layer's weights as half a panel has.
  public var freeTiles = 0

  /// Channels, output channels and products a sum, of one group.
  public var channels: Int, columns: Int, depth: Int
  /// Where in the packed weights those of the first group begin, and floats from a group's to the next's.
  public var panelsBase = 0, groupPitch = 0
  /// Bands: some output rows of one image, or all rows of several small images.
  public var imagesPerBand = 1, rowsPerBand = 0
  public var bandsPerImage = 0, bands = 0
  /// Whether a band of the image is copied, with zeros around it.
  public var copies = false
  /// Whether the weights stay in the second-level cache from band to band, and bands lie side by side in x.
  public var panelsStay = false
  /// Panels of a group, and units they are dealt to.
  public var panels = 0, panelUnits = 1

  /// Winograd: rows and columns of a window, but of a single one along an axis where filters have one; windows down and across
  /// an image; blocks of windows; panels multiplied at once.
  public var size = 0
  public var tilesDown = 0, tilesAcross = 0
  public var blocks = 0, panelsAtOnce = 1
  /// Floats from window to window and from position to position, of transformed input and of products.
  public var inPitch = 0, inPlane = 0
  public var outPitch = 0, outPlane = 0

  public init(algorithm: ConvAlgorithm, geometry: WindowGeometry, groups: Int, outChannels: Int, residualStride: Int) {
    self.algorithm = algorithm
    self.geometry = geometry
    self.groups = groups
    self.residualStride = residualStride
    channels = geometry.channels / groups
    columns = outChannels / groups
    depth = geometry.kernelDepth * geometry.kernelHeight * geometry.kernelWidth * channels
  }
}

/// y = activation(convolution(x, w) + bias + residual) over NHWC images. Output channels of group g are
/// g · outChannels/groups ..< (g+1) · outChannels/groups, and read the input channels of the same share.
public struct ConvCall {
  public var plan: ConvPlan
  public var x: UnsafePointer<Float>
  /// From `KernelSet.packConv`.
  public var panels: UnsafePointer<Float>
  public var y: UnsafeMutablePointer<Float>
  /// What is added before the activation: images of y's sizes, pixels `plan.residualStride` floats apart. Present if that
  /// is not 0. May be y, except of a depthwise layer.
  public var residual: UnsafePointer<Float>?
  public var activation: Activation
  /// `plan.scratch` floats for each worker.
  public var scratch: UnsafeMutablePointer<Float>?
  /// Where a later layer's weights lie, in floats from `panels`, and how many of them a unit asks for on the side, so that a
  /// cache holds them then.
  public var later = 0, laterOfUnit = 0

  public init(
    plan: ConvPlan, x: UnsafePointer<Float>, panels: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>,
    residual: UnsafePointer<Float>? = nil, activation: Activation, scratch: UnsafeMutablePointer<Float>?
  ) {
    self.plan = plan
    self.x = x
    self.panels = panels
    self.y = y
    self.residual = residual
    self.activation = activation
    self.scratch = scratch
  }
}
