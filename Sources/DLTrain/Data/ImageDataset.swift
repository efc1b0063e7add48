import DLGraph
import Foundation

/// How pixels become numbers: value = (pixel · scale − mean) / std, the same for training and, as metadata of the exported
/// model, for inference.
public struct Normalisation: Sendable {
  public let scale: Double
  /// One for each channel.
  public let mean, std: [Double]

  public init(scale: Double = 1.0 / 255, mean: [Double], std: [Double]) {
    self.scale = scale
    self.mean = mean
    self.std = std
  }
  /// MNIST's mean and deviation.
  public static let mnist = Normalisation(mean: [0.1307], std: [0.3081])

  /// The value of each of the 256 pixel values.
  func table(channel: Int) -> [Float] { (0..<256).map { Float((Double($0) * scale - mean[channel]) / std[channel]) } }
}

/// Labelled images of one size in memory.
public struct ImageDataset: Sendable {
  /// [channels, height, width] of an image.
  public let shape: [Int]
  /// Image after image, plane after plane.
  public let pixels: [UInt8]
  /// Class numbers, one an image.
  public let labels: [Int]
  public let normalisation: Normalisation

  /// - Throws: shapeMismatch if the counts do not fit
  public init(shape: [Int], pixels: [UInt8], labels: [Int], normalisation: Normalisation) throws(DLError) {
    guard shape.count == 3, let size = elementCount(shape), size > 0, pixels.count == size * labels.count else {
      throw DLError(.shapeMismatch, "\(pixels.count) pixels for \(labels.count) labels and images \(describe(shape))")
    }
    guard normalisation.mean.count == shape[0], normalisation.std.count == shape[0] else {
      throw DLError(.shapeMismatch, "normalisation of \(normalisation.mean.count) channels for images \(describe(shape))")
    }
    self.init(shape, fitting: pixels, labels, normalisation)
  }

  /// For counts that fit by construction.
  init(_ shape: [Int], fitting pixels: [UInt8], _ labels: [Int], _ normalisation: Normalisation) {
    self.shape = shape
    self.pixels = pixels
    self.labels = labels
    self.normalisation = normalisation
  }

  public enum Part: String, Sendable {
    case train
    case test = "t10k"
  }

  /// MNIST, or a set in its format, from the folder that holds `train-images-idx3-ubyte.gz` and its like.
  /// - Throws: ioError, shapeMismatch
  public static func mnist(_ folder: URL, _ part: Part) throws(DLError) -> ImageDataset {
    let images = try IDX(contentsOf: folder.appendingPathComponent("\(part.rawValue)-images-idx3-ubyte.gz"))
    let labels = try IDX(contentsOf: folder.appendingPathComponent("\(part.rawValue)-labels-idx1-ubyte.gz"))
    guard images.shape.count == 3, labels.shape == [images.shape[0]] else {
      throw DLError(.shapeMismatch, "MNIST: images \(describe(images.shape)), labels \(describe(labels.shape))")
    }
    return try ImageDataset(
      shape: [1] + images.shape[1...], pixels: images.bytes, labels: labels.bytes.map { Int($0) }, normalisation: .mnist)
  }

  public var count: Int { labels.count }

  /// The pixels of one image.
  public func image(_ index: Int) -> ArraySlice<UInt8> {
    let size = shape.reduce(1, *)
    return pixels[(index * size)..<((index + 1) * size)]
  }

  /// The images at these indices, in their order.
  public func subset(_ indices: some Sequence<Int>) -> ImageDataset {
    let indices = Array(indices)
    return ImageDataset(shape, fitting: indices.flatMap { image($0) }, indices.map { labels[$0] }, normalisation)
  }

  /// Random parts without overlap: `dev` and `test` are shares of the whole, training gets the rest.
  public func split(dev: Double, test: Double = 0, using generator: inout Generator) -> (
    train: ImageDataset, dev: ImageDataset, test: ImageDataset
  ) {
    precondition(dev >= 0 && test >= 0 && dev + test <= 1, "shares of \(dev) and \(test)")
    let order = generator.permutation(of: count)
    let devEnd = Int(Double(count) * dev)
    let testEnd = devEnd + Int(Double(count) * test)
    return (subset(order[testEnd...]), subset(order[..<devEnd]), subset(order[devEnd..<testEnd]))
  }

  /// Normalised images [indices, channels, height, width] with their labels.
  public func batch(_ indices: ArraySlice<Int>) -> (images: Tensor<Float>, labels: [Int]) {
    let plane = shape[1] * shape[2]
    let tables = (0..<shape[0]).map { normalisation.table(channel: $0) }
    let images = Tensor<Float>(uninitialized: [indices.count] + shape) { images in
      var to = images
      for index in indices {
        for (channel, table) in tables.enumerated() {
          let first = (index * shape[0] + channel) * plane
          for i in 0..<plane { to[i] = table[Int(pixels[first + i])] }
          to += plane
        }
      }
    }
    return (images, indices.map { labels[$0] })
  }
}
