import DLGraph
import KernelTypes
import TestSupport
import Testing

/// Convolutions at stride 1: images that no tile divides, windows wholly at an edge, channel tails, groups, batches, and
/// volumes, whose slices may be padded, apart and further apart; filters of 3×3, smaller and larger ones, rows and columns.
private let cases: [OpCase] =
  [
    ([1, 16, 12, 12], 32, 1, 1), ([2, 17, 13, 10], 33, 1, 1), ([1, 3, 5, 7], 5, 1, 1), ([1, 40, 7, 7], 70, 1, 1),
    ([1, 16, 3, 3], 16, 0, 1), ([3, 20, 6, 5], 18, 2, 1), ([1, 64, 30, 31], 40, 1, 1), ([1, 130, 14, 14], 96, 1, 1),
    ([2, 36, 9, 8], 48, 1, 2), ([1, 34, 33, 17], 34, 0, 2), ([1, 1, 1, 1], 1, 1, 1), ([1, 16, 2, 40], 17, 1, 1),
    ([1, 16, 24, 24], 140, 1, 1), ([1, 64, 58, 59], 16, 1, 1),
    ([5, 24, 4, 4], 24, 1, 1), ([0, 16, 8, 8], 16, 1, 1),
  ].map { x, filters, pad, groups in
    OpCase(
      .conv(Window(pad: pad), groups: groups), [x, [filters, x[1] / groups, 3, 3], [filters]])
  } + [
    volume([1, 16, 4, 6, 7], 17, 3, Window(axes: 3, pad: 1)),
    volume(
      [2, 18, 5, 5, 9], 32, 2, Window(strides: [2, 1, 1], dilations: [1, 1, 1], padBegin: [1, 1, 0], padEnd: [2, 1, 2]), groups: 2
    ),
    volume(
      [1, 20, 6, 4, 4], 16, 3, Window(strides: [1, 1, 1], dilations: [2, 1, 1], padBegin: [2, 1, 1], padEnd: [3, 1, 1])),
    volume([1, 16, 2, 5, 5], 16, 1, Window(axes: 3, pad: 1)),
  ]
  + [
    ([1, 16, 11, 12], [33, 16, 5, 5], [2, 2]), ([2, 20, 9, 7], [16, 10, 2, 2], [1, 0]),
    ([1, 17, 10, 9], [16, 17, 7, 4], [3, 2]), ([1, 18, 7, 17], [34, 18, 1, 7], [0, 3]),
    ([2, 16, 17, 5], [16, 16, 7, 1], [3, 0]), ([1, 70, 6, 8], [17, 70, 3, 1], [2, 0]),
    ([1, 32, 1, 9], [32, 16, 1, 3], [0, 1]), ([3, 16, 4, 2], [16, 16, 1, 5], [0, 4]), ([1, 16, 6, 6], [16, 16, 1, 3], [1, 0]),
    ([2, 33, 41], [20, 33, 3], [1]), ([1, 16, 50], [48, 16, 5], [0]), ([1, 16, 9], [16, 16, 2], [1]),
    ([1, 16, 3, 6, 9], [16, 16, 3, 1, 3], [1, 0, 1]), ([2, 17, 4, 9, 3], [20, 17, 2, 3, 1], [0, 1, 0]),
  ].map { x, w, pads in
    OpCase(
      .conv(
        Window(strides: pads.map { _ in 1 }, dilations: pads.map { _ in 1 }, padBegin: pads, padEnd: pads), groups: x[1] / w[1]),
      [x, w, [w[0]]])
  } + [
    OpCase(
      .conv(
        Window(strides: [1, 1, 1], dilations: [1, 1, 1], padBegin: [1, 2, 1], padEnd: [0, 1, 2]), groups: 1),
      [[1, 16, 4, 7, 6], [18, 16, 2, 5, 4], [18]])
  ]

private func volume(_ x: [Int], _ filters: Int, _ slices: Int, _ window: Window, groups: Int = 1) -> OpCase {
  OpCase(.conv(window, groups: groups), [x, [filters, x[1] / groups, slices, 3, 3], [filters]])
}

@Suite struct Winograd {
  private static let tiles = [2, 4]

  @Test func agreesWithTheReference() throws {
    for c in cases {
      let expected = try c.reference()
      for set in kernelSets {
        for tile in Self.tiles {
          let y = try run(c, set, Manner(algorithm: .winograd(tile: tile)))
          #expect(difference(y ?? [], expected) <= 8 * tolerance(c), "\(set.isa), tile \(tile): \(c)")
        }
      }
    }
  }

  @Test func rangesOfUnitsAndPixelsApartDoNotChangeABit() throws {
    for c in cases {
      for set in kernelSets {
        for tile in Self.tiles {
          var manner = Manner(algorithm: .winograd(tile: tile))
          let whole = try #require(try run(c, set, manner))
          for (slice, gap) in [(1, 0), (2, 3), (nil, 5)] {
            manner.slice = slice
            manner.inGap = gap
            manner.outGap = gap + 1
            #expect(try run(c, set, manner) == whole, "\(set.isa), tile \(tile), gap \(gap): \(c)")
            manner.threads += 1
          }
        }
      }
    }
  }

