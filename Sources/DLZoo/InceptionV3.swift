import DLTrain

// Szegedy et al. 2016, figures 5 to 7; as torchvision has it, without the auxiliary classifier.

extension Architecture {
  static let inceptionV3 = Architecture(
    "inception_v3", "photographs (Szegedy et al. 2016), without auxiliary classifier", input: [3, 299, 299]
  ) { maker in
    var m = Inception(maker: maker)
    var layers: [any Layer<Float>] = [
      m.maker.convNorm(3, 32, stride: 2, padding: 0, epsilon: 1e-3, from: .identity), m.conv(32, 32, padding: 0), m.conv(32, 64),
      MaxPool2D(3, stride: 2), m.conv(64, 80, [1, 1]), m.conv(80, 192, padding: 0), MaxPool2D(3, stride: 2),
      m.blockA(192, pooled: 32), m.blockA(256, pooled: 64), m.blockA(288, pooled: 64), m.blockB(288),
    ]
    for width in [128, 160, 160, 192] { layers.append(m.blockC(width)) }
    layers += [m.blockD(), m.blockE(1280), m.blockE(2048), GlobalAveragePool(), Flatten(), Dropout(0.5)]
    layers.append(m.maker.dense(2048, 1000))
    maker = m.maker
    return Sequential(layers)
  }
}

/// The blocks by torchvision's letters.
private struct Inception {
  var maker: LayerMaker

  mutating func conv(
    _ inputs: Int, _ outputs: Int, _ kernel: [Int] = [3, 3], stride: Int = 1, padding: Int? = nil
  ) -> Sequential<Float> {
    maker.convNorm(
      inputs, outputs, kernel: kernel, stride: stride, padding: padding.map { [$0, $0] }, epsilon: 1e-3)
  }

  /// A 1×1 convolution of averages.
  private mutating func pooled(_ inputs: Int, _ outputs: Int) -> Sequential<Float> {
    Sequential(AveragePool2D(3, stride: 1, padding: 1, countPadding: true), conv(inputs, outputs, [1, 1]))
  }

  mutating func blockA(_ inputs: Int, pooled width: Int) -> Branches<Float> {
    Branches(
      conv(inputs, 64, [1, 1]), Sequential(conv(inputs, 48, [1, 1]), conv(48, 64, [5, 5])),
      Sequential(conv(inputs, 64, [1, 1]), conv(64, 96), conv(96, 96)), pooled(inputs, width))
  }

  mutating func blockB(_ inputs: Int) -> Branches<Float> {
    Branches(
      conv(inputs, 384, stride: 2, padding: 0),
      Sequential(conv(inputs, 64, [1, 1]), conv(64, 96), conv(96, 96, stride: 2, padding: 0)), MaxPool2D(3, stride: 2))
  }

  /// 7×7 convolutions as a row and a column.
  mutating func blockC(_ width: Int) -> Branches<Float> {
    Branches(
      conv(768, 192, [1, 1]),
      Sequential(conv(768, width, [1, 1]), conv(width, width, [1, 7]), conv(width, 192, [7, 1])),
      Sequential(
        conv(768, width, [1, 1]), conv(width, width, [7, 1]), conv(width, width, [1, 7]), conv(width, width, [7, 1]),
        conv(width, 192, [1, 7])),
      pooled(768, 192))
  }

  mutating func blockD() -> Branches<Float> {
    Branches(
      Sequential(conv(768, 192, [1, 1]), conv(192, 320, stride: 2, padding: 0)),
      Sequential(
        conv(768, 192, [1, 1]), conv(192, 192, [1, 7]), conv(192, 192, [7, 1]), conv(192, 192, stride: 2, padding: 0)),
      MaxPool2D(3, stride: 2))
  }

  mutating func blockE(_ inputs: Int) -> Branches<Float> {
    Branches(
      conv(inputs, 320, [1, 1]),
      Sequential(conv(inputs, 384, [1, 1]), Branches(conv(384, 384, [1, 3]), conv(384, 384, [3, 1]))),
      Sequential(
        conv(inputs, 448, [1, 1]), conv(448, 384), Branches(conv(384, 384, [1, 3]), conv(384, 384, [3, 1]))),
      pooled(inputs, 192))
  }
}
