import CPlatform
import DLGraph

/// A picture: 8 bits a channel, rows from the top without gaps, the channels of a pixel side by side. One channel is grey,
/// three are red, green and blue. It does not change once made.
public final class Image: @unchecked Sendable {
  public let width: Int
  public let height: Int
  /// 1 or 3.
  public let channels: Int
  /// Pixel (x, y), channel c is at (y · width + x) · channels + c.
  public let pixels: UnsafePointer<UInt8>

  /// The largest width times height: a bound on memory for sizes that come from files.
  public static let maximumPixels = Int(DLP_JPEG_MAX_PIXELS)

  /// An image whose memory `fill` writes, every byte of it, before anybody else sees it.
  /// Throws: invalidArgument for sizes that are not positive or channels that are not 1 or 3, unsupported for more than
  /// `maximumPixels`, outOfMemory.
  public init(
    width: Int, height: Int, channels: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) -> Void
  ) throws(DLError) {
    guard width > 0, height > 0, channels == 1 || channels == 3 else {
      throw DLError(.invalidArgument, "an image of \(width) x \(height) pixels and \(channels) channels")
    }
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, count <= Image.maximumPixels else {
      throw DLError(.unsupported, "an image of \(width) x \(height) pixels; at most \(Image.maximumPixels) are supported")
    }
    guard let memory = dlp_allocate(count * channels) else {
      throw DLError(.outOfMemory, "no memory for an image of \(width) x \(height) pixels")
    }
    let bytes = memory.assumingMemoryBound(to: UInt8.self)
    fill(UnsafeMutableBufferPointer(start: bytes, count: count * channels))
    self.width = width
    self.height = height
    self.channels = channels
    pixels = UnsafePointer(bytes)
  }

  /// Takes over the memory of decoded pixels.
  init(_ decoded: dlp_jpeg_pixels) {
    width = decoded.width
    height = decoded.height
    channels = decoded.channels
    pixels = UnsafePointer(decoded.data)
  }

  deinit { dlp_free(UnsafeMutableRawPointer(mutating: pixels)) }

  /// All the bytes, valid while the image lives.
  public var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: pixels, count: width * height * channels) }

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
    return try Image(width: width, height: height, channels: channels) { result in
      for row in 0..<height {
        let source = pixels + ((y + row) * self.width + x) * channels
        (result.baseAddress! + row * rowBytes).update(from: source, count: rowBytes)
      }
    }
  }
}
