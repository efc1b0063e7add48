import Testing

@testable import DLGraph

@Suite struct ChecksumTests {
  /// The table of FORMAT.md.
  @Test func knownValues() {
    #expect(sum([]) == 0xEF46_DB37_51D8_E999)
    #expect(sum(Array("a".utf8)) == 0xD24E_C4F1_A98C_6E5B)
    #expect(sum(Array("abc".utf8)) == 0x44BC_2CF5_AD77_0999)
    #expect(sum((0...255).map { UInt8($0) }) == 0x1FAC_BE84_06CD_904B)
  }

  /// The writer adds the weights piece after piece.
  @Test func piecesGiveTheSame() {
    let bytes = (0..<333).map { UInt8(truncatingIfNeeded: $0 * 7) }
    for split in stride(from: 0, through: 320, by: 32) {
      var checksum = Checksum()
      bytes[..<split].withUnsafeBytes { checksum.addStripes($0) }
      bytes[split..<320].withUnsafeBytes { checksum.addStripes($0) }
      #expect(bytes[320...].withUnsafeBytes { checksum.finish(tail: $0) } == sum(bytes))
    }
  }

  @Test func utf8() {
    func firstInvalid(_ bytes: [UInt8]) -> Int? { bytes.withUnsafeBytes { firstInvalidByte($0) } }
    // Exactly what the standard library takes, but for zero bytes: every pair of bytes, and then each length at its edges.
    var wrong: [[UInt8]] = []
    for a in 1...255 as ClosedRange<UInt8> {
      for b in 1...255 as ClosedRange<UInt8> {
        for tail: [UInt8] in [[], [0x80], [0xBF, 0x80], [0x80, 0x80, 0x80], [0x41]] {
          let bytes = [a, b] + tail
          if (firstInvalid(bytes) == nil) != (String(validating: bytes, as: UTF8.self) != nil) { wrong.append(bytes) }
        }
      }
    }
    #expect(wrong.isEmpty)
    #expect(firstInvalid([0x41, 0]) == 1)
    #expect(firstInvalid([0xE2, 0x82, 0xAC]) == nil)
    #expect(firstInvalid([0xE2, 0x82]) == 0)
  }
}
