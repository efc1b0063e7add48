import DLTrain

/// How alike two images are: the differences of their embeddings, which one network computes of both, are weighed.
private struct Siamese: Network {
  let embed: Sequential<Float>
  let score: Dense<Float>

  func callAsFunction(_ images: [Tensor<Float>]) -> [Tensor<Float>] {
    [sigmoid(score(abs(embed(images[0]) - embed(images[1]))))]
  }

  var parameters: Parameters<Float> { ["embed": embed, "score": score] }
}

extension Architecture {
  static let siamese = Architecture(
    "siamese", "whether two drawings are of one character (Koch et al. 2015)",
    inputs: [GraphInput("first", [1, 105, 105]), GraphInput("second", [1, 105, 105])], task: .other("similarity")
  ) { m in
    let embed: Sequential<Float> = [
      "conv1": m.conv(1, 64, kernel: 10), "relu1": ReLU(), "pool1": MaxPool2D(2),
      "conv2": m.conv(64, 128, kernel: 7), "relu2": ReLU(), "pool2": MaxPool2D(2),
      "conv3": m.conv(128, 128, kernel: 4), "relu3": ReLU(), "pool3": MaxPool2D(2),
      "conv4": m.conv(128, 256, kernel: 4), "relu4": ReLU(), "flatten": Flatten(),
      "fc": m.dense(256 * 36, 4096), "sigmoid": Sigmoid(),
    ]
    return Siamese(embed: embed, score: m.dense(4096, 1))
  }
}
