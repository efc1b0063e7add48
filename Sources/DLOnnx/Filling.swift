import DLGraph

extension Constant {
  /// A constant every element of which is `value`. Throws shapeMismatch if the type has free sizes.
  init(filling type: TensorType, with value: Double) throws {
    guard let sizes = type.sizes, let bytes = byteCount(type.dtype, sizes) else {
      throw DLError(.shapeMismatch, "its sizes are free; --shape can give them")
    }
    let element = try bytesOf(value, type.dtype)
    let storage = try Storage.allocate(bytes) { memory in
      for i in 0..<bytes { memory[i] = element[i % element.count] }
    }
    try self.init(type.dtype, sizes, storage)
  }
}

/// A number as an element type holds it. Throws invalidArgument if it does not.
private func bytesOf(_ value: Double, _ dtype: DType) throws -> [UInt8] {
  func bytes<T>(_ number: T?) throws -> [UInt8] {
    guard let number else { throw DLError(.invalidArgument, "\(value) is no \(dtype.name)") }
    return withUnsafeBytes(of: number) { Array($0) }
  }
  return switch dtype {
  case .f32: try bytes(Float(value))
  case .f64: try bytes(value)
  case .f16: try bytes(Float16(value))
  case .bf16: try bytes(UInt16(truncatingIfNeeded: Float(value).bitPattern >> 16))
  case .i8: try bytes(Int8(exactly: value))
  case .i16: try bytes(Int16(exactly: value))
  case .i32: try bytes(Int32(exactly: value))
  case .i64: try bytes(Int64(exactly: value))
  case .u8: try bytes(UInt8(exactly: value))
  case .u16: try bytes(UInt16(exactly: value))
  case .u32: try bytes(UInt32(exactly: value))
  case .u64: try bytes(UInt64(exactly: value))
  case .bool: [value == 0 ? 0 : 1]
  }
}
