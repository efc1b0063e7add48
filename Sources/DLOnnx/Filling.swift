import DLGraph

extension Constant {
  /// A constant every element of which is `value`. Throws shapeMismatch if the type has free sizes, invalidArgument if it
  /// cannot hold the value.
  init(filling type: TensorType, with value: Double) throws(DLError) {
    guard let sizes = type.sizes, let bytes = byteCount(type.dtype, sizes) else {
      throw DLError(.shapeMismatch, "its sizes are free; --shape can give them")
    }
    var held = value
    let storage = try Storage.allocate(bytes) { memory in
      guard let base = memory.baseAddress, bytes > 0 else { return }
      let buffer = TensorBuffer(base, type.dtype, sizes)
      for i in 0..<buffer.count { buffer.setReal(i, value) }
      held = buffer.real(0)
    }
    guard type.dtype.isFloat || held == value else { throw DLError(.invalidArgument, "\(value) is no \(type.dtype.name)") }
    try self.init(type.dtype, sizes, storage)
  }

  /// The elements of an integer or truth constant.
  var integers: [Int] {
    withExtendedLifetime(storage) {
      let buffer = TensorBuffer(self)
      return (0..<count).map { Int(buffer.integer($0)) }
    }
  }
}
