import DLGraph
import Foundation
import Testing

@testable import DLOnnx

/// Values of files become constants, whichever way they are stored.
@Suite struct TensorTests {
  private let nowhere = ExternalFiles(besides: "/nonexistent/model.onnx")

  private func bytes(_ tensor: Onnx_TensorProto) throws -> [UInt8] {
    let value = try constant(tensor, nowhere)
    return withExtendedLifetime(value.storage) { Array(value.bytes) }
  }

  private func floats(_ value: Constant) -> [Float] { withExtendedLifetime(value.storage) { Array(value.floats) } }

  private func tensor(_ type: Onnx_TensorProto.DataType, _ dims: [Int], _ fill: (inout Onnx_TensorProto) -> Void)
    -> Onnx_TensorProto
  {
    .with {
      $0.dataType = Int32(type.rawValue)
      $0.dims = dims.map { Int64($0) }
      fill(&$0)
    }
  }

  @Test func typedFields() throws {
    #expect(try bytes(tensor(.float, [1]) { $0.floatData = [1] }) == [0, 0, 0x80, 0x3F])
    #expect(try bytes(tensor(.double, [1]) { $0.doubleData = [1] }) == [0, 0, 0, 0, 0, 0, 0xF0, 0x3F])
    #expect(try bytes(tensor(.int64, [1]) { $0.int64Data = [-2] }) == [0xFE] + Array(repeating: 0xFF, count: 7))
    #expect(try bytes(tensor(.uint64, [1]) { $0.uint64Data = [3] }) == [3, 0, 0, 0, 0, 0, 0, 0])
    #expect(try bytes(tensor(.uint32, [1]) { $0.uint64Data = [0xFFFF_FFFF] }) == [255, 255, 255, 255])
    #expect(try bytes(tensor(.int32, [2]) { $0.int32Data = [-1, 1] }) == [255, 255, 255, 255, 1, 0, 0, 0])
    #expect(try bytes(tensor(.int16, [1]) { $0.int32Data = [-2] }) == [254, 255])
    #expect(try bytes(tensor(.uint16, [1]) { $0.int32Data = [65_535] }) == [255, 255])
    #expect(try bytes(tensor(.int8, [2]) { $0.int32Data = [-1, 2] }) == [255, 2])
    #expect(try bytes(tensor(.uint8, [2]) { $0.int32Data = [200, 2] }) == [200, 2])
    #expect(try bytes(tensor(.bool, [3]) { $0.int32Data = [0, 1, 7] }) == [0, 1, 1])
    #expect(try bytes(tensor(.float16, [1]) { $0.int32Data = [0x3C00] }) == [0, 0x3C])
    #expect(try bytes(tensor(.bfloat16, [1]) { $0.int32Data = [0x3F80] }) == [0x80, 0x3F])
  }

  @Test func rawBytes() throws {
    for (type, size) in [
      (Onnx_TensorProto.DataType.float, 4), (.double, 8), (.float16, 2), (.bfloat16, 2), (.int8, 1), (.uint16, 2),
    ] {
      let raw = (0..<(3 * size)).map { UInt8($0) }
      #expect(try bytes(tensor(type, [3]) { $0.rawData = Data(raw) }) == raw)
    }
    #expect(try bytes(tensor(.bool, [2]) { $0.rawData = Data([0, 9]) }) == [0, 1])
    #expect(try bytes(tensor(.float, [0, 4]) { _ in }) == [])
  }

