import KernelTypes

/// Operations in the file. A new `Op` case needs a code here, `init(_ op:)` names it, and `Op.init` reads it back:
/// both are exhaustive switches.
enum OpCode: UInt32, CaseIterable {
  case conv = 1
  case maxPool = 2
  case averagePool = 3
  case globalMaxPool = 4
  case globalAveragePool = 5
  case gemm = 6
  case identity = 7
  case relu = 8
  case leakyRelu = 9
  case sigmoid = 10
  case tanh = 11
  case softmax = 12
  case localResponseNorm = 13
  case batchNorm = 14
  case add = 15
  case multiply = 16
  case concat = 17
  case flatten = 18
  case reshape = 19
  case dropout = 20
  case convTranspose = 21
  case lpPool = 22
  case globalLpPool = 23
  case maxUnpool = 24
  case roiMaxPool = 25
  case roiAlign = 26
  case matmul = 27
  case einsum = 28
  case activation = 29
  case unary = 30
  case binary = 31
  case select = 32
  case cast = 33
  case logSoftmax = 34
  case hardmax = 35
  case instanceNorm = 36
  case groupNorm = 37
  case layerNorm = 38
  case rmsNorm = 39
  case lpNormalise = 40
  case reduce = 41
  case argMax = 42
  case argMin = 43
  case cumulativeSum = 44
  case distance = 45
  case split = 46
  case slice = 47
  case pad = 48
  case transpose = 49
  case squeeze = 50
  case unsqueeze = 51
  case expand = 52
  case tile = 53
  case depthToSpace = 54
  case spaceToDepth = 55
  case reverseSequence = 56
  case triangle = 57
  case shape = 58
  case size = 59
  case fill = 60
  case range = 61
  case oneHot = 62
  case eyeLike = 63
  case gather = 64
  case gatherElements = 65
  case gatherND = 66
  case scatterElements = 67
  case scatterND = 68
  case topK = 69
  case unique = 70
  case nonZero = 71
  case compress = 72
  case nonMaxSuppression = 73
  case resize = 74
  case gridSample = 75
}

/// Attributes in the file; an id has one meaning in all operations.
enum AttributeID: UInt32, CaseIterable {
  case strides = 1
  case dilations = 2
  case padBegin = 3
  case padEnd = 4
  case groups = 5
  case kernel = 6
  case countPadding = 7
  case transposeA = 8
  case transposeB = 9
  case slope = 10
  case axis = 11
  case size = 12
  case alpha = 13
  case beta = 14
  case bias = 15
  case epsilon = 16
  case sizes = 17
  case rate = 18
  case ceil = 19
  case paddingRule = 20
  case outputPadding = 21
  case p = 22
  case height = 23
  case width = 24
  case scale = 25
  case samples = 26
  case isMaximum = 27
  case halfPixel = 28
  case equation = 29
  case function = 30
  case dtype = 31
  case axes = 32
  case keepsAxes = 33
  case noAxesIsIdentity = 34
  case last = 35
  case exclusive = 36
  case reverse = 37
  case mode = 38
  case permutation = 39
  case zeroIsSize = 40
  case block = 41
  case columnRowDepth = 42
  case batchAxis = 43
  case timeAxis = 44
  case upper = 45
  case start = 46
  case end = 47
  case diagonal = 48
  case batch = 49
  case reduction = 50
  case largest = 51
  case sorted = 52
  case centres = 53
  case coordinates = 54
  case rounding = 55
  case aspect = 56
  case cubic = 57
  case excludesOutside = 58
  case antialias = 59
  case extrapolation = 60
  case padding = 61
  case alignCorners = 62
  case gamma = 63
  case lambda = 64
  case low = 65
  case high = 66

