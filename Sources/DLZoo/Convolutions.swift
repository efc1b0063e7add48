import DLTrain

// Networks over one and three spatial axes.

extension Architecture {
  /// Dai et al. 2017 (M5).
  static let conv1D = Architecture(
    "conv1d", "a second of sound at 16 kHz to 35 words (Dai et al. 2017)", input: [1, 16000], normalisation: nil
  ) { m in
    var layers: [any Layer<Float>] = []
    var channels = 1
    for (width, kernel, stride) in [(64, 80, 4), (64, 3, 1), (128, 3, 1), (256, 3, 1)] {
      layers += [
        m.conv1D(channels, width, kernel: kernel, stride: stride), m.norm(width, from: channels == 1 ? .identity : .relu), ReLU(),
        MaxPool([4]),
      ]
      channels = width
    }
    layers += [GlobalAveragePool(), Flatten(), m.dense(256, 35)]
    return Sequential(layers)
  }

  /// Tran et al. 2015 (C3D), narrower.
  static let conv3D = Architecture(
    "conv3d", "16 frames of 112 × 112 to 101 actions (Tran et al. 2015)", input: [3, 16, 112, 112], normalisation: nil
  ) { m in
    var layers: [any Layer<Float>] = []
    var channels = 3
    for (i, widths) in [[32], [64], [128, 128], [256, 256]].enumerated() {
      for width in widths {
        layers += [m.conv3D(channels, width, kernel: 3, padding: 1), ReLU()]
        channels = width
      }
      // Time is pooled from the second stage on.
      layers.append(MaxPool(i == 0 ? [1, 2, 2] : [2, 2, 2]))
    }
    layers += [Flatten(), m.dense(256 * 2 * 49, 512), ReLU(), m.dense(512, 101)]
    return Sequential(layers)
  }
}
