import CPlatform
import DLGraph

extension Image {
  /// Decodes a JPEG file: baseline, progressive or arithmetic-coded, of 8 bits a sample; grey gives one channel, and
  /// YCbCr, RGB, CMYK and YCCK give red, green and blue (CMYK without a colour profile). The image is turned upright by
  /// its EXIF orientation. Trailing bytes after the end marker are ignored.
  ///
  /// Throws: invalidImage when the bytes are not a JPEG, are cut short (even by the end marker alone) or are corrupt where
  /// libjpeg can tell (of a progressive file, detail may be missing); unsupported for 12 bits, lossless, more than
  /// `maximumPixels` or 500 scans; outOfMemory.
  public static func decodeJPEG(_ bytes: UnsafeRawBufferPointer) throws(DLError) -> Image {
    guard let base = bytes.baseAddress, bytes.count > 0 else { throw DLError(.invalidImage, "JPEG: there are no bytes") }
    var decoded = dlp_jpeg_pixels()
    var message = [CChar](repeating: 0, count: Int(DLP_JPEG_MESSAGE_SIZE))
    let result = dlp_jpeg_decode(base.assumingMemoryBound(to: UInt8.self), bytes.count, &decoded, &message)
    guard result == DLP_JPEG_OK else { throw jpegError(result, &message) }
    return try Image(decoded).upright(exifOrientation(bytes))
  }

  /// The bytes of a baseline JPEG file, colour with 4:2:0 chroma. quality: 1 to 100, libjpeg's scale.
  /// Throws: invalidArgument, unsupported for a side above 65,500 pixels, outOfMemory.
  public func encodeJPEG(quality: Int = 90) throws(DLError) -> Storage {
    guard (1...100).contains(quality) else {
      throw DLError(.invalidArgument, "JPEG quality: expected 1 to 100, found \(quality)")
    }
    var file: UnsafeMutablePointer<UInt8>?
    var size = 0
    var message = [CChar](repeating: 0, count: Int(DLP_JPEG_MESSAGE_SIZE))
    let result = withPixels { pixels in
      var source = dlp_jpeg_pixels(
        data: UnsafeMutablePointer(mutating: pixels.baseAddress), width: width, height: height, channels: channels)
      return dlp_jpeg_encode(&source, Int32(quality), &file, &size, &message)
    }
    guard result == DLP_JPEG_OK else { throw jpegError(result, &message) }
    defer { dlp_free(file) }
    return try Storage.copy(UnsafeRawBufferPointer(start: file, count: size))
  }
}

private func jpegError(_ result: dlp_jpeg_result, _ message: UnsafePointer<CChar>) -> DLError {
  let status: Status =
    switch result {
    case DLP_JPEG_NO_MEMORY: .outOfMemory
    case DLP_JPEG_UNSUPPORTED: .unsupported
    default: .invalidImage
    }
  return DLError(status, "JPEG: \(cString: message)")
}