  var name: StaticString {
    switch self {
    case .strides: "strides"
    case .dilations: "dilations"
    case .padBegin: "pad_begin"
    case .padEnd: "pad_end"
    case .groups: "groups"
    case .kernel: "kernel"
    case .countPadding: "count_padding"
    case .transposeA: "transpose_a"
    case .transposeB: "transpose_b"
    case .slope: "slope"
    case .axis: "axis"
    case .size: "size"
    case .alpha: "alpha"
    case .beta: "beta"
    case .bias: "bias"
    case .epsilon: "epsilon"
    case .sizes: "sizes"
    case .rate: "rate"
    case .ceil: "ceil"
    case .paddingRule: "padding_rule"
    case .outputPadding: "output_padding"
    case .p: "p"
    case .height: "height"
    case .width: "width"
    case .scale: "scale"
    case .samples: "samples"
    case .isMaximum: "is_maximum"
    case .halfPixel: "half_pixel"
    case .equation: "equation"
    case .function: "function"
    case .dtype: "dtype"
    case .axes: "axes"
    case .keepsAxes: "keeps_axes"
    case .noAxesIsIdentity: "no_axes_is_identity"
    case .last: "last"
    case .exclusive: "exclusive"
    case .reverse: "reverse"
    case .mode: "mode"
    case .permutation: "permutation"
    case .zeroIsSize: "zero_is_size"
    case .block: "block"
    case .columnRowDepth: "column_row_depth"
    case .batchAxis: "batch_axis"
    case .timeAxis: "time_axis"
    case .upper: "upper"
    case .start: "start"
    case .end: "end"
    case .diagonal: "diagonal"
    case .batch: "batch"
    case .reduction: "reduction"
    case .largest: "largest"
    case .sorted: "sorted"
    case .centres: "centres"
    case .coordinates: "coordinates"
    case .rounding: "rounding"
    case .aspect: "aspect"
    case .cubic: "cubic"
    case .excludesOutside: "excludes_outside"
    case .antialias: "antialias"
    case .extrapolation: "extrapolation"
    case .padding: "padding"
    case .alignCorners: "align_corners"
    case .gamma: "gamma"
    case .lambda: "lambda"
    case .low: "low"
    case .high: "high"
    }
  }
}

struct Attribute {
  var id: AttributeID
  var value: MetadataValue

  init(_ id: AttributeID, _ value: MetadataValue) {
    self.id = id
    self.value = value
  }
  init(_ id: AttributeID, _ value: Int) { self.init(id, .integer(Int64(value))) }
  init(_ id: AttributeID, _ value: [Int]) { self.init(id, .integers(value.map { Int64($0) })) }
  init(_ id: AttributeID, _ value: Float) { self.init(id, .real(Double(value))) }
  init(_ id: AttributeID, _ value: UInt8) { self.init(id, .integer(Int64(value))) }
  init(_ id: AttributeID, _ value: Bool) { self.init(id, .integer(value ? 1 : 0)) }
}

// MARK: - writing

extension Op {
  /// Names and values of the attributes, as the file has them.
  public var attributes: [(name: StaticString, value: MetadataValue)] { encoded.attributes.map { ($0.id.name, $0.value) } }