  @Test func residualsAndActivations() throws {
    for c in cases {
      let expected = zip(try c.reference(), try residualValues(c)).map { $0 + Double($1) }
      for set in kernelSets {
        for tile in Self.tiles {
          for (gap, activation) in [(0, Activation.relu), (3, .identity), (1, .sigmoid)] {
            let manner = Manner(outGap: gap, residualGap: gap, algorithm: .winograd(tile: tile), activation: activation)
            #expect(
              difference(try run(c, set, manner) ?? [], expected.map { referenceActivation(activation, $0) }) <= 8 * tolerance(c),
              "\(set.isa), tile \(tile), \(activation): \(c)")
          }
        }
      }
    }
  }

  @Test func pooledOutputsAreTheLargest() throws {
    for c in cases where c.inputs[1].suffix(2).allSatisfy({ $0 > 1 }) && c.inputs[1].count > 3 {
      let sizes = try c.outputSizes()
      for set in kernelSets {
        for tile in Self.tiles {
          var manner = Manner(algorithm: .winograd(tile: tile), activation: .leakyRelu(slope: 0.25))
          let whole = try #require(try run(c, set, manner))
          let expected = largestOfPairs(whole, height: sizes[sizes.count - 2], width: sizes[sizes.count - 1])
          manner.pools = true
          for (slice, gap) in [(nil, 0), (1, 3)] {
            (manner.slice, manner.outGap) = (slice, gap)
            #expect(try run(c, set, manner) == expected, "\(set.isa), tile \(tile), gap \(gap): \(c)")
          }
        }
      }
    }
  }

  /// Of images, one after the other.
  private func largestOfPairs(_ y: [Float], height: Int, width: Int) -> [Float] {
    var result: [Float] = []
    for image in stride(from: 0, to: y.count, by: height * width) {
      for i in stride(from: image, to: image + (height & ~1) * width, by: 2 * width) {
        for j in stride(from: i, to: i + (width & ~1), by: 2) {
          result.append(max(y[j], y[j + 1], y[j + width], y[j + width + 1]))
        }
      }
    }
    return result
  }

  /// The error of one layer over its largest output; the scale of weights, as of He et al. 2015, makes no difference.
  @Test func errorOfALayer() throws {
    for channels in [32, 256, 1024] {
      let c = OpCase(.conv(Window(pad: 1), groups: 1), [[1, channels, 9, 9], [20, channels, 3, 3]])
      let truth = try c.reference()
      let largest = truth.map { abs($0) }.max() ?? 0
      for set in kernelSets {
        for (tile, bound) in [(2, 6e-6), (4, 2e-5)] {
          let y = try run(c, set, Manner(algorithm: .winograd(tile: tile))) ?? []
          #expect(y.count == truth.count)
          let error = zip(y, truth).map { abs(Double($0) - $1) }.max() ?? .infinity
          #expect(error <= bound * largest, "\(set.isa), tile \(tile), \(channels) channels: \(error / largest)")
        }
      }
    }
  }

  /// Each thread has as many, if they are more than two for each, so that all are done at the same time.
  @Test func threadsShareBlocksEvenly() {
    var g = WindowGeometry()
    (g.kernelHeight, g.kernelWidth, g.padTop, g.padLeft, g.channels) = (3, 3, 1, 1, 64)
    for set in kernelSets {
      let layer = set.convLayer(g, 1, 64, ConvOptions(forced: .winograd(tile: 4)))
      for size in stride(from: 40, through: 240, by: 4) {
        (g.inHeight, g.inWidth, g.outHeight, g.outWidth) = (size, size, size, size)
        for threads in 1...5 {
          let plan = set.planConv(layer, g, 0, threads)
          #expect(plan.blocks <= 2 * threads || plan.blocks % threads == 0, "\(set.isa), \(size), \(threads) threads")
          #expect(plan.units >= 4)
        }
      }
    }
  }

  @Test func chosenWhereItServes() {
    var g = WindowGeometry()
    (g.kernelHeight, g.kernelWidth, g.padTop, g.padLeft, g.channels, g.outHeight, g.outWidth) = (3, 3, 1, 1, 128, 56, 56)
    for set in kernelSets {
      func algorithm(_ options: ConvOptions = ConvOptions(), _ change: (inout WindowGeometry) -> Void = { _ in }) -> ConvLayer {
        var changed = g
        change(&changed)
        return set.convLayer(changed, 1, 128, options)
      }
      #expect(algorithm().algorithm == .winograd(tile: 4))
      #expect(algorithm(ConvOptions(exact: true)).algorithm == .direct)
      #expect(algorithm(ConvOptions(lowMemory: true)).algorithm == .direct)
      #expect(algorithm { ($0.kernelDepth, $0.padFront, $0.outDepth) = (3, 1, 8) }.algorithm == .winograd(tile: 4))
      #expect(algorithm { $0.strideWidth = 2 }.algorithm == .direct)
      #expect(algorithm { $0.dilationHeight = 2 }.algorithm == .direct)
      #expect(algorithm { $0.kernelWidth = 9 }.algorithm == .direct)
      #expect(algorithm { ($0.kernelHeight, $0.kernelWidth) = (5, 5) }.algorithm == .winograd(tile: 4))
      #expect(algorithm { $0.kernelHeight = 1 }.algorithm == .winograd(tile: 4))
      #expect(algorithm { ($0.kernelHeight, $0.kernelWidth) = (1, 1) }.algorithm == .direct)
      #expect(algorithm { $0.channels = 3 }.algorithm == .direct)
      #expect(algorithm { ($0.outHeight, $0.outWidth) = (7, 7) }.algorithm == .winograd(tile: 2))
      #expect(algorithm { ($0.outHeight, $0.outWidth) = (1, 1) }.algorithm == .direct)
      // Transformed weights of many megabytes only where many windows share them.
      #expect(algorithm { ($0.channels, $0.outHeight, $0.outWidth) = (8192, 16, 16) }.packedSize < 3 * 8192 * 128 * 9)
    }
  }
}
