import CPlatform
import DLGraph

/// What turns a picture into an input of a model, as the model's metadata say it (FORMAT.md lists the keys):
/// colour, then resize, then crop, then value = (pixel · scale − mean) / std, pixels being 0 to 255.
public struct Preprocessing: Sendable {
  public enum Color: Hashable, Sendable { case gray, rgb, bgr }

  public enum Resize: Hashable, Sendable {
    /// The picture must have the input's size.
    case none
    /// To this height and width, whatever that does to its proportions.
    case stretch(height: Int, width: Int)
    /// In proportion, to this shorter side; the longer side is rounded down, as torchvision does.
    case shortestSide(Int)
    /// In proportion, to the smallest size that covers this height and width.
    case cover(height: Int, width: Int)
  }

  /// Which input it is for.
  public let input: Int
  public let color: Color
  public let resize: Resize
  /// Whether the middle of the input's size is cut out.
  public let centerCrop: Bool
  /// What the input takes; nil is free and as large as the picture.
  public let height: Int?
  public let width: Int?
  public let scale: Double
  /// One for each channel, in the order of the input's planes (B, G, R for `bgr`).
  public let mean: [Double]
  public let std: [Double]

  public var channels: Int { color == .gray ? 1 : 3 }

  /// The tensor for a JPEG file: f32 [1, channels, height, width].
  /// Throws: what `Image.decodeJPEG` and `prepare(_:)` do.
  public func prepare(jpeg: UnsafeRawBufferPointer) throws(DLError) -> Constant {
    try prepare(Image.decodeJPEG(jpeg))
  }

  /// The tensor for a picture: f32 [1, channels, height, width].
  /// Throws: shapeMismatch when the picture's size does not lead to the input's, unsupported when it would become too
  /// large on the way, outOfMemory.
  public func prepare(_ image: Image) throws(DLError) -> Constant {
    let fitted = try fit(image)
    let sizes = [1, channels, fitted.height, fitted.width]
    guard let bytes = byteCount(.f32, sizes) else {
      throw DLError(.outOfMemory, "an input \(describe(sizes)) is larger than memory can be")
    }
    let storage: Storage = try .allocate(bytes) { memory in
      fitted.withPixels { normalize($0, into: memory.bindMemory(to: Float.self)) }
    }
    return try Constant(.f32, sizes, storage)
  }

  /// The picture in the input's size and number of channels.
  func fit(_ image: Image) throws(DLError) -> Image {
    var result = try color == .gray ? image.gray() : image.rgb()
    switch resize {
    case .none: break
    case .stretch(let height, let width):
      result = try result.resized(width: width, height: height)
    case .shortestSide(let side):
      result =
        try result.width < result.height
        ? result.resized(width: side, height: proportional(side, result.height, result.width))
        : result.resized(width: proportional(side, result.width, result.height), height: side)
    case .cover(let height, let width):
      let byWidth = proportional(width, result.height, result.width)
      result =
        try byWidth >= height
        ? result.resized(width: width, height: byWidth)
        : result.resized(width: proportional(height, result.width, result.height), height: height)
    }
    let expected = (width: width ?? result.width, height: height ?? result.height)
    if centerCrop, expected.width <= result.width, expected.height <= result.height {
      return try result.cropped(
        x: halfToEven(result.width - expected.width), y: halfToEven(result.height - expected.height), width: expected.width,
        height: expected.height)
    }
    guard expected.width == result.width, expected.height == result.height else {
      throw DLError(
        .shapeMismatch,
        "the image (\(image.width) x \(image.height)) becomes \(result.width) x \(result.height) pixels, the input takes "
          + "\(expected.width) x \(expected.height)")
    }
    return result
  }

  /// Planes of (pixel · scale − mean) / std: a table of 256 values for each channel, then a look-up.
  private func normalize(_ pixels: UnsafeBufferPointer<UInt8>, into planes: UnsafeMutableBufferPointer<Float>) {
    let count = pixels.count / channels
    var table = [Float](repeating: 0, count: 256)
    for c in 0..<channels {
      for p in 0..<256 { table[p] = Float((Double(p) * scale - mean[c]) / std[c]) }
      let source = pixels.baseAddress! + (color == .bgr ? 2 - c : c)
      let plane = planes.baseAddress! + c * count
      table.withUnsafeBufferPointer { table in
        for i in 0..<count { plane[i] = table[Int(source[i * channels])] }
      }
    }
  }
}

/// new · a/b rounded down, at least 1; too large a result stays too large for an image.
private func proportional(_ new: Int, _ a: Int, _ b: Int) -> Int {
  let (product, overflow) = new.multipliedReportingOverflow(by: a)
  return overflow ? Int.max : max(product / b, 1)
}

/// n / 2 with halves to the even neighbour: where torchvision's centre crop begins.
private func halfToEven(_ n: Int) -> Int {
  let half = n / 2
  return n % 2 == 1 && half % 2 == 1 ? half + 1 : half
}