  /// The operation as it stands in the file.
  var encoded: (code: OpCode, attributes: [Attribute]) {
    switch self {
    case .conv(let window, let groups): (.conv, window.attributes + [Attribute(.groups, groups)])
    case .convTranspose(let window, let groups, let outputPadding):
      (.convTranspose, window.attributes + [Attribute(.groups, groups), Attribute(.outputPadding, outputPadding)])
    case .maxPool(let kernel, let window): (.maxPool, [Attribute(.kernel, kernel)] + window.attributes)
    case .averagePool(let kernel, let window, let countPadding):
      (.averagePool, [Attribute(.kernel, kernel)] + window.attributes + [Attribute(.countPadding, countPadding)])
    case .lpPool(let kernel, let window, let p):
      (.lpPool, [Attribute(.kernel, kernel)] + window.attributes + [Attribute(.p, p)])
    case .globalMaxPool: (.globalMaxPool, [])
    case .globalAveragePool: (.globalAveragePool, [])
    case .globalLpPool(let p): (.globalLpPool, [Attribute(.p, p)])
    case .maxUnpool(let kernel, let window): (.maxUnpool, [Attribute(.kernel, kernel)] + window.attributes)
    case .roiMaxPool(let height, let width, let scale):
      (.roiMaxPool, [Attribute(.height, height), Attribute(.width, width), Attribute(.scale, scale)])
    case .roiAlign(let roi): (.roiAlign, roi.attributes)
    case .gemm(let a, let b): (.gemm, [Attribute(.transposeA, a), Attribute(.transposeB, b)])
    case .matmul: (.matmul, [])
    case .einsum(let equation): (.einsum, [Attribute(.equation, .text(equation))])
    case .activation(let activation): activation.encoded
    case .unary(let function): (.unary, [Attribute(.function, function.rawValue)])
    case .binary(.add): (.add, [])
    case .binary(.multiply): (.multiply, [])
    case .binary(let function): (.binary, [Attribute(.function, function.rawValue)])
    case .select: (.select, [])
    case .cast(let dtype): (.cast, [Attribute(.dtype, dtype.rawValue)])
    case .dropout(let rate): (.dropout, [Attribute(.rate, rate)])
    case .softmax(let axis): (.softmax, [Attribute(.axis, axis)])
    case .logSoftmax(let axis): (.logSoftmax, [Attribute(.axis, axis)])
    case .hardmax(let axis): (.hardmax, [Attribute(.axis, axis)])
    case .localResponseNorm(let size, let alpha, let beta, let bias):
      (
        .localResponseNorm,
        [Attribute(.size, size), Attribute(.alpha, alpha), Attribute(.beta, beta), Attribute(.bias, bias)]
      )
    case .batchNorm(let epsilon): (.batchNorm, [Attribute(.epsilon, epsilon)])
    case .instanceNorm(let epsilon): (.instanceNorm, [Attribute(.epsilon, epsilon)])
    case .groupNorm(let groups, let epsilon): (.groupNorm, [Attribute(.groups, groups), Attribute(.epsilon, epsilon)])
    case .layerNorm(let axis, let epsilon): (.layerNorm, [Attribute(.axis, axis), Attribute(.epsilon, epsilon)])
    case .rmsNorm(let axis, let epsilon): (.rmsNorm, [Attribute(.axis, axis), Attribute(.epsilon, epsilon)])
    case .lpNormalise(let axis, let p): (.lpNormalise, [Attribute(.axis, axis), Attribute(.p, p)])
    case .reduce(let reduction, let axes, let keepsAxes, let noAxesIsIdentity):
      (
        .reduce,
        [
          Attribute(.function, reduction.rawValue), Attribute(.axes, axes), Attribute(.keepsAxes, keepsAxes),
          Attribute(.noAxesIsIdentity, noAxesIsIdentity),
        ]
      )
    case .argMax(let axis, let keepsAxis, let last):
      (.argMax, [Attribute(.axis, axis), Attribute(.keepsAxes, keepsAxis), Attribute(.last, last)])
    case .argMin(let axis, let keepsAxis, let last):
      (.argMin, [Attribute(.axis, axis), Attribute(.keepsAxes, keepsAxis), Attribute(.last, last)])
    case .cumulativeSum(let exclusive, let reverse):
      (.cumulativeSum, [Attribute(.exclusive, exclusive), Attribute(.reverse, reverse)])
    case .distance(let distance): (.distance, [Attribute(.function, distance.rawValue)])
    case .concat(let axis): (.concat, [Attribute(.axis, axis)])
    case .split(let axis, let sizes): (.split, [Attribute(.axis, axis), Attribute(.sizes, sizes)])
    case .slice: (.slice, [])
    case .pad(let mode): (.pad, [Attribute(.mode, mode.rawValue)])
    case .transpose(let permutation): (.transpose, [Attribute(.permutation, permutation)])
    case .flatten(let axis): (.flatten, [Attribute(.axis, axis)])
    case .reshape(let sizes, let zeroIsSize):
      (.reshape, [Attribute(.sizes, sizes)] + (zeroIsSize ? [Attribute(.zeroIsSize, true)] : []))
    case .squeeze(let axes): (.squeeze, [Attribute(.axes, axes)])
    case .unsqueeze(let axes): (.unsqueeze, [Attribute(.axes, axes)])
    case .expand: (.expand, [])
    case .tile: (.tile, [])
    case .depthToSpace(let block, let columnRowDepth):
      (.depthToSpace, [Attribute(.block, block), Attribute(.columnRowDepth, columnRowDepth)])
    case .spaceToDepth(let block): (.spaceToDepth, [Attribute(.block, block)])
    case .reverseSequence(let batchAxis, let timeAxis):
      (.reverseSequence, [Attribute(.batchAxis, batchAxis), Attribute(.timeAxis, timeAxis)])
    case .triangle(let upper): (.triangle, [Attribute(.upper, upper)])
    case .shape(let start, let end): (.shape, [Attribute(.start, start)] + (end.map { [Attribute(.end, $0)] } ?? []))
    case .size: (.size, [])
    case .fill: (.fill, [])
    case .range: (.range, [])
    case .oneHot(let axis): (.oneHot, [Attribute(.axis, axis)])
    case .eyeLike(let dtype, let k): (.eyeLike, [Attribute(.dtype, dtype.rawValue), Attribute(.diagonal, k)])
    case .gather(let axis): (.gather, [Attribute(.axis, axis)])
    case .gatherElements(let axis): (.gatherElements, [Attribute(.axis, axis)])
    case .gatherND(let batch): (.gatherND, [Attribute(.batch, batch)])
    case .scatterElements(let axis, let reduction):
      (.scatterElements, [Attribute(.axis, axis), Attribute(.reduction, reduction.rawValue)])
    case .scatterND(let reduction): (.scatterND, [Attribute(.reduction, reduction.rawValue)])
    case .topK(let axis, let largest, let sorted):
      (.topK, [Attribute(.axis, axis), Attribute(.largest, largest), Attribute(.sorted, sorted)])
    case .unique(let axis, let sorted): (.unique, (axis.map { [Attribute(.axis, $0)] } ?? []) + [Attribute(.sorted, sorted)])
    case .nonZero: (.nonZero, [])
    case .compress(let axis): (.compress, axis.map { [Attribute(.axis, $0)] } ?? [])
    case .nonMaxSuppression(let centres): (.nonMaxSuppression, [Attribute(.centres, centres)])
    case .resize(let resize): (.resize, resize.attributes)
    case .gridSample(let sample):
      (
        .gridSample,
        [
          Attribute(.mode, sample.mode.rawValue), Attribute(.padding, sample.padding.rawValue),
          Attribute(.alignCorners, sample.alignCorners),
        ]
      )
    }
  }
}

