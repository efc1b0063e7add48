import KernelTypes

/// How a window's padding is found.
public enum PaddingRule: UInt8, Hashable, Sendable {
  case explicit = 0
  /// As much as makes the output ⌈size / stride⌉; an odd cell goes to the end, or to the beginning.
  case sameUpper = 1
  case sameLower = 2
}

/// A sliding window over the spatial axes (all after batch and channels), one entry an axis.
public struct Window: Hashable, Sendable {
  public var strides: [Int]
  public var dilations: [Int]
  public var padBegin: [Int]
  public var padEnd: [Int]
  /// Where the padding is not as given but follows from the sizes.
  public var rule: PaddingRule = .explicit
  /// Whether a last window that only partly lies over the image counts (pooling).
  public var ceil = false

  public init(
    strides: [Int], dilations: [Int], padBegin: [Int], padEnd: [Int], rule: PaddingRule = .explicit, ceil: Bool = false
  ) {
    self.strides = strides
    self.dilations = dilations
    self.padBegin = padBegin
    self.padEnd = padEnd
    self.rule = rule
    self.ceil = ceil
  }
  /// The same stride, dilation and padding on every one of `axes` axes.
  public init(axes: Int = 2, stride: Int = 1, dilation: Int = 1, pad: Int = 0) {
    strides = Array(repeating: stride, count: axes)
    dilations = Array(repeating: dilation, count: axes)
    padBegin = Array(repeating: pad, count: axes)
    padEnd = padBegin
  }
}

/// What a padded cell holds.
public enum PadMode: UInt8, Hashable, Sendable, CaseIterable {
  case constant = 0
  /// Mirrored without repeating the edge.
  case reflect = 1
  case edge = 2
  /// The other end's.
  case wrap = 3
}

/// What becomes of elements scattered to one place.
public enum ScatterReduction: UInt8, Hashable, Sendable, CaseIterable {
  case replace = 0
  case add = 1
  case multiply = 2
  case minimum = 3
  case maximum = 4
}

/// How `resize` finds and mixes the elements of x. Names and formulas are those of ONNX's Resize.
public struct Resize: Hashable, Sendable {
  public enum Mode: UInt8, Hashable, Sendable, CaseIterable { case nearest = 0, linear = 1, cubic = 2 }
  /// Where a position of the output lies in x.
  public enum Coordinates: UInt8, Hashable, Sendable, CaseIterable {
    case halfPixel = 0, halfPixelSymmetric = 1, pytorchHalfPixel = 2, alignCorners = 3, asymmetric = 4, cropAndResize = 5
  }
  public enum Rounding: UInt8, Hashable, Sendable, CaseIterable { case halfDown = 0, halfUp = 1, floor = 2, ceil = 3 }
  /// What sizes mean: the output's, or a box that the output, its aspect kept, is the largest in or the smallest around.
  public enum Aspect: UInt8, Hashable, Sendable, CaseIterable { case stretch = 0, notLarger = 1, notSmaller = 2 }

  public var mode: Mode
  public var coordinates: Coordinates
  /// Of the nearest mode.
  public var rounding: Rounding
  public var aspect: Aspect
  /// The coefficient a of the cubic kernel.
  public var cubic: Float
  /// Whether weights outside x are 0 and the others scaled up, rather than edge elements repeated.
  public var excludesOutside: Bool
  /// Whether a smaller output is filtered first.
  public var antialias: Bool
  /// What `cropAndResize` reads outside x.
  public var extrapolation: Float
  /// The axes that roi, scales and sizes are of; empty: all.
  public var axes: [Int]

  public init(
    _ mode: Mode, _ coordinates: Coordinates = .halfPixel, rounding: Rounding = .halfDown, aspect: Aspect = .stretch,
    cubic: Float = -0.75, excludesOutside: Bool = false, antialias: Bool = false, extrapolation: Float = 0, axes: [Int] = []
  ) {
    self.mode = mode
    self.coordinates = coordinates
    self.rounding = rounding
    self.aspect = aspect
    self.cubic = cubic
    self.excludesOutside = excludesOutside
    self.antialias = antialias
    self.extrapolation = extrapolation
    self.axes = axes
  }
}

