import CPlatform
import DLGraph

/// A picture: 8 bits a channel, rows from the top without gaps, the channels of a pixel side by side. One channel is grey,
/// three are red, green and blue. It does not change once made.
public final class Image: @unchecked Sendable {
  public let width: Int
  public let height: Int
  /// 1 or 3.
  public let channels: Int
  private let pixels: UnsafeMutablePointer<UInt8>

  /// The largest width times height: a bound on memory for sizes that come from files.
  public static let maximumPixels = Int(DLP_JPEG_MAX_PIXELS)

  /// An image whose memory `fill` writes, every byte of it, before anybody else sees it.
  /// Throws: invalidArgument for sizes that are not positive or channels that are not 1 or 3, unsupported for more than
  /// `maximumPixels`, outOfMemory.
  // A convenience, because Embedded Swift (6.3) leaks an object whose designated initialiser throws halfway.
  public convenience init(
    width: Int, height: Int, channels: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) -> Void
  ) throws(DLError) {
    guard channels == 1 || channels == 3 else {
      throw DLError(.invalidArgument, "an image of \(channels) channels; 1 and 3 are supported")
    }
    let count = try Image.pixelCount(width, height)
    guard let memory = dlp_allocate(count * channels) else {
      throw DLError(.outOfMemory, "no memory for an image of \(width) x \(height) pixels")
    }
    let bytes = memory.assumingMemoryBound(to: UInt8.self)
    fill(UnsafeMutableBufferPointer(start: bytes, count: count * channels))
    self.init(dlp_jpeg_pixels(data: bytes, width: width, height: height, channels: channels))
  }

  /// width · height, if it is one an image can have.
  static func pixelCount(_ width: Int, _ height: Int) throws(DLError) -> Int {
    guard width > 0, height > 0 else {
      throw DLError(.invalidArgument, "an image of \(width) x \(height) pixels")
    }
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, count <= maximumPixels else {
      throw DLError(.unsupported, "an image of \(width) x \(height) pixels; at most \(maximumPixels) are supported")
    }
    return count
  }

  /// Takes over the memory of decoded pixels.
  init(_ decoded: dlp_jpeg_pixels) {
    width = decoded.width
    height = decoded.height
    channels = decoded.channels
    pixels = decoded.data
  }

  deinit { dlp_free(pixels) }

  /// Calls `body` with all the bytes: channel c of pixel (x, y) is at (y · width + x) · channels + c.
  public func withPixels<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    withExtendedLifetime(self) { body(UnsafeBufferPointer(start: pixels, count: width * height * channels)) }
  }

  /// A new image whose every byte `body` computes from the bytes of this one.
  func derived(
    width: Int, height: Int, channels: Int, _ body: (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Void
  ) throws(DLError) -> Image {
    try Image(width: width, height: height, channels: channels) { result in
      withExtendedLifetime(self) { body(pixels, result.baseAddress!) }
    }
  }

  /// The rectangle of this size whose left upper corner is (x, y).
  /// Throws: outOfRange when it does not lie inside the image.
  public func cropped(x: Int, y: Int, width: Int, height: Int) throws(DLError) -> Image {
    guard x >= 0, y >= 0, width > 0, height > 0, x <= self.width, y <= self.height, width <= self.width - x,
      height <= self.height - y
    else {
      throw DLError(
        .outOfRange, "a crop of \(width) x \(height) pixels at (\(x), \(y)) of an image of \(self.width) x \(self.height)")
    }
    let rowBytes = width * channels
    return try derived(width: width, height: height, channels: channels) { source, target in
      for row in 0..<height {
        (target + row * rowBytes).update(from: source + ((y + row) * self.width + x) * channels, count: rowBytes)
      }
    }
  }
}
