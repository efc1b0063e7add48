import CDLRT
import CPlatform

/// An input of a model: -1 in `dims` is a free dimension.
struct Input {
  var name: String
  var dtype: dlrt_dtype
  var dims: [Int64]

  var text: String { Input.describe(name, dims) }

  static func describe(_ name: String, _ dims: [Int64]) -> String {
    "\(name) [\(dims.map { "\($0)" }.joined(separator: ", "))]"
  }

  /// With the shape given for this name, else the model's own with `batch` for a free first dimension.
  func resolved(batch: Int64, shapes: [String: [Int64]]) throws -> Input {
    var input = self
    if let shape = shapes[name] {
      input.dims = shape
    } else {
      if dims.first == -1 { input.dims[0] = batch }
      guard !input.dims.contains(-1) else { throw BenchError("input \(text) has free dimensions: say --shape \(name)=…") }
    }
    return input
  }

  var elementSize: Int {
    switch dtype {
    case DLRT_I8, DLRT_U8, DLRT_BOOL: 1
    case DLRT_F16, DLRT_BF16, DLRT_I16, DLRT_U16: 2
    case DLRT_F32, DLRT_I32, DLRT_U32: 4
    default: 8
    }
  }
}

/// What an input reads: floats of [0, 1), the same each time the program runs; zeros for other types.
final class InputData {
  let input: Input
  let bytes: UnsafeMutableRawBufferPointer

  init(_ input: Input) throws {
    var size = input.elementSize
    for dim in input.dims {
      let (product, overflow) = size.multipliedReportingOverflow(by: Int(dim))
      guard !overflow, product < 1 << 40 else { throw BenchError("input \(input.text) is too large") }
      size = product
    }
    self.input = input
    guard let memory = dlp_allocate(size) else { throw BenchError("no memory for input \(input.text)") }
    bytes = UnsafeMutableRawBufferPointer(start: memory, count: size)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    guard input.dtype == DLRT_F32 else { return }
    var state: UInt64 = 1
    for i in 0..<size / 4 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407  // Knuth's MMIX generator
      bytes.storeBytes(of: Float(state >> 40) / Float(1 << 24), toByteOffset: i * 4, as: Float.self)
    }
  }

  deinit { dlp_free(bytes.baseAddress) }
}