/// How `roiAlign` pools regions. He et al. 2017 (Mask R-CNN).
public struct RoiAlign: Hashable, Sendable {
  /// Rows and columns of the output.
  public var height: Int, width: Int
  /// Samples along each axis of a cell; 0: as many as the cell has pixels, rounded up.
  public var samples: Int
  /// Pixels of x for a unit of the regions.
  public var scale: Float
  public var isMaximum: Bool
  /// Whether pixel centres lie at halves (ONNX's half_pixel).
  public var halfPixel: Bool

  public init(height: Int, width: Int, samples: Int = 0, scale: Float = 1, isMaximum: Bool = false, halfPixel: Bool = true) {
    self.height = height
    self.width = width
    self.samples = samples
    self.scale = scale
    self.isMaximum = isMaximum
    self.halfPixel = halfPixel
  }
}

/// How `gridSample` reads x between and beyond its elements.
public struct GridSample: Hashable, Sendable {
  public enum Padding: UInt8, Hashable, Sendable, CaseIterable { case zeros = 0, border = 1, reflection = 2 }
  public var mode: Resize.Mode
  public var padding: Padding
  public var alignCorners: Bool

  public init(_ mode: Resize.Mode = .linear, padding: Padding = .zeros, alignCorners: Bool = false) {
    self.mode = mode
    self.padding = padding
    self.alignCorners = alignCorners
  }
}

/// What `distance` measures along the last axis.
public enum Distance: UInt8, Hashable, Sendable {
  /// a · b / (|a| |b|): 1 for the same direction, 0 where a or b is 0.
  case cosineSimilarity = 1
  /// Σ (a − b)².
  case squaredL2 = 2
}

/// The operation vocabulary. Inputs in order; shapes in the logical order of the model (batch, channels, spatial axes). An
/// input written [in brackets] may be left out (`Node.absent`), and so may all outputs but the first. Parameters that ONNX
/// takes as small integer tensors are inputs here too: constants as a rule, else read when a run is planned. Adding a case
/// makes the compiler name every place that must know of it: shape inference, reference kernel, runtime, format, gradient,
/// cost.
public enum Op: Hashable, Sendable {
  // MARK: convolution and pooling

  /// x [N, C, spatial…], w [M, C/groups, kernel…], [bias [M]] → [N, M, spatial…].
  case conv(Window, groups: Int)
  /// x [N, C, spatial…], w [C, M/groups, kernel…], [bias [M]] → [N, M, spatial…], each size
  /// (in − 1) · stride + (kernel − 1) · dilation + 1 − padBegin − padEnd + outputPadding.
  case convTranspose(Window, groups: Int, outputPadding: [Int])
  /// x [N, C, spatial…] → [N, C, spatial…], [i64 offsets of the winners in x as a flat array]. Padding never wins.
  case maxPool(kernel: [Int], Window)
  /// Divides by the cells inside the image, or with `countPadding` inside image and padding.
  case averagePool(kernel: [Int], Window, countPadding: Bool)
  /// (Σ |x|^p)^(1/p).
  case lpPool(kernel: [Int], Window, p: Int)
  /// x [N, C, spatial…] → [N, C, 1…].
  case globalMaxPool
  case globalAveragePool
  case globalLpPool(p: Int)
  /// x, i64 offsets from `maxPool`, [i64 sizes of the output] → zeros but for x at those offsets.
  case maxUnpool(kernel: [Int], Window)
  /// x [N, C, H, W], regions [R, 5] (image, x0, y0, x1, y1) → [R, C, height, width]. Girshick 2015.
  case roiMaxPool(height: Int, width: Int, scale: Float)
  /// x [N, C, H, W], regions [R, 4] (x0, y0, x1, y1), i64 image of each region [R] → [R, C, height, width].
  case roiAlign(RoiAlign)

  // MARK: matrix products

  /// a [M, K] (or its transpose), b [K, N] (or its transpose), [c [N]] → a · b + c, [M, N].
  case gemm(transposeA: Bool, transposeB: Bool)
  /// a […, M, K], b […, K, N], leading axes broadcast; vectors as numpy's matmul takes them.
  case matmul
  /// Sums of products by an equation such as "bij,bjk->bik".
  case einsum(Name)

