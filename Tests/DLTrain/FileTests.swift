import DLGraph
import Foundation
import TestSupport
import Testing

@testable import DLTrain

@Suite struct SafeTensorsTests {
  private func sample() -> SafeTensors {
    var file = SafeTensors(metadata: ["format": "pt"])
    file.append(Tensor<Float>([2, 3], [1, 2, 3, 4, 5, 6]), as: "a.weight")
    file.append(Tensor<Double>([], [0.5]), as: "b")
    file.append(Tensor<Float>(zeros: [0, 4]), as: "empty")
    return file
  }

  @Test func roundTrip() throws {
    let file = try SafeTensors(sample().encoded())
    #expect(Set(file.names) == ["a.weight", "b", "empty"])
    #expect(file.metadata == ["format": "pt"])
    let a: Tensor<Float> = try file.tensor("a.weight")
    #expect(a.shape == [2, 3] && a.scalars == [1, 2, 3, 4, 5, 6])
    let b: Tensor<Double> = try file.tensor("b")
    #expect(b.shape == [] && b.item == 0.5)
    #expect(throws: DLError.self) { let _: Tensor<Float> = try file.tensor("b") }
    #expect(throws: DLError.self) { let _: Tensor<Float> = try file.tensor("c") }
  }

  /// A file with this header, and `count` bytes of tensors.
  private func file(_ header: String, _ count: Int) -> Data {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8) + Data(count: count)
  }

  @Test func layoutIsThatOfTheFormat() throws {
    let text = #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    #expect(try SafeTensors(file(text, 4)).names == ["x"])
    var written = SafeTensors()
    written.append(Tensor<Float>([1], [1]), as: "x")
    let bytes = try written.encoded()
    #expect(bytes.suffix(4) == Data([0, 0, 0x80, 0x3F]))
    #expect((bytes.count - 4) % 8 == 0)
  }

  @Test(arguments: [
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4),  // shape against bytes
    (#"{"x":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}"#, 4),  // type
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 8),  // bytes left over
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 3),  // too few
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8),  // a gap
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4),  // backwards
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, 4),  // before the tensors
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, 4),
    (#"{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4),
    (#"{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, 0),  // overflow
    (#"{"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,6]}}"#, 6),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#, 6),
    (#"{"x":{"a":"b"}}"#, 0), (#"["x"]"#, 0), ("", 0), ("{", 0), ("null", 0),
  ]) func contradictionsAreRefused(_ header: String, _ count: Int) {
    #expect(throws: DLError.self) { try SafeTensors(file(header, count)) }
  }

  @Test func cutAndChangedFilesAreRefusedOrRead() throws {
    let whole = try sample().encoded()
    for count in 0..<whole.count { #expect(throws: DLError.self) { try SafeTensors(whole.prefix(count)) } }
    var changed = whole
    changed[7] = 0xFF
    #expect(throws: DLError.self) { try SafeTensors(changed) }
    // A changed bit may still be a file; it must not be a crash.
    for i in whole.indices {
      var bytes = whole
      bytes[i] ^= UInt8(1 << (i % 8))
      if let file = try? SafeTensors(bytes), file.names.contains("b") { let _: Tensor<Double>? = try? file.tensor("b") }
    }
  }
}

@Suite struct IDXTests {
  private let file: [UInt8] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]

  @Test func reads() throws {
    let idx = try IDX(file)
    #expect(idx.shape == [2, 3] && idx.bytes == [1, 2, 3, 4, 5, 6])
  }

  @Test func damageIsRefused() {
    for count in 0..<file.count { #expect(throws: DLError.self) { try IDX(Array(file[..<count])) } }
    #expect(throws: DLError.self) { try IDX(file + [7]) }
    for (i, byte) in [(0, 1), (1, 1), (2, 9), (3, 0), (3, 255), (7, 3), (4, 255), (8, 128)] {
      var changed = file
      changed[i] = UInt8(byte)
      #expect(throws: DLError.self, "byte \(i)") { try IDX(changed) }
    }
    let huge: [UInt8] = [0, 0, 8, 3] + [UInt8](repeating: 255, count: 12)
    #expect(throws: DLError.self) { try IDX(huge) }
  }

  @Test func gzip() throws {
    let text = [UInt8]("dlrt\n".utf8)
    let packed = pack(Array(repeating: text, count: 1000).flatMap { $0 })
    #expect(try gunzip(packed) == Array(repeating: text, count: 1000).flatMap { $0 })
    #expect(try gunzip(packed + packed).count == 10_000)
    #expect(throws: DLError.self) { try gunzip(packed, limit: 4_999) }
    for count in 0..<packed.count { #expect(throws: DLError.self) { try gunzip(packed.prefix(count)) } }
    var changed = packed
    changed[packed.count - 6] ^= 1  // the checksum
    #expect(throws: DLError.self) { try gunzip(changed) }
    #expect(throws: DLError.self) { try gunzip(Data("not compressed".utf8)) }
  }

  /// The bytes as a gzip file of stored blocks (RFC 1951, 3.2.4), made here so that the reader is not tested with itself.
  private func pack(_ bytes: [UInt8]) -> Data {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    func little(_ value: UInt32, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    let size = UInt32(bytes.count)
    return Data(
      [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1] + little(size, 2) + little(~size, 2) + bytes + little(~crc, 4) + little(size, 4))
  }

  @Test(.enabled(if: dataFolder != nil, "skipped: no data")) func mnist() throws {
    let folder = try #require(dataFolder).appendingPathComponent("data/mnist")
    let test = try ImageDataset.mnist(folder, .test)
    #expect(test.count == 10_000 && test.shape == [1, 28, 28])
    #expect(test.labels[..<5] == [7, 2, 1, 0, 4])
    let (images, labels) = test.batch([3, 0])
    #expect(images.shape == [2, 1, 28, 28] && labels == [0, 7])
    #expect(abs(images.scalars[0] - (0 - 0.1307) / 0.3081) < 1e-6)
    #expect(abs((images.scalars.max() ?? 0) - (1 - 0.1307) / 0.3081) < 1e-6)
  }
}
