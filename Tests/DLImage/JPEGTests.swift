import DLGraph
import DLImage
import Testing

@Suite struct JPEGTests {
  @Test(arguments: [(200, 117, 1), (200, 117, 3), (1, 1, 3), (1, 1, 1), (17, 9, 3), (65_500, 1, 1), (3, 4000, 3)])
  func roundTrip(width: Int, height: Int, channels: Int) throws {
    let original = try pattern(width, height, channels)
    let decoded = try decode(encode(original, quality: 95))
    #expect(decoded.width == width && decoded.height == height && decoded.channels == channels)
    #expect(psnr(original, decoded) > 40)
  }

  @Test func qualityTradesSizeForFidelity() throws {
    let original = try pattern(160, 120, 3)
    let (small, large) = try (encode(original, quality: 10), encode(original, quality: 98))
    #expect(small.count * 2 < large.count)
    #expect(try psnr(original, decode(small)) < psnr(original, decode(large)))
  }

  @Test(arguments: [Int.min, 0, 101, Int.max]) func qualityIsChecked(quality: Int) throws {
    let original = try pattern(8, 8, 1)
    let error = #expect(throws: DLError.self) { try original.encodeJPEG(quality: quality) }
    #expect(error?.status == .invalidArgument)
  }

  @Test func aSideTooLongForJPEG() throws {
    let long = try pattern(65_501, 1, 1)
    let error = #expect(throws: DLError.self) { try long.encodeJPEG() }
    #expect(error?.status == .unsupported)
  }

  @Test func bytesThatAreNoJPEG() {
    for bytes in [
      [], [0xFF], [0xFF, 0xD8], [0xFF, 0xD8, 0xFF, 0xD9], Array("P6 2 2 255".utf8), [UInt8](repeating: 0, count: 999),
    ] {
      expectFailure(bytes, .invalidImage)
    }
  }

  @Test(arguments: [1, 3]) func cutAtEveryByte(channels: Int) throws {
    let file = try encode(pattern(40, 30, channels))
    for length in 0..<file.count { expectFailure(Array(file[..<length]), .invalidImage) }
  }

  @Test func anEndMarkerDoesNotHideACut() throws {
    let file = try encode(pattern(64, 64, 3))
    let scan = segment(0xDA, in: file)
    for length in stride(from: scan + 14, to: file.count - 40, by: 7) {
      expectFailure(file[..<length] + [0xFF, 0xD9], .invalidImage)
    }
  }

  @Test func strayBytesAreHarmless() throws {
    let file = try encode(pattern(40, 30, 3))
    let whole = try decode(file)
    #expect(try largestDifference(whole, decode(file + [1, 2, 3])) == 0)
    var stray = file
    stray.insert(contentsOf: [9, 9, 9], at: segment(0xDB, in: file))
    #expect(try largestDifference(whole, decode(stray)) == 0)
  }

  @Test func whatTheHeaderClaimsIsBounded() throws {
    let file = try encode(pattern(16, 16, 3))
    let frame = segment(0xC0, in: file)
    var twelveBits = file
    twelveBits[frame + 4] = 12
    expectFailure(twelveBits, .unsupported)
    var huge = file
    huge.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])  // 65,500 x 65,500
    expectFailure(huge, .unsupported)
    var empty = file
    empty.replaceSubrange(frame + 5..<frame + 7, with: [0, 0])
    expectFailure(empty, .invalidImage)
    var lossless = file
    lossless[frame + 1] = 0xC3
    expectFailure(lossless, .unsupported)
  }

  /// A grey progressive file of one block: a scan of the mean, then `details` scans of nothing.
  static func progressive(details: Int) -> [UInt8] {
    var file: [UInt8] = [0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0] + Array(repeating: 1, count: 64)
    file += [0xFF, 0xC2, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0]
    for table: UInt8 in [0x00, 0x10] {  // one code, of one bit, for the symbol 0
      file += [0xFF, 0xC4, 0, 20, table, 1] + Array(repeating: 0, count: 15) + [0]
    }
    file += [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0, 0x7F]
    for _ in 0..<details { file += [0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 0, 0x7F] }
    return file + [0xFF, 0xD9]
  }

  @Test func progressiveScansAreBounded() throws {
    for details in [0, 1, 499] {
      let decoded = try decode(JPEGTests.progressive(details: details))
      #expect(decoded.channels == 1 && decoded.bytes.allSatisfy { $0 == 128 })
    }
    expectFailure(JPEGTests.progressive(details: 500), .unsupported)
  }

  @Test func mutations() throws {
    var generator = SeededGenerator(state: 1)
    let files = try [encode(pattern(48, 40, 3)), encode(pattern(33, 17, 1)), JPEGTests.progressive(details: 5)]
    var decodedCount = 0
    for i in 0..<1500 {
      if survives(mutated(files[i % files.count], &generator)) { decodedCount += 1 }
    }
    #expect(decodedCount > 0 && decodedCount < 1500)
  }
}

/// Expects a status and a message.
func expectFailure(_ jpeg: [UInt8], _ status: Status, sourceLocation: SourceLocation = #_sourceLocation) {
  do throws(DLError) {
    let image = try decode(jpeg)
    Issue.record("\(jpeg.count) bytes gave \(image.width) x \(image.height) pixels", sourceLocation: sourceLocation)
  } catch {
    #expect(error.status == status && error.message.count > 10, "\(jpeg.count) bytes: \(error)", sourceLocation: sourceLocation)
  }
}

/// Whether a damaged file still decodes; else expects a status fit for a picture, and a message.
func survives(_ jpeg: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) -> Bool {
  do throws(DLError) {
    let image = try decode(jpeg)
    #expect(image.bytes.count == image.width * image.height * image.channels, sourceLocation: sourceLocation)
    return true
  } catch {
    #expect(
      [.invalidImage, .unsupported].contains(error.status) && error.message.count > 10, "\(error)", sourceLocation: sourceLocation
    )
    return false
  }
}
