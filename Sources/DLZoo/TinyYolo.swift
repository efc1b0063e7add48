import DLGraph
import DLTrain

extension Architecture {
  /// 13 × 13 cells with five boxes of 25 numbers each. The last pooling slides by one and keeps the size, by a row and a column
  /// of padding at the end.
  static let tinyYolo = Architecture(
    "tiny_yolo", "boxes of objects (Redmon and Farhadi 2017, tiny)", input: [3, 416, 416], task: .other("boxes")
  ) { m in
    var layers: [any Layer<Float>] = []
    var channels = 3
    for width in [16, 32, 64, 128, 256] {
      layers += [m.convNorm(channels, width, from: channels == 3 ? .identity : .relu, .leakyRelu(slope: 0.1)), MaxPool2D(2)]
      channels = width
    }
    let keepsSize = Window(strides: [1, 1], dilations: [1, 1], padBegin: [0, 0], padEnd: [1, 1])
    layers += [
      m.convNorm(256, 512, .leakyRelu(slope: 0.1)), MaxPool2D(2, keepsSize), m.convNorm(512, 1024, .leakyRelu(slope: 0.1)),
      m.convNorm(1024, 1024, .leakyRelu(slope: 0.1)), m.conv(1024, 125, kernel: 1),
    ]
    return Sequential(layers)
  }
}
