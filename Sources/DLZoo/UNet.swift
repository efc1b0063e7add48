import DLTrain

/// Down by pooling, up by transposed convolution, each level's image handed across. Ronneberger et al. 2015; padded, so that the
/// mask has the size of the image, and normalised.
struct UNet: Layer {
  private let down: [Sequential<Float>]
  private let up: [ConvTranspose2D<Float>]
  private let merge: [Sequential<Float>]
  private let head: Conv2D<Float>

  /// widths: channels of each level, the image's own first.
  init(_ inputs: Int, classes: Int, widths: [Int], _ m: inout LayerMaker) {
    var (down, up, merge): ([Sequential<Float>], [ConvTranspose2D<Float>], [Sequential<Float>]) = ([], [], [])
    var channels = inputs
    for width in widths {
      down.append(Sequential(m.convNorm(channels, width, from: down.isEmpty ? .identity : .relu), m.convNorm(width, width)))
      channels = width
    }
    for width in widths.dropLast().reversed() {
      up.append(m.convTranspose(channels, width, kernel: 2, stride: 2))
      merge.append(Sequential(m.convNorm(2 * width, width), m.convNorm(width, width)))
      channels = width
    }
    (self.down, self.up, self.merge) = (down, up, merge)
    head = m.conv(channels, classes, kernel: 1)
  }

  func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> {
    var x = x
    var across: [Tensor<Float>] = []
    for (level, layer) in down.enumerated() {
      x = layer(level == 0 ? x : MaxPool2D(2)(x))
      across.append(x)
    }
    across.removeLast()
    for (grow, layer) in zip(up, merge) { x = layer(concatenate([across.removeLast(), grow(x)], axis: 1)) }
    return head(x)
  }

  var parameters: Parameters<Float> {
    var all: Parameters<Float> = [:]
    for (i, layer) in down.enumerated() { all.append(layer, as: "down\(i + 1)") }
    for (i, layer) in up.enumerated() { all.append(layer, as: "up\(i + 1)") }
    for (i, layer) in merge.enumerated() { all.append(layer, as: "merge\(i + 1)") }
    all.append(head, as: "head")
    return all
  }
}

extension Architecture {
  static let unet = Architecture(
    "unet", "masks of two classes (Ronneberger et al. 2015), 64 to 1024 channels", input: [3, 256, 256],
    task: .other("scores")
  ) { m in UNet(3, classes: 2, widths: [64, 128, 256, 512, 1024], &m) }

  static let unetSmall = Architecture(
    "unet_small", "the same with 16 to 256 channels", input: [3, 256, 256], task: .other("scores")
  ) { m in UNet(3, classes: 2, widths: [16, 32, 64, 128, 256], &m) }
}
