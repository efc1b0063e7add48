import DLTrain

extension Architecture {
  static let vgg16 = Architecture("vgg16", "photographs (Simonyan and Zisserman 2015)", input: [3, 224, 224]) { m in
    var layers: [any Layer<Float>] = []
    var channels = 3
    for (width, count) in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)] {
      for _ in 0..<count {
        layers += [m.conv(channels, width, kernel: 3, padding: 1), ReLU()]
        channels = width
      }
      layers.append(MaxPool2D(2))
    }
    layers += [Flatten(), m.dense(512 * 49, 4096), ReLU(), Dropout(0.5), m.dense(4096, 4096), ReLU(), Dropout(0.5)]
    layers.append(m.dense(4096, 1000))
    return Sequential(layers)
  }
}
