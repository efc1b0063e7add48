import DLGraph
import DLTrain

/// The widths of an Inception module: 1×1; 1×1 before 3×3, and that; 1×1 before the second 3×3, and that; 1×1 after pooling.
private struct Widths {
  let one, before3, three, before5, five, pooled: Int

  init(_ one: Int, _ before3: Int, _ three: Int, _ before5: Int, _ five: Int, _ pooled: Int) {
    (self.one, self.before3, self.three, self.before5, self.five, self.pooled) = (one, before3, three, before5, five, pooled)
  }
  var sum: Int { one + three + five + pooled }
}

extension Architecture {
  /// The variant with batch normalisation of torchvision: its 5×5 convolutions are 3×3, its pooling rounds sizes up.
  static let googlenet = Architecture(
    "googlenet", "photographs (Szegedy et al. 2015), batch normalisation, without auxiliary classifiers",
    input: [3, 224, 224]
  ) { m in
    let pool = MaxPool2D<Float>(3, Window(strides: [2, 2], dilations: [1, 1], padBegin: [0, 0], padEnd: [0, 0], ceil: true))
    var layers: [any Layer<Float>] = [
      m.convNorm(3, 64, kernel: 7, stride: 2, epsilon: 1e-3, from: .identity), pool,
      m.convNorm(64, 64, kernel: 1, epsilon: 1e-3), m.convNorm(64, 192, epsilon: 1e-3), pool,
    ]
    var channels = 192
    let stages = [
      [Widths(64, 96, 128, 16, 32, 32), Widths(128, 128, 192, 32, 96, 64)],
      [
        Widths(192, 96, 208, 16, 48, 64), Widths(160, 112, 224, 24, 64, 64), Widths(128, 128, 256, 24, 64, 64),
        Widths(112, 144, 288, 32, 64, 64), Widths(256, 160, 320, 32, 128, 128),
      ],
      [Widths(256, 160, 320, 32, 128, 128), Widths(384, 192, 384, 48, 128, 128)],
    ]
    for (i, stage) in stages.enumerated() {
      if i == 1 { layers.append(pool) }
      if i == 2 { layers.append(MaxPool2D(2)) }
      for widths in stage {
        layers.append(inception(&m, channels, widths))
        channels = widths.sum
      }
    }
    layers += [GlobalAveragePool(), Flatten(), Dropout(0.2), m.dense(1024, 1000)]
    return Sequential(layers)
  }
}

private func inception(_ m: inout LayerMaker, _ inputs: Int, _ w: Widths) -> Branches<Float> {
  Branches(
    m.convNorm(inputs, w.one, kernel: 1, epsilon: 1e-3),
    Sequential(m.convNorm(inputs, w.before3, kernel: 1, epsilon: 1e-3), m.convNorm(w.before3, w.three, epsilon: 1e-3)),
    Sequential(m.convNorm(inputs, w.before5, kernel: 1, epsilon: 1e-3), m.convNorm(w.before5, w.five, epsilon: 1e-3)),
    Sequential(MaxPool2D(3, stride: 1, padding: 1), m.convNorm(inputs, w.pooled, kernel: 1, epsilon: 1e-3)))
}
