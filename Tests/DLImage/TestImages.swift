import DLGraph
import DLImage
import Foundation

/// Smooth colours: what JPEG keeps well.
func pattern(_ width: Int, _ height: Int, _ channels: Int) throws -> Image {
  try Image(width: width, height: height, channels: channels) { pixels in
    for i in 0..<width * height {
      let (x, y) = (Double(i % width), Double(i / width))
      for c in 0..<channels {
        pixels[i * channels + c] = UInt8(127.5 + 100 * sin(x / 23 + Double(c)) * cos(y / 31))
      }
    }
  }
}

/// An image of the given bytes.
func image(_ width: Int, _ height: Int, _ channels: Int, _ bytes: [UInt8]) throws -> Image {
  precondition(bytes.count == width * height * channels)
  return try Image(width: width, height: height, channels: channels) { _ = $0.update(fromContentsOf: bytes) }
}

extension Image {
  var bytes: [UInt8] { withPixels { Array($0) } }
}

func encode(_ image: Image, quality: Int = 90) throws -> [UInt8] {
  let file = try image.encodeJPEG(quality: quality)
  return withExtendedLifetime(file) { Array(UnsafeRawBufferPointer(start: file.base, count: file.byteCount)) }
}

func decode(_ jpeg: [UInt8]) throws(DLError) -> Image {
  // Memory of exactly this size, so that a sanitizer sees a read past its end.
  let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: jpeg.count, alignment: 1)
  defer { copy.deallocate() }
  copy.copyBytes(from: jpeg)
  return try Image.decodeJPEG(UnsafeRawBufferPointer(copy))
}

/// Peak signal-to-noise ratio in dB; infinite for equal images, negative for images of different form.
func psnr(_ a: Image, _ b: Image) -> Double {
  guard a.width == b.width, a.height == b.height, a.channels == b.channels else { return -1 }
  var sum = 0.0
  for (x, y) in zip(a.bytes, b.bytes) { sum += (Double(x) - Double(y)) * (Double(x) - Double(y)) }
  return 10 * log10(255 * 255 * Double(a.bytes.count) / sum)
}

/// The largest difference of two images of one form, or nil.
func largestDifference(_ a: Image, _ b: Image) -> Int? {
  guard a.width == b.width, a.height == b.height, a.channels == b.channels else { return nil }
  return zip(a.bytes, b.bytes).map { abs(Int($0) - Int($1)) }.max()
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A damaged copy: some bits turned, bytes overwritten, a piece doubled, left out or cut off.
func mutated(_ file: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
  var result = file
  for _ in 0..<Int.random(in: 1...4, using: &generator) where result.count > 4 {
    let at = Int.random(in: 0..<result.count, using: &generator)
    let length = min(Int.random(in: 1...64, using: &generator), result.count - at)
    switch Int.random(in: 0..<8, using: &generator) {
    case 0, 1, 2: result[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 3, 4: result[at] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator)!
    case 5: result.insert(contentsOf: result[at..<at + length], at: at)
    case 6: result.removeSubrange(at..<at + length)
    default: if Int.random(in: 0..<4, using: &generator) == 0 { result.removeSubrange(at...) }
    }
  }
  return result
}

/// Where a marker segment begins (its 0xFF), searched from the start.
func segment(_ marker: UInt8, in jpeg: [UInt8]) -> Int {
  jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == marker }!
}
