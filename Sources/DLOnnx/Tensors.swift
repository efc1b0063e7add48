import DLGraph
import FoundationEssentials

/// The element type of ONNX's number for it. Throws unsupported for those that .dlrt has not.
func dtype(_ onnx: Int32) throws -> DType {
  guard let dtype = DType.allCases.first(where: { $0.onnx == onnx }) else {
    throw DLError(.unsupported, "element type \(elementTypeName(onnx))")
  }
  return dtype
}

/// As ONNX spells it: "float8e4m3fn".
func elementTypeName(_ onnx: Int32) -> String {
  let names = [
    8: "string", 14: "complex64", 15: "complex128", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2",
    20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1", 24: "float8e8m0", 25: "uint2", 26: "int2",
    27: "float6e2m3", 28: "float6e3m2",
  ]
  return names[Int(onnx)] ?? "\(onnx), which is none of ONNX"
}

/// Sizes as they are in files. Throws invalidModel for a negative one.
func sizes(_ dims: [Int64]) throws -> [Int] {
  var sizes: [Int] = []
  for dim in dims {
    guard let size = Int(exactly: dim), size >= 0 else { throw DLError(.invalidModel, "a tensor has a size of \(dim)") }
    sizes.append(size)
  }
  return sizes
}

/// A tensor of a file as a constant of a graph. Bytes in a file of their own stay there where their alignment allows.
func constant(_ tensor: Onnx_TensorProto, _ files: ExternalFiles) throws -> Constant {
  let dtype = try dtype(tensor.dataType)
  let sizes = try sizes(tensor.dims)
  guard sizes.count <= maximumRank else {
    throw DLError(.unsupported, "a tensor of rank \(sizes.count), above \(maximumRank)")
  }
  guard !tensor.hasSegment else { throw DLError(.unsupported, "a tensor stored in segments") }
  guard let bytes = byteCount(dtype, sizes), let count = elementCount(sizes) else {
    throw DLError(.invalidModel, "a tensor \(describe(sizes)) is larger than memory can be")
  }
  if tensor.dataLocation == .external {
    let (file, offset) = try files.place(of: tensor, bytes: bytes)
    if dtype != .bool, UInt(bitPattern: file.base + offset) % UInt(dtype.size) == 0 {
      return try Constant(dtype, sizes, file, offset: offset)
    }
    let raw = UnsafeRawBufferPointer(start: file.base + offset, count: bytes)
    defer { withExtendedLifetime(file) {} }
    return try Constant(dtype, sizes, copy(raw, dtype))
  }
  if !tensor.rawData.isEmpty || tensor.hasNoTypedData {
    guard tensor.rawData.count == bytes else {
      throw DLError(
        .invalidModel, "a tensor \(dtype.name) \(describe(sizes)) takes \(bytes) bytes, found \(tensor.rawData.count)")
    }
    return try Constant(dtype, sizes, tensor.rawData.withUnsafeBytes { try copy($0, dtype) })
  }
  return try Constant(dtype, sizes, typedData(tensor, dtype, count))
}

extension Onnx_TensorProto {
  fileprivate var hasNoTypedData: Bool {
    floatData.isEmpty && int32Data.isEmpty && int64Data.isEmpty && doubleData.isEmpty && uint64Data.isEmpty
  }
}

/// A copy; truth values become 0 or 1.
private func copy(_ raw: UnsafeRawBufferPointer, _ dtype: DType) throws -> Storage {
  try .allocate(raw.count) { memory in
    if dtype == .bool {
      for (i, byte) in raw.enumerated() { memory[i] = byte == 0 ? 0 : 1 }
    } else if raw.count > 0 {
      memory.copyMemory(from: raw)
    }
  }
}

/// The elements of the fields other than raw_data; small types share int32_data, as ONNX lays down.
private func typedData(_ tensor: Onnx_TensorProto, _ dtype: DType, _ count: Int) throws -> Storage {
  switch dtype {
  case .f32: try narrow(tensor.floatData, count) { $0 }
  case .f64: try narrow(tensor.doubleData, count) { $0 }
  case .i64: try narrow(tensor.int64Data, count) { $0 }
  case .u64: try narrow(tensor.uint64Data, count) { $0 }
  case .u32: try narrow(tensor.uint64Data, count) { UInt32(truncatingIfNeeded: $0) }
  case .i32: try narrow(tensor.int32Data, count) { $0 }
  case .i16: try narrow(tensor.int32Data, count) { Int16(truncatingIfNeeded: $0) }
  case .u16, .f16, .bf16: try narrow(tensor.int32Data, count) { UInt16(truncatingIfNeeded: $0) }
  case .i8: try narrow(tensor.int32Data, count) { Int8(truncatingIfNeeded: $0) }
  case .u8: try narrow(tensor.int32Data, count) { UInt8(truncatingIfNeeded: $0) }
  case .bool: try narrow(tensor.int32Data, count) { $0 == 0 ? UInt8(0) : 1 }
  }
}

private func narrow<From, To: BitwiseCopyable>(
  _ values: [From], _ count: Int, _ convert: (From) -> To
) throws -> Storage {
  guard values.count == count else {
    throw DLError(.invalidModel, "a tensor of \(count) elements has values for \(values.count)")
  }
  return try .allocate(count * MemoryLayout<To>.stride) { memory in
    for (i, value) in values.enumerated() {
      memory.storeBytes(of: convert(value), toByteOffset: i * MemoryLayout<To>.stride, as: To.self)
    }
  }
}

/// The most bytes a tensor stored sparsely may have when it is written out.
private let sparseLimit = 1 << 28

/// A sparse tensor as a dense constant.
func constant(_ tensor: Onnx_SparseTensorProto, _ files: ExternalFiles) throws -> Constant {
  let values = try constant(tensor.values, files)
  let indices = try constant(tensor.indices, files)
  let sizes = try sizes(tensor.dims)
  guard let bytes = byteCount(values.dtype, sizes), bytes <= sparseLimit, let count = elementCount(sizes) else {
    throw DLError(.unsupported, "a sparse tensor \(describe(sizes)) of more than \(sparseLimit) bytes")
  }
  guard values.sizes.count == 1, indices.dtype == .i64, indices.sizes.first == values.count,
    indices.sizes.count == 1 || indices.sizes == [values.count, sizes.count]
  else { throw DLError(.invalidModel, "a sparse tensor's indices do not match its values") }
  let linear = indices.sizes.count == 1
  let places = indices.integers
  var offsets: [Int] = []
  for i in 0..<values.count {
    var offset = 0
    if linear {
      offset = places[i]
    } else {
      for (axis, size) in sizes.enumerated() {
        let index = places[i * sizes.count + axis]
        guard 0..<size ~= index else { throw DLError(.invalidModel, "a sparse tensor has an index of \(index) on axis \(axis)") }
        offset = offset * size + index
      }
    }
    guard 0..<count ~= offset else { throw DLError(.invalidModel, "a sparse tensor has an index of \(offset) of \(count)") }
    offsets.append(offset)
  }
  let size = values.dtype.size
  let storage = try Storage.allocate(bytes) { memory in
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    for (i, offset) in offsets.enumerated() {
      for byte in 0..<size { memory[offset * size + byte] = values.bytes[i * size + byte] }
    }
  }
  return try Constant(values.dtype, sizes, storage)
}
