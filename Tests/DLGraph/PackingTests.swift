@testable import DLGraph
import TestSupport
import Testing

@Suite struct PackingTests {
  private func unpacked(_ block: [UInt8], _ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    let fits = block.withUnsafeBytes { block in bytes.withUnsafeMutableBytes { unpack(block, into: $0) } }
    return fits ? bytes : nil
  }

  @Test func bytesComeBack() {
    var generator = SplitMix64(seed: 1)
    for length in Array(0...40) + [255, 256, 300, 5000, 200_000] {
      for letters in [1, 2, 4, 256] {
        let bytes = (0..<length).map { _ in UInt8(Int.random(in: 0..<letters, using: &generator)) }
        let block = pack(bytes)
        #expect(unpacked(block, length) == bytes, "\(length) bytes of \(letters) letters")
        #expect(block.count <= length + length / 255 + 2)
        #expect(unpacked(block, length + 1) == nil)
        if length > 0 {
          #expect(unpacked(block, length - 1) == nil)
          #expect(unpacked(Array(block.dropLast()), length) == nil)
        }
      }
    }
  }

  @Test func repetitionsAreShort() {
    #expect(pack([UInt8](repeating: 7, count: 10_000)).count < 60)
    let far = [UInt8](repeating: 1, count: 70_000)
    #expect(unpacked(pack([1, 2, 3, 4] + far + [1, 2, 3, 4] + far), 140_008) == [1, 2, 3, 4] + far + [1, 2, 3, 4] + far)
  }

  /// The example of the format's description: a copy that reaches into itself, and lengths that go on.
  @Test func blocksByHand() {
    #expect(unpacked([0x00], 0) == [])
    #expect(unpacked([0x16, 65, 1, 0, 0x00], 11) == [UInt8](repeating: 65, count: 11))
    #expect(unpacked([0x1F, 65, 1, 0, 255, 0, 0x10, 66], 1 + 4 + 15 + 255 + 1) == [UInt8](repeating: 65, count: 275) + [66])
  }

  @Test(
    arguments: [
      [], [0x10], [0xF0], [0xF0, 255], [0x10, 65, 1], [0x10, 65, 0, 0, 0x00], [0x10, 65, 2, 0, 0x00], [0x01, 1, 0, 0x00],
      [0x1F, 65, 1, 0], [0x10, 65, 1, 0], [0x1F, 65, 1, 0, 255, 255, 255, 0, 0x00],
    ] as [[UInt8]])
  func damage(block: [UInt8]) {
    #expect(unpacked(block, 5) == nil)
  }
}
