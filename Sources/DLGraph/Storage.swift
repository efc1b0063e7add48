import CPlatform

/// Bytes that constants live in: a mapped file, an allocation, or a caller's memory. Never written once shared.
public final class Storage: @unchecked Sendable {
  private enum Owner { case mapping, allocation, caller }

  public let base: UnsafeRawPointer
  public let byteCount: Int
  private let owner: Owner

  private init(_ base: UnsafeRawPointer, _ byteCount: Int, _ owner: Owner) {
    self.base = base
    self.byteCount = byteCount
    self.owner = owner
  }

  deinit {
    switch owner {
    case .mapping: dlp_unmap(base, byteCount)
    case .allocation: dlp_free(UnsafeMutableRawPointer(mutating: base))
    case .caller: break
    }
  }

  /// Maps a file read-only. path: UTF-8, ends with a zero byte.
  public static func mapping(_ path: UnsafePointer<CChar>) throws(DLError) -> Storage {
    var data: UnsafeRawPointer?
    var size = 0
    let code = dlp_map_file(path, &data, &size)
    if code != 0 { throw systemError("cannot open '\(cString: path)'", code) }
    guard let data else { throw DLError(.invalidModel, "'\(cString: path)' is empty") }
    return Storage(data, size, .mapping)
  }

  /// Gives the pages that lie within a range of a mapped file back to the system. Who reads them again gets them from the file.
  func discardPages(_ range: Range<Int>) {
    if owner == .mapping { dlp_discard_pages(base + range.lowerBound, range.count) }
  }

  /// Aligned memory of its own, filled by `fill` before anybody else sees it.
  public static func allocate(
    _ byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void
  ) throws(DLError) -> Storage {
    guard let memory = dlp_allocate(byteCount) else { throw DLError(.outOfMemory, "no memory for \(byteCount) bytes") }
    fill(UnsafeMutableRawBufferPointer(start: memory, count: byteCount))
    return Storage(memory, byteCount, .allocation)
  }

  public static func copy(_ bytes: UnsafeRawBufferPointer) throws(DLError) -> Storage {
    try allocate(bytes.count) { if bytes.count > 0 { $0.copyMemory(from: bytes) } }
  }

  /// A caller's memory, which must outlive the storage.
  public static func borrow(_ bytes: UnsafeRawBufferPointer) -> Storage {
    Storage(bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64)!, bytes.count, .caller)
  }
}

/// A constant tensor: dense, row-major, little-endian, at an offset that is a multiple of its element size.
public struct Constant: Sendable {
  public var dtype: DType
  public var sizes: [Int]
  public var storage: Storage
  public var offset: Int

  /// Checks that the tensor lies inside the storage.
  public init(_ dtype: DType, _ sizes: [Int], _ storage: Storage, offset: Int = 0) throws(DLError) {
    guard sizes.count <= maximumRank else {
      throw DLError(.unsupported, "rank \(sizes.count) is above \(maximumRank)")
    }
    guard let bytes = DLGraph.byteCount(dtype, sizes), offset >= 0, offset <= storage.byteCount,
      bytes <= storage.byteCount - offset
    else {
      throw DLError(.outOfRange, "a constant \(describe(sizes)) at byte \(offset) does not fit its \(storage.byteCount) bytes")
    }
    guard UInt(bitPattern: storage.base + offset) % UInt(dtype.size) == 0 else {
      throw DLError(.invalidModel, "a constant at byte \(offset) is not aligned to its \(dtype.size)-byte elements")
    }
    self.dtype = dtype
    self.sizes = sizes
    self.storage = storage
    self.offset = offset
  }

  /// An f32 constant with a copy of the values.
  public init(_ sizes: [Int], _ values: [Float]) throws(DLError) {
    let storage: Storage
    guard elementCount(sizes) == values.count else {
      throw DLError(.shapeMismatch, "\(values.count) values for a constant \(describe(sizes))")
    }
    storage = try .allocate(values.count * 4) { memory in
      values.withUnsafeBytes { if $0.count > 0 { memory.copyMemory(from: $0) } }
    }
    try self.init(.f32, sizes, storage)
  }

  /// Gives the memory back that it can be read from again, if it is a mapped file's.
  public func discardPages() { storage.discardPages(offset..<offset + bytes.count) }

  public var count: Int { elementCount(sizes) ?? 0 }
  public var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: storage.base + offset, count: count * dtype.size)
  }
  /// The values of an f32 constant.
  public var floats: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: (storage.base + offset).assumingMemoryBound(to: Float.self), count: dtype == .f32 ? count : 0)
  }
  public var type: TensorType { TensorType(dtype, sizes: sizes) }
}
