/// Element types; the raw values are those of dlrt.h and of .dlrt files.
public enum DType: UInt8, Hashable, Sendable, CaseIterable {
  case f32 = 1
  case f16 = 2
  case bf16 = 3
  case f64 = 4
  case i8 = 5
  case i16 = 6
  case i32 = 7
  case i64 = 8
  case u8 = 9
  case u16 = 10
  case u32 = 11
  case u64 = 12
  case bool = 13

  /// Bytes of an element.
  public var size: Int {
    switch self {
    case .i8, .u8, .bool: 1
    case .f16, .bf16, .i16, .u16: 2
    case .f32, .i32, .u32: 4
    case .f64, .i64, .u64: 8
    }
  }

  public var isFloat: Bool {
    switch self {
    case .f32, .f16, .bf16, .f64: true
    case .i8, .i16, .i32, .i64, .u8, .u16, .u32, .u64, .bool: false
    }
  }

  public var name: StaticString {
    switch self {
    case .f32: "f32"
    case .f16: "f16"
    case .bf16: "bf16"
    case .f64: "f64"
    case .i8: "i8"
    case .i16: "i16"
    case .i32: "i32"
    case .i64: "i64"
    case .u8: "u8"
    case .u16: "u16"
    case .u32: "u32"
    case .u64: "u64"
    case .bool: "bool"
    }
  }
}

/// One dimension of a tensor in a graph.
public enum Dim: Hashable, Sendable {
  case fixed(Int)
  /// A size the inputs of a run decide; an index into `Graph.symbols`. Equal symbols are equal sizes.
  case symbol(Int)
  /// A size that follows from others and is known once all inputs are.
  case unknown

  public var size: Int? { if case .fixed(let n) = self { n } else { nil } }
}

public let maximumRank = 8

public struct TensorType: Hashable, Sendable {
  public var dtype: DType
  public var dims: [Dim]

  public init(_ dtype: DType, _ dims: [Dim]) {
    self.dtype = dtype
    self.dims = dims
  }
  public init(_ dtype: DType, sizes: [Int]) { self.init(dtype, sizes.map { .fixed($0) }) }

  public var rank: Int { dims.count }

  /// The sizes, when all are fixed.
  public var sizes: [Int]? {
    var sizes: [Int] = []
    for dim in dims {
      guard let n = dim.size else { return nil }
      sizes.append(n)
    }
    return sizes
  }
}

/// "[1, 3, 224, 224]".
public func describe(_ sizes: [Int]) -> Message {
  var text: Message = "["
  for (i, n) in sizes.enumerated() { text += i == 0 ? "\(n)" : ", \(n)" }
  return text + "]"
}

/// "f32 [N, 3, ?]"; symbols are shown by their names, or as s0, s1… without a table.
public func describe(_ type: TensorType, symbols: [Name] = []) -> Message {
  var text: Message = "\(type.dtype.name) ["
  for (i, dim) in type.dims.enumerated() {
    if i > 0 { text += ", " }
    switch dim {
    case .fixed(let n): text += "\(n)"
    case .symbol(let s): text += s < symbols.count ? "\(symbols[s])" : "s\(s)"
    case .unknown: text += "?"
    }
  }
  return text + "]"
}

/// The product of sizes, or nil if one is negative or the product of all but zeros does not fit: strides are products of some.
public func elementCount(_ sizes: [Int]) -> Int? { product(sizes, of: 1) }

/// Bytes of a dense tensor, or nil if they do not fit, as for `elementCount`.
public func byteCount(_ dtype: DType, _ sizes: [Int]) -> Int? { product(sizes, of: dtype.size) }

private func product(_ sizes: [Int], of size: Int) -> Int? {
  var count = size
  for n in sizes {
    guard n >= 0 else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: max(n, 1))
    if overflow { return nil }
    count = product
  }
  return sizes.contains(0) ? 0 : count
}