extension Activation {
  /// The kinds of the first version have codes of their own; the others are `activation` with a function.
  fileprivate var encoded: (code: OpCode, attributes: [Attribute]) {
    func coded(_ kind: ActivationCode, _ attributes: [Attribute] = []) -> (code: OpCode, attributes: [Attribute]) {
      (.activation, [Attribute(.function, kind.rawValue)] + attributes)
    }
    switch self {
    case .identity: return (.identity, [])
    case .relu: return (.relu, [])
    case .leakyRelu(let slope): return (.leakyRelu, [Attribute(.slope, slope)])
    case .sigmoid: return (.sigmoid, [])
    case .tanh: return (.tanh, [])
    case .clip(let low, let high): return coded(.clip, [Attribute(.low, low), Attribute(.high, high)])
    case .elu(let alpha): return coded(.elu, [Attribute(.alpha, alpha)])
    case .selu(let alpha, let gamma): return coded(.selu, [Attribute(.alpha, alpha), Attribute(.gamma, gamma)])
    case .celu(let alpha): return coded(.celu, [Attribute(.alpha, alpha)])
    case .gelu: return coded(.gelu)
    case .geluTanh: return coded(.geluTanh)
    case .hardSigmoid(let alpha, let beta): return coded(.hardSigmoid, [Attribute(.alpha, alpha), Attribute(.beta, beta)])
    case .silu(let alpha): return coded(.silu, [Attribute(.alpha, alpha)])
    case .hardSwish: return coded(.hardSwish)
    case .mish: return coded(.mish)
    case .softplus: return coded(.softplus)
    case .softsign: return coded(.softsign)
    case .thresholdedRelu(let alpha): return coded(.thresholdedRelu, [Attribute(.alpha, alpha)])
    case .shrink(let lambda, let bias): return coded(.shrink, [Attribute(.lambda, lambda), Attribute(.bias, bias)])
    }
  }
}

