import DLGraph
import DLImage
import Testing

@Suite struct OrientationTests {
  /// An EXIF segment with one entry, at the start of the JPEG file.
  static func tagged(
    _ jpeg: [UInt8], orientation: UInt16, bigEndian: Bool = true, type: UInt16 = 3, directory: UInt32 = 8, entries: UInt16 = 1
  ) -> [UInt8] {
    func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
      withUnsafeBytes(of: bigEndian ? value.bigEndian : value.littleEndian) { Array($0) }
    }
    var tiff: [UInt8] = Array(bigEndian ? "MM".utf8 : "II".utf8) + bytes(42 as UInt16) + bytes(directory)
    tiff += bytes(entries) + bytes(0x0112 as UInt16) + bytes(type) + bytes(1 as UInt32) + bytes(orientation) + [0, 0]
    tiff += bytes(0 as UInt32)
    let body = Array("Exif".utf8) + [0, 0] + tiff
    let length = UInt16(body.count + 2)
    return jpeg[..<2] + [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 0xFF)] + body + jpeg[2...]
  }

  /// 32 x 16 pixels, four flat quarters: 0, 60 over 120, 180.
  static func quarters() throws -> [UInt8] {
    var bytes: [UInt8] = []
    for y in 0..<16 { for x in 0..<32 { bytes.append((x < 16 ? 0 : 60) + (y < 8 ? 0 : 120)) } }
    return try encode(image(32, 16, 1, bytes), quality: 100)
  }

  static func corners(_ image: Image) -> [Int] {
    let (right, bottom) = (image.width - 1, (image.height - 1) * image.width)
    let pixels = image.bytes
    return [0, right, bottom, bottom + right].map { (Int(pixels[$0]) + 30) / 60 }
  }

  /// The quarters of the upright picture, by CIPA DC-008: where the stored first row and first column are seen.
  @Test(arguments: [
    (0, [0, 1, 2, 3]), (1, [0, 1, 2, 3]), (2, [1, 0, 3, 2]), (3, [3, 2, 1, 0]), (4, [2, 3, 0, 1]), (5, [0, 2, 1, 3]),
    (6, [2, 0, 3, 1]), (7, [3, 1, 2, 0]), (8, [1, 3, 0, 2]), (9, [0, 1, 2, 3]),
  ])
  func quartersAreTurned(orientation: Int, expected: [Int]) throws {
    let jpeg = try OrientationTests.quarters()
    for bigEndian in [false, true] {
      let upright = try decode(OrientationTests.tagged(jpeg, orientation: UInt16(orientation), bigEndian: bigEndian))
      #expect(OrientationTests.corners(upright) == expected)
      #expect((upright.width, upright.height) == ((5...8).contains(orientation) ? (16, 32) : (32, 16)))
    }
  }

  @Test func everyPixelIsTurned() throws {
    let jpeg = try encode(pattern(21, 13, 3))
    let stored = try decode(jpeg).bytes
    let turned = try decode(OrientationTests.tagged(jpeg, orientation: 6)).bytes  // 90° clockwise
    for y in 0..<21 {
      for x in 0..<13 {
        for c in 0..<3 { #expect(turned[(y * 13 + x) * 3 + c] == stored[((12 - x) * 21 + y) * 3 + c]) }
      }
    }
  }

  @Test func senselessEntriesAreIgnored() throws {
    let jpeg = try OrientationTests.quarters()
    let senseless = [
      OrientationTests.tagged(jpeg, orientation: 6, type: 4),
      OrientationTests.tagged(jpeg, orientation: 6, directory: 0xFFFF_FFFF),
      OrientationTests.tagged(jpeg, orientation: 6, directory: 25),
      OrientationTests.tagged(jpeg, orientation: 6, entries: 0),
      OrientationTests.tagged(jpeg, orientation: 65_535, entries: 65_535),
    ]
    for file in senseless { #expect(try OrientationTests.corners(decode(file)) == [0, 1, 2, 3]) }
  }

  @Test func mutatedEXIF() throws {
    let jpeg = try encode(pattern(8, 8, 1))
    let file = OrientationTests.tagged(jpeg, orientation: 5)
    var generator = SeededGenerator(state: 2)
    var decodedCount = 0
    for _ in 0..<1000 {
      let prefix = mutated(Array(file[..<40]), &generator)
      if survives(prefix + file[40...]) { decodedCount += 1 }
    }
    #expect(decodedCount > 0)
  }
}
