import DLTrain

/// Channels weighed by what all of them are on average: x · sigmoid(expand(silu(reduce(mean of x)))). Hu et al. 2018.
struct SqueezeExcite: Layer {
  let reduce, expand: Conv2D<Float>

  init(_ channels: Int, squeezed: Int, _ m: inout LayerMaker) {
    reduce = m.conv(channels, squeezed, kernel: 1)
    expand = m.conv(squeezed, channels, kernel: 1)
  }

  func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> {
    x * sigmoid(expand(SiLU()(reduce(GlobalAveragePool()(x)))))
  }

  var parameters: Parameters<Float> { ["reduce": reduce, "expand": expand] }
}

extension Architecture {
  static let efficientnetB0 = Architecture("efficientnet_b0", "photographs (Tan and Le 2019)", input: [3, 224, 224]) { m in
    var layers: [any Layer<Float>] = [m.convNorm(3, 32, stride: 2, from: .identity, .silu)]
    var channels = 32
    for (expansion, kernel, first, width, count) in [
      (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4),
      (6, 3, 1, 320, 1),
    ] {
      for block in 0..<count {
        let stride = block == 0 ? first : 1
        let wide = channels * expansion
        var body: [any Layer<Float>] = []
        if expansion > 1 { body.append(m.convNorm(channels, wide, kernel: 1, from: .identity, .silu)) }
        body.append(m.convNorm(wide, wide, kernel: kernel, stride: stride, groups: wide, from: .silu, .silu))
        body.append(SqueezeExcite(wide, squeezed: channels / 4, &m))
        let isSum = stride == 1 && channels == width
        // The excitation is about a half, which the gain makes up for. Of numbers far above 1 more passes SiLU and excitation, so
        // that they would double from block to block: sums must not make them so large.
        body.append(m.convNorm(wide, width, kernel: 1, from: .silu, .identity, gain: isSum ? 0.5 : 2))
        layers.append(isSum ? Residual(Sequential(body)) : Sequential(body))
        channels = width
      }
    }
    layers += [
      m.convNorm(320, 1280, kernel: 1, from: .identity, .silu), GlobalAveragePool(), Flatten(), Dropout(0.2),
      m.dense(1280, 1000),
    ]
    return Sequential(layers)
  }
}