  // MARK: element by element

  case activation(Activation)
  case unary(UnaryFunction)
  /// a, b broadcast to one shape by numpy's rules.
  case binary(BinaryFunction)
  /// condition (bool), a, b broadcast to one shape → a where condition holds, else b.
  case select
  /// To another type: floats to integers towards zero, to bool as x ≠ 0.
  case cast(DType)
  /// Nothing at inference; rate is what it was in training.
  case dropout(rate: Float)

  // MARK: normalisation

  /// exp(x) / Σ exp(x) along one axis; a negative axis counts from the end.
  case softmax(axis: Int)
  case logSoftmax(axis: Int)
  /// 1 at the first largest element along an axis, else 0.
  case hardmax(axis: Int)
  /// x / (bias + alpha/size · Σ x²)^beta over `size` neighbouring channels, the window of channel c running from
  /// c − (size−1)/2 (rounded down) to c + (size−1)/2 (rounded up). Krizhevsky et al. 2012, as ONNX's LRN.
  case localResponseNorm(size: Int, alpha: Float, beta: Float, bias: Float)
  /// x [N, C, …], scale, shift, mean, variance [C] → scale · (x − mean) / √(variance + epsilon) + shift.
  case batchNorm(epsilon: Float)
  /// x [N, C, spatial…], scale, shift [C]: statistics over the spatial axes of each channel. Ulyanov et al. 2016.
  case instanceNorm(epsilon: Float)
  /// x [N, C, …], scale, shift [C]: statistics over the channels of a group and all positions. Wu and He 2018.
  case groupNorm(groups: Int, epsilon: Float)
  /// x, scale, [shift], both broadcast to x: statistics over the axes from `axis` on → y, [mean], [1 / √(variance + epsilon)].
  /// Ba et al. 2016.
  case layerNorm(axis: Int, epsilon: Float)
  /// x, scale → x / √(mean of x² over the axes from `axis` on + epsilon) · scale. Zhang and Sennrich 2019.
  case rmsNorm(axis: Int, epsilon: Float)
  /// x / (Σ |x|^p)^(1/p) along an axis, p 1 or 2; where the norm is 0, 0.
  case lpNormalise(axis: Int, p: Int)

  // MARK: reductions

  /// x, [i64 axes]: over `axes`, or those of the input; none: over all, or with `noAxesIsIdentity` over none. Kept axes have
  /// size 1.
  case reduce(Reduction, axes: [Int], keepsAxes: Bool, noAxesIsIdentity: Bool)
  /// The i64 position of the first (or last) largest or smallest element along an axis.
  case argMax(axis: Int, keepsAxis: Bool, last: Bool)
  case argMin(axis: Int, keepsAxis: Bool, last: Bool)
  /// x, axis (a scalar) → running sums along it; exclusive: without the element itself; reverse: from the end.
  case cumulativeSum(exclusive: Bool, reverse: Bool)
  /// a […, D], b […, D], leading axes broadcast → […].
  case distance(Distance)

  // MARK: shape

  /// Any number of inputs, equal but along `axis`; a negative axis counts from the end.
  case concat(axis: Int)
  /// x, [i64 sizes] → one output for each of `sizes` or of the input; without both, even parts (the last may be smaller).
  case split(axis: Int, sizes: [Int])
  /// x, starts, ends, [axes], [steps] as numpy slices, i32 or i64.
  case slice
  /// x, pads (all begins, then all ends; negative ones cut), [value], [axes].
  case pad(PadMode)
  /// Output axis i is input axis permutation[i]; empty: reversed.
  case transpose([Int])
  /// [d0 · … · d(axis−1), d(axis) · …].
  case flatten(axis: Int)
  /// Sizes; 0 keeps the input's size (unless `zeroIsSize`), one −1 is what is left. With a second input those are the sizes.
  case reshape([Int], zeroIsSize: Bool = false)
  /// Without axes of size 1: these, those of a second input, or all.
  case squeeze([Int])
  /// With axes of size 1 at these places of the output, or those of a second input.
  case unsqueeze([Int])
  /// x, i64 sizes, broadcast to one shape.
  case expand
  /// x, i64 repeats of each axis.
  case tile
  /// x with the block's cells taken from (or put into) channels: [N, C · b², H, W] → [N, C, H · b, W · b]. `columnRowDepth`: the
  /// channels of a cell are neighbours (ONNX's CRD).
  case depthToSpace(block: Int, columnRowDepth: Bool)
  case spaceToDepth(block: Int)
  /// x, i64 lengths [batch]: the first `length` elements of each sequence reversed.
  case reverseSequence(batchAxis: Int, timeAxis: Int)
  /// x, [i64 k]: the upper or lower triangle from diagonal k on; else 0.
  case triangle(upper: Bool)

