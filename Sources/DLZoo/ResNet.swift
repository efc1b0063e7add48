import DLTrain

// He et al. 2016; strides of bottlenecks are in the 3×3 convolution, as everybody has them since.

extension Architecture {
  static let resnet18 = Architecture("resnet18", "photographs (He et al. 2016)", input: [3, 224, 224]) { m in
    resnet(&m, blocks: [2, 2, 2, 2], isBottleneck: false, outputs: 1000)
  }
  static let resnet50 = Architecture("resnet50", "photographs (He et al. 2016)", input: [3, 224, 224]) { m in
    resnet(&m, blocks: [3, 4, 6, 3], isBottleneck: true, outputs: 1000)
  }
}

func resnet(_ m: inout LayerMaker, blocks: [Int], isBottleneck: Bool, outputs: Int) -> Sequential<Float> {
  var layers: [any Layer<Float>] = [
    m.convNorm(3, 64, kernel: 7, stride: 2, from: .identity), MaxPool2D(3, stride: 2, padding: 1),
  ]
  var channels = 64
  for (stage, count) in blocks.enumerated() {
    let width = 64 << stage
    for block in 0..<count {
      let stride = stage > 0 && block == 0 ? 2 : 1
      let wide = isBottleneck ? 4 * width : width
      let body = isBottleneck ? bottleneck(&m, channels, width, stride) : basic(&m, channels, width, stride)
      let changes = stride > 1 || channels != wide
      layers.append(
        Residual(body, shortcut: changes ? m.convNorm(channels, wide, kernel: 1, stride: stride, .identity) : nil))
      layers.append(ReLU())
      channels = wide
    }
  }
  layers += [GlobalAveragePool(), Flatten(), m.dense(channels, outputs)]
  return Sequential(layers)
}

/// What is added to the shortcut is scaled down, so that sums of many blocks stay small (Goyal et al. 2017 begin with 0).
private let gain = 0.5

private func basic(_ m: inout LayerMaker, _ inputs: Int, _ width: Int, _ stride: Int) -> Sequential<Float> {
  Sequential(m.convNorm(inputs, width, stride: stride), m.convNorm(width, width, .identity, gain: gain))
}

private func bottleneck(_ m: inout LayerMaker, _ inputs: Int, _ width: Int, _ stride: Int) -> Sequential<Float> {
  Sequential(
    m.convNorm(inputs, width, kernel: 1), m.convNorm(width, width, stride: stride),
    m.convNorm(width, 4 * width, kernel: 1, .identity, gain: gain))
}