/// The functions of the operation `activation` in the file.
private enum ActivationCode: UInt8 {
  case clip = 1
  case elu = 2
  case selu = 3
  case celu = 4
  case gelu = 5
  case geluTanh = 6
  case hardSigmoid = 7
  case silu = 8
  case hardSwish = 9
  case mish = 10
  case softplus = 11
  case softsign = 12
  case thresholdedRelu = 13
  case shrink = 14
}

extension Window {
  fileprivate var attributes: [Attribute] {
    var attributes = [
      Attribute(.strides, strides), Attribute(.dilations, dilations), Attribute(.padBegin, padBegin), Attribute(.padEnd, padEnd),
    ]
    if rule != .explicit { attributes.append(Attribute(.paddingRule, rule.rawValue)) }
    if ceil { attributes.append(Attribute(.ceil, true)) }
    return attributes
  }
}

extension RoiAlign {
  fileprivate var attributes: [Attribute] {
    [
      Attribute(.height, height), Attribute(.width, width), Attribute(.samples, samples), Attribute(.scale, scale),
      Attribute(.isMaximum, isMaximum), Attribute(.halfPixel, halfPixel),
    ]
  }
}

extension Resize {
  fileprivate var attributes: [Attribute] {
    [
      Attribute(.mode, mode.rawValue), Attribute(.coordinates, coordinates.rawValue), Attribute(.rounding, rounding.rawValue),
      Attribute(.aspect, aspect.rawValue), Attribute(.cubic, cubic), Attribute(.excludesOutside, excludesOutside),
      Attribute(.antialias, antialias), Attribute(.extrapolation, extrapolation), Attribute(.axes, axes),
    ]
  }
}

// MARK: - reading

