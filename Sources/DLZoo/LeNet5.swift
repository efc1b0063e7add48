import DLTrain

extension Architecture {
  static let lenet5 = Architecture(
    "lenet5", "digits (LeCun et al. 1998, with ReLU and max pooling)", input: [1, 28, 28], normalisation: .mnist,
    labels: (0..<10).map { "\($0)" }
  ) { m in
    let net: Sequential<Float> = [
      "conv1": m.conv(1, 6, kernel: 5, padding: 2), "relu1": ReLU(), "pool1": MaxPool2D(2),
      "conv2": m.conv(6, 16, kernel: 5), "relu2": ReLU(), "pool2": MaxPool2D(2), "flatten": Flatten(),
      "fc1": m.dense(400, 120), "relu3": ReLU(), "fc2": m.dense(120, 84), "relu4": ReLU(), "fc3": m.dense(84, 10),
    ]
    return net
  }

  static let mlp = Architecture(
    "mlp", "digits as 784 numbers, through 300 and 100 units (LeCun et al. 1998)", input: [784], normalisation: nil
  ) { m in
    let net: Sequential<Float> = [
      "fc1": m.dense(784, 300), "relu1": ReLU(), "fc2": m.dense(300, 100), "relu2": ReLU(), "fc3": m.dense(100, 10),
    ]
    return net
  }
}