  // MARK: making tensors

  /// The sizes of x, from axis `start` to before `end` (nil: all), as i64.
  case shape(start: Int, end: Int?)
  /// The number of elements of x as an i64 scalar.
  case size
  /// i64 sizes, scalar value → that many of it.
  case fill
  /// start, limit, delta (scalars of one type) → start, start + delta, … before limit.
  case range
  /// indices, depth (a scalar), [off, on] → a new axis of `depth` places, `on` at each index. Negative indices count from the end.
  case oneHot(axis: Int)
  /// x of rank 2: ones on diagonal k of a matrix of its sizes.
  case eyeLike(DType, k: Int)

  // MARK: indexing; negative indices count from the end

  /// x, indices: elements of one axis.
  case gather(axis: Int)
  /// x, indices of x's rank.
  case gatherElements(axis: Int)
  /// x, indices […, K]: slices at K-tuples, after `batch` leading axes shared by both.
  case gatherND(batch: Int)
  /// x, indices, updates of the indices' shape.
  case scatterElements(axis: Int, ScatterReduction)
  /// x, indices […, K], updates.
  case scatterND(ScatterReduction)
  /// x, k (one i64) → the k largest or smallest along an axis, [their i64 places]. Equal ones by rising place.
  case topK(axis: Int, largest: Bool, sorted: Bool)
  /// x → distinct elements (or slices along an axis), [i64 first places], [i64 inverse], [i64 counts].
  case unique(axis: Int?, sorted: Bool)
  /// → i64 [rank, count] indices of elements that are not 0.
  case nonZero
  /// x, bools: slices along an axis (nil: of x as one list) where true.
  case compress(axis: Int?)
  /// boxes [N, B, 4], scores [N, C, B], [most boxes a class], [overlap threshold], [score threshold] → i64 [count, 3] (image,
  /// class, box). Boxes are corners (y0, x0, y1, x1), or centre and size (x, y, w, h).
  case nonMaxSuppression(centres: Bool)

  // MARK: sampling

  /// x, [roi], [scales], [i64 sizes].
  case resize(Resize)
  /// x [N, C, spatial…], grid [N, out…, spatial axes] of positions −1…1 (x first) → [N, C, out…]. Jaderberg et al. 2015.
  case gridSample(GridSample)

  public static var add: Op { .binary(.add) }
  public static var multiply: Op { .binary(.multiply) }