extension Op {
  init(_ code: OpCode, _ attributes: Attributes) throws(DLError) {
    switch code {
    case .conv: self = .conv(try Window(attributes), groups: try attributes.integer(.groups))
    case .convTranspose:
      self = .convTranspose(
        try Window(attributes), groups: try attributes.integer(.groups), outputPadding: try attributes.integers(.outputPadding))
    case .maxPool: self = .maxPool(kernel: try attributes.integers(.kernel), try Window(attributes))
    case .averagePool:
      self = .averagePool(
        kernel: try attributes.integers(.kernel), try Window(attributes), countPadding: try attributes.flag(.countPadding))
    case .lpPool:
      self = .lpPool(kernel: try attributes.integers(.kernel), try Window(attributes), p: try attributes.integer(.p))
    case .globalMaxPool: self = .globalMaxPool
    case .globalAveragePool: self = .globalAveragePool
    case .globalLpPool: self = .globalLpPool(p: try attributes.integer(.p))
    case .maxUnpool: self = .maxUnpool(kernel: try attributes.integers(.kernel), try Window(attributes))
    case .roiMaxPool:
      self = .roiMaxPool(
        height: try attributes.integer(.height), width: try attributes.integer(.width), scale: try attributes.float(.scale))
    case .roiAlign:
      self = .roiAlign(
        RoiAlign(
          height: try attributes.integer(.height), width: try attributes.integer(.width),
          samples: try attributes.integer(.samples), scale: try attributes.float(.scale),
          isMaximum: try attributes.flag(.isMaximum), halfPixel: try attributes.flag(.halfPixel)))
    case .gemm: self = .gemm(transposeA: try attributes.flag(.transposeA), transposeB: try attributes.flag(.transposeB))
    case .matmul: self = .matmul
    case .einsum: self = .einsum(try attributes.text(.equation))
    case .identity: self = .activation(.identity)
    case .relu: self = .activation(.relu)
    case .leakyRelu: self = .activation(.leakyRelu(slope: try attributes.float(.slope)))
    case .sigmoid: self = .activation(.sigmoid)
    case .tanh: self = .activation(.tanh)
    case .activation: self = .activation(try Activation(attributes))
    case .unary: self = .unary(try attributes.choice(.function) { UnaryFunction(rawValue: $0) })
    case .binary: self = .binary(try attributes.choice(.function) { BinaryFunction(rawValue: $0) })
    case .add: self = .add
    case .multiply: self = .multiply
    case .select: self = .select
    case .cast: self = .cast(try attributes.choice(.dtype) { DType(rawValue: $0) })
    case .dropout: self = .dropout(rate: try attributes.float(.rate))
    case .softmax: self = .softmax(axis: try attributes.integer(.axis))
    case .logSoftmax: self = .logSoftmax(axis: try attributes.integer(.axis))
    case .hardmax: self = .hardmax(axis: try attributes.integer(.axis))
    case .localResponseNorm:
      self = .localResponseNorm(
        size: try attributes.integer(.size), alpha: try attributes.float(.alpha), beta: try attributes.float(.beta),
        bias: try attributes.float(.bias))
    case .batchNorm: self = .batchNorm(epsilon: try attributes.float(.epsilon))
    case .instanceNorm: self = .instanceNorm(epsilon: try attributes.float(.epsilon))
    case .groupNorm: self = .groupNorm(groups: try attributes.integer(.groups), epsilon: try attributes.float(.epsilon))
    case .layerNorm: self = .layerNorm(axis: try attributes.integer(.axis), epsilon: try attributes.float(.epsilon))
    case .rmsNorm: self = .rmsNorm(axis: try attributes.integer(.axis), epsilon: try attributes.float(.epsilon))
    case .lpNormalise: self = .lpNormalise(axis: try attributes.integer(.axis), p: try attributes.integer(.p))
    case .reduce:
      self = .reduce(
        try attributes.choice(.function) { Reduction(rawValue: $0) }, axes: try attributes.integers(.axes),
        keepsAxes: try attributes.flag(.keepsAxes), noAxesIsIdentity: try attributes.flag(.noAxesIsIdentity))
    case .argMax:
      self = .argMax(
        axis: try attributes.integer(.axis), keepsAxis: try attributes.flag(.keepsAxes), last: try attributes.flag(.last))
    case .argMin:
      self = .argMin(
        axis: try attributes.integer(.axis), keepsAxis: try attributes.flag(.keepsAxes), last: try attributes.flag(.last))
    case .cumulativeSum:
      self = .cumulativeSum(exclusive: try attributes.flag(.exclusive), reverse: try attributes.flag(.reverse))
    case .distance: self = .distance(try attributes.choice(.function) { Distance(rawValue: $0) })
    case .concat: self = .concat(axis: try attributes.integer(.axis))
    case .split: self = .split(axis: try attributes.integer(.axis), sizes: try attributes.integers(.sizes, limit: 65_535))
    case .slice: self = .slice
    case .pad: self = .pad(try attributes.choice(.mode) { PadMode(rawValue: $0) })
    case .transpose: self = .transpose(try attributes.integers(.permutation))
    case .flatten: self = .flatten(axis: try attributes.integer(.axis))
    case .reshape:
      self = .reshape(
        try attributes.integers(.sizes), zeroIsSize: attributes.has(.zeroIsSize) ? try attributes.flag(.zeroIsSize) : false)
    case .squeeze: self = .squeeze(try attributes.integers(.axes))
    case .unsqueeze: self = .unsqueeze(try attributes.integers(.axes))
    case .expand: self = .expand
    case .tile: self = .tile
    case .depthToSpace:
      self = .depthToSpace(block: try attributes.integer(.block), columnRowDepth: try attributes.flag(.columnRowDepth))
    case .spaceToDepth: self = .spaceToDepth(block: try attributes.integer(.block))
    case .reverseSequence:
      self = .reverseSequence(batchAxis: try attributes.integer(.batchAxis), timeAxis: try attributes.integer(.timeAxis))
    case .triangle: self = .triangle(upper: try attributes.flag(.upper))
    case .shape:
      self = .shape(start: try attributes.integer(.start), end: attributes.has(.end) ? try attributes.integer(.end) : nil)
    case .size: self = .size
    case .fill: self = .fill
    case .range: self = .range
    case .oneHot: self = .oneHot(axis: try attributes.integer(.axis))
    case .eyeLike:
      self = .eyeLike(try attributes.choice(.dtype) { DType(rawValue: $0) }, k: try attributes.integer(.diagonal))
    case .gather: self = .gather(axis: try attributes.integer(.axis))
    case .gatherElements: self = .gatherElements(axis: try attributes.integer(.axis))
    case .gatherND: self = .gatherND(batch: try attributes.integer(.batch))
    case .scatterElements:
      self = .scatterElements(
        axis: try attributes.integer(.axis), try attributes.choice(.reduction) { ScatterReduction(rawValue: $0) })
    case .scatterND: self = .scatterND(try attributes.choice(.reduction) { ScatterReduction(rawValue: $0) })
    case .topK:
      self = .topK(
        axis: try attributes.integer(.axis), largest: try attributes.flag(.largest), sorted: try attributes.flag(.sorted))
    case .unique:
      self = .unique(axis: attributes.has(.axis) ? try attributes.integer(.axis) : nil, sorted: try attributes.flag(.sorted))
    case .nonZero: self = .nonZero
    case .compress: self = .compress(axis: attributes.has(.axis) ? try attributes.integer(.axis) : nil)
    case .nonMaxSuppression: self = .nonMaxSuppression(centres: try attributes.flag(.centres))
    case .resize: self = .resize(try Resize(attributes))
    case .gridSample:
      self = .gridSample(
        GridSample(
          try attributes.choice(.mode) { Resize.Mode(rawValue: $0) },
          padding: try attributes.choice(.padding) { GridSample.Padding(rawValue: $0) },
          alignCorners: try attributes.flag(.alignCorners)))
    }
  }
}

