import DLTrain

extension Architecture {
  /// The two columns of the paper are groups (60.97 million parameters; 62.4 without); its response normalisation has k = 2,
  /// n = 5, α = 10⁻⁴ for each channel, β = 0.75.
  static let alexnet = Architecture(
    "alexnet", "photographs (Krizhevsky et al. 2012), two groups, response normalisation", input: [3, 227, 227]
  ) { m in
    let net: Sequential<Float> = [
      "conv1": m.conv(3, 96, kernel: 11, stride: 4), "relu1": ReLU(), "norm1": LocalResponseNorm(),
      "pool1": MaxPool2D(3, stride: 2),
      "conv2": m.conv(96, 256, kernel: 5, padding: 2, groups: 2), "relu2": ReLU(), "norm2": LocalResponseNorm(),
      "pool2": MaxPool2D(3, stride: 2),
      "conv3": m.conv(256, 384, kernel: 3, padding: 1), "relu3": ReLU(),
      "conv4": m.conv(384, 384, kernel: 3, padding: 1, groups: 2), "relu4": ReLU(),
      "conv5": m.conv(384, 256, kernel: 3, padding: 1, groups: 2), "relu5": ReLU(),
      "pool5": MaxPool2D(3, stride: 2), "flatten": Flatten(),
      "fc6": m.dense(9216, 4096), "relu6": ReLU(), "drop6": Dropout(0.5),
      "fc7": m.dense(4096, 4096), "relu7": ReLU(), "drop7": Dropout(0.5), "fc8": m.dense(4096, 1000),
    ]
    return net
  }
}
