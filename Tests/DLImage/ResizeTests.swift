import DLGraph
import DLImage
import Foundation
import Testing

@Suite struct ResizeTests {
  /// One row or column of pixels, resized.
  static func line(_ values: [UInt8], to count: Int, _ filter: ResizeFilter) throws -> [UInt8] {
    let row = try image(values.count, 1, 1, values).resized(width: count, height: 1, filter)
    let column = try image(1, values.count, 1, values).resized(width: 1, height: count, filter)
    #expect(row.bytes == column.bytes)
    return row.bytes
  }

  @Test func nearest() throws {
    // New centres 0.25, 0.75, 1.25, 1.75 in old pixels; 1 and 3 (on the edge: the right one); 0.83, 2.5, 4.17.
    #expect(try ResizeTests.line([10, 20], to: 4, .nearest) == [10, 10, 20, 20])
    #expect(try ResizeTests.line([10, 20, 30, 40], to: 2, .nearest) == [20, 40])
    #expect(try ResizeTests.line([1, 2, 3, 4, 5], to: 3, .nearest) == [1, 3, 5])
  }

  @Test func bilinearGrows() throws {
    // Old centres 0.5 and 1.5; outside them the edge goes on.
    #expect(try ResizeTests.line([0, 100], to: 4, .bilinear) == [0, 25, 75, 100])
    #expect(try ResizeTests.line([0, 100, 0], to: 6, .bilinear) == [0, 25, 75, 75, 25, 0])
    #expect(try ResizeTests.line([7], to: 3, .bilinear) == [7, 7, 7])
  }

  @Test func bilinearShrinksWithAllPixels() throws {
    // Half the size: a triangle of radius 2 about 1 and 3; weights 3/7, 3/7, 1/7 and 1/7, 3/7, 3/7 inside the row.
    // (0·3 + 40·3 + 80)/7 = 28.57; (40 + 80·3 + 200·3)/7 = 125.71.
    #expect(try ResizeTests.line([0, 40, 80, 200], to: 2, .bilinear) == [29, 126])
    // To one pixel: radius 4 about 2; weights 2.5, 3.5, 3.5, 2.5 of 12, 103.75.
    #expect(try ResizeTests.line([0, 60, 120, 246], to: 1, .bilinear) == [104])
  }

  /// The definition, in double precision, without rounding between the two directions.
  static func reference(_ image: Image, _ width: Int, _ height: Int) -> [Double] {
    let pixels = image.bytes
    func weights(_ old: Int, _ new: Int, _ x: Int) -> [Double] {
      let scale = Double(old) / Double(new)
      let raw = (0..<old).map { max(0, 1 - abs(Double($0) + 0.5 - (Double(x) + 0.5) * scale) / max(scale, 1)) }
      let sum = raw.reduce(0, +)
      return raw.map { $0 / sum }
    }
    let columns = (0..<width).map { weights(image.width, width, $0) }
    var result: [Double] = []
    for y in 0..<height {
      let rows = weights(image.height, height, y)
      for x in 0..<width {
        for c in 0..<image.channels {
          var sum = 0.0
          for (j, v) in rows.enumerated() where v > 0 {
            for (i, u) in columns[x].enumerated() where u > 0 {
              sum += u * v * Double(pixels[(j * image.width + i) * image.channels + c])
            }
          }
          result.append(sum)
        }
      }
    }
    return result
  }

  @Test(arguments: [(13, 9), (40, 50), (23, 60), (1, 1), (31, 29), (97, 3)])
  func bilinearAgainstTheDefinition(width: Int, height: Int) throws {
    var generator = SeededGenerator(state: 3)
    for channels in [1, 3] {
      let bytes = (0..<31 * 29 * channels).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let original = try image(31, 29, channels, bytes)
      let resized = try original.resized(width: width, height: height)
      #expect(resized.width == width && resized.height == height && resized.channels == channels)
      // Each direction rounds to a whole number: half a step from the last, at most half a step from the first.
      for (a, b) in zip(resized.bytes, ResizeTests.reference(original, width, height)) { #expect(abs(Double(a) - b) < 1.01) }
    }
  }

  @Test func sizesAreChecked() throws {
    let original = try pattern(8, 8, 3)
    for filter in [ResizeFilter.nearest, .bilinear] {
      for (width, height) in [(0, 8), (8, -1), (Int.min, Int.max)] {
        let error = #expect(throws: DLError.self) { try original.resized(width: width, height: height, filter) }
        #expect(error?.status == .invalidArgument)
      }
      for (width, height) in [(Int.max, 8), (8, Int.max), (Int.max, Int.max), (1 << 15, 1 << 14)] {
        #expect(throws: DLError.self) { try original.resized(width: width, height: height, filter) }
      }
    }
  }

  @Test func crop() throws {
    let original = try image(3, 2, 3, Array(0..<18))
    #expect(try original.cropped(x: 1, y: 0, width: 2, height: 2).bytes == [3, 4, 5, 6, 7, 8, 12, 13, 14, 15, 16, 17])
    #expect(try original.cropped(x: 2, y: 1, width: 1, height: 1).bytes == [15, 16, 17])
    for (x, y, width, height) in [
      (-1, 0, 1, 1), (2, 0, 2, 1), (0, 0, 0, 1), (0, 2, 1, 1), (Int.max, 0, Int.max, 1), (1, 1, 1, 2),
    ] {
      let error = #expect(throws: DLError.self) { try original.cropped(x: x, y: y, width: width, height: height) }
      #expect(error?.status == .outOfRange)
    }
  }

  @Test func color() throws {
    // ITU-R BT.601: 0.299, 0.587, 0.114 of 255.
    let primaries = try image(4, 1, 3, [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255])
    #expect(try primaries.gray().bytes == [76, 150, 29, 255])
    #expect(try image(2, 1, 1, [5, 9]).rgb().bytes == [5, 5, 5, 9, 9, 9])
  }

  @Test func formsAreChecked() {
    for (width, height, channels) in [(0, 1, 1), (1, -1, 1), (1, 1, 2), (1, 1, 4), (Int.min, 1, 1)] {
      let error = #expect(throws: DLError.self) { try Image(width: width, height: height, channels: channels) { _ in } }
      #expect(error?.status == .invalidArgument)
    }
    for (width, height) in [(Int.max, 2), (1 << 20, 1 << 20), (1 << 14, (1 << 14) + 1)] {
      let error = #expect(throws: DLError.self) { try Image(width: width, height: height, channels: 3) { _ in } }
      #expect(error?.status == .unsupported)
    }
  }
}