extension Activation {
  fileprivate init(_ attributes: Attributes) throws(DLError) {
    switch try attributes.choice(.function, { ActivationCode(rawValue: $0) }) {
    case .clip: self = .clip(low: try attributes.bound(.low), high: try attributes.bound(.high))
    case .elu: self = .elu(alpha: try attributes.float(.alpha))
    case .selu: self = .selu(alpha: try attributes.float(.alpha), gamma: try attributes.float(.gamma))
    case .celu: self = .celu(alpha: try attributes.float(.alpha))
    case .gelu: self = .gelu
    case .geluTanh: self = .geluTanh
    case .hardSigmoid: self = .hardSigmoid(alpha: try attributes.float(.alpha), beta: try attributes.float(.beta))
    case .silu: self = .silu(alpha: try attributes.float(.alpha))
    case .hardSwish: self = .hardSwish
    case .mish: self = .mish
    case .softplus: self = .softplus
    case .softsign: self = .softsign
    case .thresholdedRelu: self = .thresholdedRelu(alpha: try attributes.float(.alpha))
    case .shrink: self = .shrink(lambda: try attributes.float(.lambda), bias: try attributes.float(.bias))
    }
  }
}

extension Window {
  fileprivate init(_ attributes: Attributes) throws(DLError) {
    self.init(
      strides: try attributes.integers(.strides), dilations: try attributes.integers(.dilations),
      padBegin: try attributes.integers(.padBegin), padEnd: try attributes.integers(.padEnd),
      rule: attributes.has(.paddingRule) ? try attributes.choice(.paddingRule) { PaddingRule(rawValue: $0) } : .explicit,
      ceil: attributes.has(.ceil) ? try attributes.flag(.ceil) : false)
  }
}

