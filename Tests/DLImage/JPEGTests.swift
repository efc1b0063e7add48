import DLGraph
import DLImage
import Foundation
import Testing
import TestSupport

@Suite struct JPEGTests {
  /// A smooth coloured pattern: what JPEG keeps well.
  static func pattern(_ width: Int, _ height: Int, _ channels: Int) throws(DLError) -> Image {
    try Image(width: width, height: height, channels: channels) { pixels in
      for i in 0..<width * height {
        let (x, y) = (Double(i % width), Double(i / width))
        for c in 0..<channels {
          pixels[i * channels + c] = UInt8(127.5 + 100 * sin(x / 23 + Double(c)) * cos(y / 31))
        }
      }
    }
  }

  @Test(arguments: [1, 3]) func roundTrip(channels: Int) throws {
    let image = try JPEGTests.pattern(200, 117, channels)
    let file = try image.encodeJPEG(quality: 95)
    let decoded = try Image.decodeJPEG(UnsafeRawBufferPointer(start: file.base, count: file.byteCount))
    #expect(decoded.width == 200 && decoded.height == 117 && decoded.channels == channels)
    var sum = 0.0
    for (a, b) in zip(image.bytes, decoded.bytes) { sum += pow(Double(a) - Double(b), 2) }
    let psnr = 10 * log10(255 * 255 * Double(image.bytes.count) / sum)
    #expect(psnr > 40, "\(psnr) dB")
  }
}
