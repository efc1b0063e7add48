import DLGraph
import DLImage
import Foundation
import TestSupport
import Testing

/// Real photographs and unusual files, where they are at hand.
@Suite(.enabled(if: dataFolder != nil, "skipped: no data"))
struct ReferenceTests {
  static func file(_ path: String) throws -> [UInt8] {
    try Array(Data(contentsOf: dataFolder!.appendingPathComponent("jpeg").appendingPathComponent(path)))
  }

  static func files(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      atPath: dataFolder!.appendingPathComponent("jpeg").appendingPathComponent(folder).path
    ).sorted().map { folder + "/" + $0 }
  }

  /// The reference tests of the Rust crate jpeg-decoder: JPEG files and what ImageMagick made of them, by short name.
  static func unusual() throws -> [(name: String, jpeg: [UInt8], png: [UInt8])] {
    let files = try untarred(inflated(file("jpeg-decoder_reftest.tar.gz")))
    return files.keys.sorted().filter { $0.hasSuffix(".jpg") }.map { path in
      (String(path.split(separator: "/").last!.dropLast(4)), files[path]!, files[path.dropLast(3) + "png"]!)
    }
  }

  /// Decoders differ in the rounding of the inverse transform and of the colours: 3 of 255 is what the crate's own test
  /// allows, and the mean must be far below.
  @Test func unusualFiles() throws {
    var compared = 0
    for (name, jpeg, png) in try ReferenceTests.unusual() {
      if name == "jpg-size-6x6" {  // a PNG file with a wrong name
        expectFailure(jpeg, .invalidImage)
        continue
      }
      let decoded = try decode(jpeg)
      let expected = try decodePNG(png)
      let reference = try decoded.channels == 3 ? expected.rgb() : expected.gray()
      let difference = try #require(largestDifference(decoded, reference), "\(name): another size")
      #expect(difference <= 3 && psnr(decoded, reference) > 45, "\(name): \(difference), \(psnr(decoded, reference)) dB")
      compared += 1
    }
    #expect(compared == 36)
  }

  @Test func photographs() throws {
    let photos = try ReferenceTests.files(in: "photos")
    for path in photos {
      let decoded = try decode(ReferenceTests.file(path))
      #expect(decoded.width >= 183 && decoded.height >= 183, "\(path)")
      let again = try decode(encode(decoded, quality: 95))
      #expect(psnr(decoded, again) > 28, "\(path): \(psnr(decoded, again)) dB")
    }
    #expect(photos.count > 20)
  }

  /// One portrait stored in each orientation, its number drawn in the middle, each compressed anew: 27 dB and more.
  /// Turned wrongly they are 13 dB apart.
  @Test func exifOrientations() throws {
    let upright = try decode(ReferenceTests.file("exif-orientation/Portrait_1.jpg"))
    #expect(upright.width == 1200 && upright.height == 1800)
    for orientation in 0...8 {
      let decoded = try decode(ReferenceTests.file("exif-orientation/Portrait_\(orientation).jpg"))
      #expect(psnr(upright, decoded) > 25, "\(orientation): \(psnr(upright, decoded)) dB")
    }
  }

  @Test func libjpegTurbo() throws {
    expectFailure(try ReferenceTests.file("libjpeg-turbo/monkey12.jpg"), .unsupported)
    let original = try ReferenceTests.file("libjpeg-turbo/testorig.ppm")  // "P6\n227 149\n255\n"
    let picture = try image(227, 149, 3, Array(original.suffix(227 * 149 * 3)))
    for name in ["testorig", "testimgint", "testimgari"] {  // the last is arithmetic-coded
      let decoded = try decode(ReferenceTests.file("libjpeg-turbo/\(name).jpg"))
      #expect(psnr(picture, decoded) > 25, "\(name): \(psnr(picture, decoded)) dB")
    }
  }

  @Test func cutEvery100Bytes() throws {
    var files = try ReferenceTests.unusual().filter { ["progressive3", "jpg-cmyk-2", "mjpeg"].contains($0.name) }.map(\.jpeg)
    files += try [ReferenceTests.file("photos/n04604644_worm_fence.JPEG"), ReferenceTests.file("libjpeg-turbo/testimgari.jpg")]
    for file in files {
      _ = try decode(file)
      for length in stride(from: 0, to: file.count, by: 100) { expectFailure(Array(file[..<length]), .invalidImage) }
    }
  }

  @Test func mutations() throws {
    var generator = SeededGenerator(state: 4)
    let files = try ReferenceTests.unusual().map(\.jpeg).filter { $0.count < 8192 }
    var decodedCount = 0
    for i in 0..<2000 {
      if survives(mutated(files[i % files.count], &generator)) { decodedCount += 1 }
    }
    #expect(decodedCount > 0 && decodedCount < 2000)
  }
}
