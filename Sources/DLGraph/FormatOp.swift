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
    case .maxPool(let kernel, let window): (.maxPool, [Attribute(.kernel, kernel)] + window.attributes)
    case .averagePool(let kernel, let window, let countPadding):
      (.averagePool, [Attribute(.kernel, kernel)] + window.attributes + [Attribute(.countPadding, countPadding)])
    case .globalMaxPool: (.globalMaxPool, [])
    case .globalAveragePool: (.globalAveragePool, [])
    case .gemm(let a, let b): (.gemm, [Attribute(.transposeA, a), Attribute(.transposeB, b)])
    case .activation(.identity): (.identity, [])
    case .activation(.relu): (.relu, [])
    case .activation(.leakyRelu(let slope)): (.leakyRelu, [Attribute(.slope, slope)])
    case .activation(.sigmoid): (.sigmoid, [])
    case .activation(.tanh): (.tanh, [])
    case .softmax(let axis): (.softmax, [Attribute(.axis, axis)])
    case .localResponseNorm(let size, let alpha, let beta, let bias):
      (
        .localResponseNorm,
        [Attribute(.size, size), Attribute(.alpha, alpha), Attribute(.beta, beta), Attribute(.bias, bias)]
      )
    case .batchNorm(let epsilon): (.batchNorm, [Attribute(.epsilon, epsilon)])
    case .add: (.add, [])
    case .multiply: (.multiply, [])
    case .concat(let axis): (.concat, [Attribute(.axis, axis)])
    case .flatten(let axis): (.flatten, [Attribute(.axis, axis)])
    case .reshape(let sizes): (.reshape, [Attribute(.sizes, sizes)])
    case .dropout(let rate): (.dropout, [Attribute(.rate, rate)])
    }
  }
}

extension Window {
  fileprivate var attributes: [Attribute] {
    [
      Attribute(.strides, strides), Attribute(.dilations, dilations), Attribute(.padBegin, padBegin), Attribute(.padEnd, padEnd),
    ]
  }
}

// MARK: - reading

extension Op {
  init(_ code: OpCode, _ attributes: Attributes) throws(DLError) {
    switch code {
    case .conv: self = .conv(try Window(attributes), groups: try attributes.integer(.groups))
    case .maxPool: self = .maxPool(kernel: try attributes.integers(.kernel), try Window(attributes))
    case .averagePool:
      self = .averagePool(
        kernel: try attributes.integers(.kernel), try Window(attributes), countPadding: try attributes.flag(.countPadding))
    case .globalMaxPool: self = .globalMaxPool
    case .globalAveragePool: self = .globalAveragePool
    case .gemm: self = .gemm(transposeA: try attributes.flag(.transposeA), transposeB: try attributes.flag(.transposeB))
    case .identity: self = .activation(.identity)
    case .relu: self = .activation(.relu)
    case .leakyRelu: self = .activation(.leakyRelu(slope: try attributes.float(.slope)))
    case .sigmoid: self = .activation(.sigmoid)
    case .tanh: self = .activation(.tanh)
    case .softmax: self = .softmax(axis: try attributes.integer(.axis))
    case .localResponseNorm:
      self = .localResponseNorm(
        size: try attributes.integer(.size), alpha: try attributes.float(.alpha), beta: try attributes.float(.beta),
        bias: try attributes.float(.bias))
    case .batchNorm: self = .batchNorm(epsilon: try attributes.float(.epsilon))
    case .add: self = .add
    case .multiply: self = .multiply
    case .concat: self = .concat(axis: try attributes.integer(.axis))
    case .flatten: self = .flatten(axis: try attributes.integer(.axis))
    case .reshape: self = .reshape(try attributes.integers(.sizes))
    case .dropout: self = .dropout(rate: try attributes.float(.rate))
    }
  }
}

extension Window {
  fileprivate init(_ attributes: Attributes) throws(DLError) {
    self.init(
      strides: try attributes.integers(.strides), dilations: try attributes.integers(.dilations),
      padBegin: try attributes.integers(.padBegin), padEnd: try attributes.integers(.padEnd))
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

  func flag(_ id: AttributeID) throws(DLError) -> Bool {
    let n = try integer(id)
    guard n == 0 || n == 1 else { throw DLError(.invalidModel, "attribute \(id.name): expected 0 or 1, found \(n)") }
    return n == 1
  }

  func integers(_ id: AttributeID) throws(DLError) -> [Int] {
    let value = try value(id)
    guard case .integers(let list) = value else { throw mismatch(id, .integers, value) }
    guard list.count <= maximumRank else {
      throw DLError(.invalidModel, "attribute \(id.name): expected at most \(maximumRank) entries, found \(list.count)")
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
}
