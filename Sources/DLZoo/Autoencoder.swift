import DLTrain

extension Architecture {
  /// Hinton and Salakhutdinov 2006, with convolutions.
  static let autoencoder = Architecture(
    "autoencoder", "images to 128 numbers and back (Hinton and Salakhutdinov 2006, convolutional)", input: [3, 128, 128],
    task: .other("reconstruction")
  ) { m in
    var layers: [any Layer<Float>] = []
    var channels = 3
    for width in [32, 64, 128, 256] {
      layers += [m.conv(channels, width, kernel: 3, stride: 2, padding: 1), ReLU()]
      channels = width
    }
    layers += [Flatten(), m.dense(256 * 64, 128), m.dense(128, 256 * 64), ReLU(), Reshape([256, 8, 8])]
    for width in [128, 64, 32] {
      layers += [m.convTranspose(channels, width, kernel: 4, stride: 2, padding: 1), ReLU()]
      channels = width
    }
    layers += [m.convTranspose(32, 3, kernel: 4, stride: 2, padding: 1), Sigmoid()]
    return Sequential(layers)
  }
}
