import DLGraph
import Foundation
import KernelTypes
import TestSupport
import Testing

/// The kernels' own exp, tanh, sigmoid and logarithm, and what becomes of special values.
@Suite struct Functions {
  func apply(_ set: KernelSet, _ activation: Activation, _ x: [Float]) -> [Float] {
    let input = Guarded(x), y = Guarded(count: x.count)
    set.activate(activation, x.count, input.base, y.base)
    return y.bandsIntact ? y.values : []
  }

  /// Distance in units in the last place of the true value.
  func ulps(_ y: Float, _ truth: Double) -> Double {
    let expected = Float(truth)
    return abs(Double(y) - truth) / Double(max(expected.magnitude, .leastNormalMagnitude).ulp)
  }

  /// 40,000 points, evenly spread in `range`.
  func points(_ range: ClosedRange<Double>) -> [Float] {
    (0...40_000).map { Float(range.lowerBound + (range.upperBound - range.lowerBound) * Double($0) / 40_000) }
  }

  @Test func tanhIsWithinThreeUlps() {
    let x = points(-12...12) + points(-0.7...0.7) + points(-1e-4...1e-4)
    for set in kernelSets {
      let y = apply(set, .tanh, x)
      let worst = zip(x, y).map { ulps($1, tanh(Double($0))) }.max() ?? .infinity
      #expect(worst <= 3, "\(set.isa): \(worst)")
    }
  }

  @Test func sigmoidIsWithinFourUlps() {
    let x = points(-80...30) + points(-1...1)
    for set in kernelSets {
      let y = apply(set, .sigmoid, x)
      let worst = zip(x, y).map { ulps($1, 1 / (1 + exp(-Double($0)))) }.max() ?? .infinity
      #expect(worst <= 4, "\(set.isa): \(worst)")
    }
  }

  /// Softmax of (x, 0) shows exp alone: below −20 its sum is 1 and its first output exp(x).
  @Test func expIsWithinTwoUlps() {
    for set in kernelSets {
      var worst = 0.0
      for x in points(-87.3 ... -20) {
        let input = Guarded([x, 0]), y = Guarded(count: 2)
        set.softmax(1, 2, input.base, y.base)
        worst = max(worst, ulps(y.values[0], exp(Double(x))))
      }
      #expect(worst <= 2, "\(set.isa): \(worst)")
    }
  }

  @Test func saturationAndSpecialValues() {
    let infinity = Float.infinity
    let x: [Float] = [infinity, -infinity, 200, -200, 0, -0.0, .nan, 1e-38, 3e38]
    for set in kernelSets {
      let sigmoid = apply(set, .sigmoid, x)
      #expect(sigmoid[0] == 1 && sigmoid[1] == 0 && sigmoid[2] == 1 && sigmoid[3] == 0 && sigmoid[4] == 0.5)
      #expect(sigmoid[6].isNaN)
      let tanh = apply(set, .tanh, x)
      #expect(tanh[0] == 1 && tanh[1] == -1 && tanh[2] == 1 && tanh[3] == -1 && tanh[4] == 0)
      #expect(tanh[6].isNaN && tanh[8] == 1)
      let relu = apply(set, .relu, x)
      #expect(relu[0] == infinity && relu[1] == 0 && relu[3] == 0 && relu[8] == 3e38)
      #expect(relu[1].sign == .plus)
      #expect(relu[6].isNaN)
      let leaky = apply(set, .leakyRelu(slope: 0.5), x)
      #expect(leaky[1] == -infinity && leaky[3] == -100 && leaky[2] == 200)
      #expect(leaky[6].isNaN)
    }
  }

  @Test func maxPoolKeepsANaN() {
    var g = WindowGeometry()
    g.inHeight = 2
    g.inWidth = 2
    g.kernelHeight = 2
    g.kernelWidth = 2
    for set in kernelSets {
      for at in 0..<4 {
        var x: [Float] = [1, 4, 2, 3]
        x[at] = .nan
        let input = Guarded(x), y = Guarded(count: 1)
        set.pool(PoolCall(kind: .max, geometry: g, x: input.base, y: y.base), 0..<1)
        #expect(y.values[0].isNaN, "\(set.isa): NaN at \(at)")
      }
    }
  }

  @Test func localResponseNormOfLargeSums() throws {
    // (bias + alpha/size · Σx²)^−beta far from 1, where the logarithm matters.
    for set in kernelSets {
      for scale: Float in [1, 100, 1e6] {
        let x = (0..<40).map { scale * (Float($0 % 7) - 3) }
        let input = Guarded(x), y = Guarded(count: 40)
        set.localResponseNorm(1, 40, 5, 2, 0.75, 1, input.base, y.base)
        let truth = try OpCase(
          .localResponseNorm(size: 5, alpha: 2, beta: 0.75, bias: 1), [.f32([1, 40, 1], x.map { Double($0) })]
        ).reference()
        for (a, b) in zip(y.values, truth) { #expect(abs(Double(a) - b) <= 4e-6 * abs(b), "\(set.isa), scale \(scale)") }
      }
    }
  }

  /// Windows that are folded together share columns, which are added up first: of each image the same ones.
  @Test func averagesDoNotDependOnTheBatch() {
    var g = WindowGeometry()
    (g.batch, g.inHeight, g.inWidth, g.outHeight, g.outWidth) = (20, 2, 46, 1, 44)
    (g.kernelHeight, g.kernelWidth, g.channels, g.inPixelStride, g.outPixelStride) = (2, 3, 32, 32, 32)
    let image: [Float] = (0..<2944).map { (i: Int) -> Float in Float(i * 37 % 101) / 7 - 6 }
    let x = Guarded(Array(repeatElement(image, count: 20).joined()))
    for set in kernelSets {
      func pool(batch: Int) -> [Float] {
        g.batch = batch
        let y = Guarded(count: batch * 44 * 32)
        let call = PoolCall(kind: .average(countPadding: false), geometry: g, x: x.base, y: y.base)
        set.pool(call, 0..<call.units)
        return y.values
      }
      let one = pool(batch: 1)
      #expect(pool(batch: 20) == Array(repeatElement(one, count: 20).joined()), "\(set.isa)")
    }
  }

  /// A window much longer than the image is copied with its padding; not for many images at once.
  @Test func scratchOfLongWindowsOverManyImages() {
    var g = WindowGeometry()
    (g.batch, g.kernelWidth, g.dilationWidth, g.padLeft, g.padRight) = (40_000, 3, 10_000, 10_000, 10_000)
    for set in kernelSets {
      let layer = set.convLayer(g, 1, 1, ConvOptions())
      #expect(set.planConv(layer, g, 0, 1).scratch <= 65_536, "\(set.isa)")
    }
  }

  /// Padding as large as a file can state: the size of the scratch says that it is too much, and nothing wraps around.
  @Test func scratchOfAbsurdPaddingSaturates() {
    var g = WindowGeometry()
    let limit = Int(Int32.max)
    g.channels = 4096
    g.kernelHeight = 2
    g.kernelWidth = 2
    g.dilationHeight = limit
    g.dilationWidth = limit
    g.padTop = limit
    g.padLeft = limit
    g.padBottom = 1
    g.padRight = 1
    for set in kernelSets {
      let layer = set.convLayer(g, 1, 8, ConvOptions())
      #expect(set.planConv(layer, g, 0, 1).scratch == .max, "\(set.isa)")
    }
  }
}