  @Test func whatDoesNotFitIsRefused() throws {
    #expect(throws: DLError.self) { try bytes(tensor(.float, [2]) { $0.floatData = [1] }) }
    #expect(throws: DLError.self) { try bytes(tensor(.float, [2]) { $0.int32Data = [1, 2] }) }
    #expect(throws: DLError.self) { try bytes(tensor(.float, [2]) { $0.rawData = Data([1, 2, 3]) }) }
    #expect(throws: DLError.self) { try bytes(tensor(.float, [-1]) { $0.floatData = [1] }) }
    #expect(throws: DLError.self) { try bytes(tensor(.float, [1 << 40, 1 << 40]) { _ in }) }
    #expect(throws: DLError.self) { try bytes(tensor(.float, [1 << 40]) { _ in }) }
    #expect(throws: DLError.self) { try bytes(tensor(.float, Array(repeating: 1, count: 9)) { $0.floatData = [1] }) }
    for type in [Onnx_TensorProto.DataType.string, .complex64, .int4, .float8E4M3Fn, .undefined] {
      #expect(throws: DLError.self) { try bytes(tensor(type, [1]) { $0.rawData = Data([1]) }) }
    }
  }

  @Test func sparseTensors() throws {
    func sparse(_ indices: Onnx_TensorProto, _ dims: [Int]) throws -> [Float] {
      let sparse = Onnx_SparseTensorProto.with {
        $0.values = .floats("v", [2], [5, 7])
        $0.indices = indices
        $0.dims = dims.map { Int64($0) }
      }
      return floats(try constant(sparse, nowhere))
    }
    #expect(try sparse(.integers("i", [2], [1, 5]), [2, 3]) == [0, 5, 0, 0, 0, 7])
    #expect(try sparse(.integers("i", [2, 2], [0, 2, 1, 0]), [2, 3]) == [0, 0, 5, 7, 0, 0])
    for (indices, dims) in [([1, 6], [2, 3]), ([-1, 0], [2, 3]), ([0, 1], [1 << 20, 1 << 20])] {
      #expect(throws: DLError.self) { try sparse(.integers("i", [2], indices), dims) }
    }
  }

  private func external(_ dims: [Int], _ entries: [(String, String)]) -> Onnx_TensorProto {
    tensor(.float, dims) {
      $0.dataLocation = .external
      $0.externalData = entries.map { entry in .with { ($0.key, $0.value) = entry } }
    }
  }

  @Test func externalFiles() throws {
    try withTemporaryFolder { folder in
      let inner = folder.appendingPathComponent("model/data")
      try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
      let weights: [Float] = [1, 2, 3, 4]
      try weights.withUnsafeBytes { Data($0) + [0] }.write(to: inner.appendingPathComponent("w.bin"))
      try Data([1, 2, 3, 4]).write(to: folder.appendingPathComponent("secret.bin"))
      try FileManager.default.createSymbolicLink(
        at: folder.appendingPathComponent("model/link.bin"), withDestinationURL: folder.appendingPathComponent("secret.bin"))
      let files = ExternalFiles(besides: folder.appendingPathComponent("model/model.onnx").path)
      func read(_ dims: [Int], _ entries: (String, String)...) throws -> [Float] {
        floats(try constant(external(dims, entries), files))
      }
      #expect(try read([4], ("location", "data/w.bin"), ("length", "16")) == [1, 2, 3, 4])
      #expect(try read([2], ("location", "data/w.bin"), ("offset", "8"), ("length", "8")) == [3, 4])
      #expect(try read([1], ("location", "data/w.bin"), ("offset", "0"), ("checksum", "x")) == [1])
      // Not aligned to its elements: copied.
      #expect(try read([3], ("location", "data/w.bin"), ("offset", "5")).count == 3)
      for entries in [
        [("location", "data/w.bin"), ("offset", "8"), ("length", "16")], [("location", "data/w.bin"), ("offset", "16")],
        [("location", "data/w.bin"), ("offset", "-4")], [("location", "data/w.bin"), ("offset", "9223372036854775807")],
        [("location", "data/w.bin"), ("offset", "99999999999999999999")], [("location", "../secret.bin")],
        [("location", "data/../../secret.bin")], [("location", folder.path + "/secret.bin")], [("location", "link.bin")],
        [("location", "none.bin")], [("location", "")], [("location", "data")], [],
      ] {
        #expect(throws: DLError.self) { try constant(external([4], entries), files) }
      }
    }
  }
}
