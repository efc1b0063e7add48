import DLTrain

extension Architecture {
  /// Howard et al. 2017: depthwise 3×3 and 1×1 convolutions in turn.
  static let mobilenetV1 = Architecture("mobilenet_v1", "photographs (Howard et al. 2017)", input: [3, 224, 224]) { m in
    var layers: [any Layer<Float>] = [m.convNorm(3, 32, stride: 2, from: .identity)]
    var channels = 32
    let shape = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + Array(repeating: (512, 1), count: 5)
    for (width, stride) in shape + [(1024, 2), (1024, 1)] {
      layers.append(m.convNorm(channels, channels, stride: stride, groups: channels))
      layers.append(m.convNorm(channels, width, kernel: 1))
      channels = width
    }
    layers += [GlobalAveragePool(), Flatten(), m.dense(1024, 1000)]
    return Sequential(layers)
  }

  /// Sandler et al. 2018: bottlenecks the other way round, wide inside, linear at the ends.
  static let mobilenetV2 = Architecture("mobilenet_v2", "photographs (Sandler et al. 2018)", input: [3, 224, 224]) { m in
    var layers: [any Layer<Float>] = [m.convNorm(3, 32, stride: 2, from: .identity, .relu6)]
    var channels = 32
    for (expansion, width, count, first) in [
      (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ] {
      for block in 0..<count {
        let stride = block == 0 ? first : 1
        let wide = channels * expansion
        var body: [any Layer<Float>] = []
        if expansion > 1 { body.append(m.convNorm(channels, wide, kernel: 1, from: .identity, .relu6)) }
        body.append(m.convNorm(wide, wide, stride: stride, groups: wide, .relu6))
        let isSum = stride == 1 && channels == width
        body.append(m.convNorm(wide, width, kernel: 1, .identity, gain: isSum ? 0.5 : 1))
        layers.append(isSum ? Residual(Sequential(body)) : Sequential(body))
        channels = width
      }
    }
    layers += [
      m.convNorm(320, 1280, kernel: 1, from: .identity, .relu6), GlobalAveragePool(), Flatten(), Dropout(0.2),
      m.dense(1280, 1000),
    ]
    return Sequential(layers)
  }
}