  public var name: StaticString {
    switch self {
    case .conv: "conv"
    case .convTranspose: "conv_transpose"
    case .maxPool: "max_pool"
    case .averagePool: "average_pool"
    case .lpPool: "lp_pool"
    case .globalMaxPool: "global_max_pool"
    case .globalAveragePool: "global_average_pool"
    case .globalLpPool: "global_lp_pool"
    case .maxUnpool: "max_unpool"
    case .roiMaxPool: "roi_max_pool"
    case .roiAlign: "roi_align"
    case .gemm: "gemm"
    case .matmul: "matmul"
    case .einsum: "einsum"
    case .activation(let activation): activation.name
    case .unary(let function): function.name
    case .binary(let function): function.name
    case .select: "select"
    case .cast: "cast"
    case .dropout: "dropout"
    case .softmax: "softmax"
    case .logSoftmax: "log_softmax"
    case .hardmax: "hardmax"
    case .localResponseNorm: "local_response_norm"
    case .batchNorm: "batch_norm"
    case .instanceNorm: "instance_norm"
    case .groupNorm: "group_norm"
    case .layerNorm: "layer_norm"
    case .rmsNorm: "rms_norm"
    case .lpNormalise: "lp_normalise"
    case .reduce(let reduction, _, _, _): reduction.name
    case .argMax: "arg_max"
    case .argMin: "arg_min"
    case .cumulativeSum: "cumulative_sum"
    case .distance(.cosineSimilarity): "cosine_similarity"
    case .distance(.squaredL2): "squared_l2_distance"
    case .concat: "concat"
    case .split: "split"
    case .slice: "slice"
    case .pad: "pad"
    case .transpose: "transpose"
    case .flatten: "flatten"
    case .reshape: "reshape"
    case .squeeze: "squeeze"
    case .unsqueeze: "unsqueeze"
    case .expand: "expand"
    case .tile: "tile"
    case .depthToSpace: "depth_to_space"
    case .spaceToDepth: "space_to_depth"
    case .reverseSequence: "reverse_sequence"
    case .triangle: "triangle"
    case .shape: "shape"
    case .size: "size"
    case .fill: "fill"
    case .range: "range"
    case .oneHot: "one_hot"
    case .eyeLike: "eye_like"
    case .gather: "gather"
    case .gatherElements: "gather_elements"
    case .gatherND: "gather_nd"
    case .scatterElements: "scatter_elements"
    case .scatterND: "scatter_nd"
    case .topK: "top_k"
    case .unique: "unique"
    case .nonZero: "non_zero"
    case .compress: "compress"
    case .nonMaxSuppression: "non_max_suppression"
    case .resize: "resize"
    case .gridSample: "grid_sample"
    }
  }

  /// How many inputs it takes; those past the least may be absent.
  public var inputCounts: ClosedRange<Int> {
    switch self {
    case .conv, .convTranspose, .gemm, .maxUnpool, .layerNorm: 2...3
    case .batchNorm: 5...5
    case .select, .instanceNorm, .groupNorm, .range, .scatterElements, .scatterND, .roiAlign, .oneHot: 3...3
    case .binary, .matmul, .rmsNorm, .cumulativeSum, .distance, .expand, .tile, .reverseSequence, .fill, .gather,
      .gatherElements, .gatherND, .topK, .compress, .roiMaxPool, .gridSample:
      2...2
    case .concat, .einsum: 1...65_535
    case .slice: 3...5
    case .pad: 2...4
    case .resize: 1...4
    case .nonMaxSuppression: 2...5
    case .reduce, .split, .reshape, .squeeze, .unsqueeze, .triangle: 1...2
    case .maxPool, .averagePool, .lpPool, .globalMaxPool, .globalAveragePool, .globalLpPool, .activation, .unary, .cast,
      .softmax, .logSoftmax, .hardmax, .localResponseNorm, .lpNormalise, .argMax, .argMin, .flatten, .transpose, .dropout,
      .depthToSpace, .spaceToDepth, .shape, .size, .eyeLike, .unique, .nonZero:
      1...1
    }
  }

  /// How many outputs it has; all but the first may be absent.
  public var outputCounts: ClosedRange<Int> {
    switch self {
    case .maxPool, .topK: 1...2
    case .layerNorm: 1...3
    case .unique: 1...4
    case .split: 1...65_535
    default: 1...1
    }
  }
}

extension Activation {
  public var name: StaticString {
    switch self {
    case .identity: "identity"
    case .relu: "relu"
    case .leakyRelu: "leaky_relu"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .clip: "clip"
    case .elu: "elu"
    case .selu: "selu"
    case .celu: "celu"
    case .gelu: "gelu"
    case .geluTanh: "gelu_tanh"
    case .hardSigmoid: "hard_sigmoid"
    case .silu: "silu"
    case .hardSwish: "hard_swish"
    case .mish: "mish"
    case .softplus: "softplus"
    case .softsign: "softsign"
    case .thresholdedRelu: "thresholded_relu"
    case .shrink: "shrink"
    }
  }
}