extension Resize {
  fileprivate init(_ attributes: Attributes) throws(DLError) {
    self.init(
      try attributes.choice(.mode) { Mode(rawValue: $0) }, try attributes.choice(.coordinates) { Coordinates(rawValue: $0) },
      rounding: try attributes.choice(.rounding) { Rounding(rawValue: $0) },
      aspect: try attributes.choice(.aspect) { Aspect(rawValue: $0) }, cubic: try attributes.float(.cubic),
      excludesOutside: try attributes.flag(.excludesOutside), antialias: try attributes.flag(.antialias),
      extrapolation: try attributes.float(.extrapolation), axes: try attributes.integers(.axes))
  }
}

/// The attributes of one node, as they were in the file.
struct Attributes {
  var entries: [Attribute] = []

  private func value(_ id: AttributeID) throws(DLError) -> MetadataValue {
    guard let entry = entries.first(where: { $0.id == id }) else {
      throw DLError(.invalidModel, "attribute \(id.name) is missing")
    }
    return entry.value
  }

  private func mismatch(_ id: AttributeID, _ expected: EntryType, _ found: MetadataValue) -> DLError {
    DLError(.invalidModel, "attribute \(id.name): expected type \(expected.name), found \(found.entryType.name)")
  }

  private func int(_ id: AttributeID, _ value: Int64) throws(DLError) -> Int {
    guard let int = Int(exactly: value) else {
      throw DLError(.unsupported, "attribute \(id.name): \(value) is too large for this system")
    }
    return int
  }

  func integer(_ id: AttributeID) throws(DLError) -> Int {
    let value = try value(id)
    guard case .integer(let n) = value else { throw mismatch(id, .integer, value) }
    return try int(id, n)
  }

  func has(_ id: AttributeID) -> Bool { entries.contains { $0.id == id } }

  /// A value of an enumeration.
  func choice<T>(_ id: AttributeID, _ make: (UInt8) -> T?) throws(DLError) -> T {
    let n = try integer(id)
    guard let raw = UInt8(exactly: n), let value = make(raw) else {
      throw DLError(.unsupported, "attribute \(id.name): unknown value \(n)")
    }
    return value
  }

  func text(_ id: AttributeID) throws(DLError) -> Name {
    let value = try value(id)
    guard case .text(let name) = value else { throw mismatch(id, .text, value) }
    return name
  }

  func flag(_ id: AttributeID) throws(DLError) -> Bool {
    let n = try integer(id)
    guard n == 0 || n == 1 else { throw DLError(.invalidModel, "attribute \(id.name): expected 0 or 1, found \(n)") }
    return n == 1
  }

  func integers(_ id: AttributeID, limit: Int = maximumRank) throws(DLError) -> [Int] {
    let value = try value(id)
    guard case .integers(let list) = value else { throw mismatch(id, .integers, value) }
    guard list.count <= limit else {
      throw DLError(.invalidModel, "attribute \(id.name): expected at most \(limit) entries, found \(list.count)")
    }
    var ints: [Int] = []
    for n in list { ints.append(try int(id, n)) }
    return ints
  }

  func float(_ id: AttributeID) throws(DLError) -> Float {
    let value = try value(id)
    guard case .real(let x) = value else { throw mismatch(id, .real, value) }
    let float = Float(x)
    guard float.isFinite else { throw DLError(.invalidModel, "attribute \(id.name): expected a finite f32") }
    return float
  }

  /// A number that may be infinite.
  func bound(_ id: AttributeID) throws(DLError) -> Float {
    let value = try value(id)
    guard case .real(let x) = value else { throw mismatch(id, .real, value) }
    guard !x.isNaN else { throw DLError(.invalidModel, "attribute \(id.name): expected a number, found NaN") }
    return Float(x)
  }
}
