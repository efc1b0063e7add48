import DLGraph
import KernelTypes

// Cases of transposed convolution, pooling with all its rules, unpooling, regions and sampling.

let spatialCases: [OpCase] = transposedCases + windowCases + regionCases + resizeCases + gridCases

private func window(
  _ strides: [Int], _ dilations: [Int], _ padBegin: [Int], _ padEnd: [Int], _ rule: PaddingRule = .explicit, ceil: Bool = false
) -> Window {
  Window(strides: strides, dilations: dilations, padBegin: padBegin, padEnd: padEnd, rule: rule, ceil: ceil)
}

/// x [n, c, spatial…] to `filters` channels.
private func transposed(
  _ x: [Int], _ filters: Int, _ kernel: [Int], _ window: Window, groups: Int = 1, padding: [Int]? = nil, bias: Bool = true
) -> OpCase {
  let op = Op.convTranspose(window, groups: groups, outputPadding: padding ?? kernel.map { _ in 0 })
  return OpCase(op, [x, [x[1], filters / groups] + kernel] + (bias ? [[filters]] : []))
}

private let transposedCases: [OpCase] = [
  transposed([1, 8, 5, 6], 4, [2, 2], Window(stride: 2)),  // U-Net
  transposed([2, 17, 4, 3], 33, [4, 4], Window(stride: 2, pad: 1)),  // autoencoder
  transposed([2, 9, 5, 6], 3, [4, 4], Window(stride: 2, pad: 1)),  // its last layer: columns joined
  transposed([1, 5, 3, 7], 3, [4, 4], Window(stride: 2, pad: 1), padding: [1, 1]),  // but for an odd width
  transposed([1, 2, 4, 3], 2, [6, 6], Window(stride: 3, pad: 1), padding: [2, 2], bias: false),
  // Rows of which some would gain from joined columns and some would not, with vectors of 16, 8 and 4.
  transposed([1, 3, 4, 4], 7, [8, 8], Window(stride: 5, pad: 2), padding: [1, 1]),
  transposed([1, 2, 3, 3], 65, [5, 5], Window(stride: 3, pad: 2), padding: [2, 2]),
  transposed([1, 2, 3, 3], 33, [5, 5], Window(stride: 3), padding: [1, 1]),
  transposed([1, 2, 3, 3], 5, [7, 7], Window(stride: 6, pad: 1), padding: [1, 1]),
  transposed([1, 16, 7, 7], 16, [3, 3], Window(stride: 2, pad: 1), padding: [1, 1], bias: false),
  transposed([1, 3, 5, 4], 5, [3, 3], Window()),
  transposed([1, 4, 3, 3], 6, [3, 2], window([2, 3], [2, 1], [1, 0], [0, 1]), groups: 2, padding: [1, 0]),
  transposed([1, 6, 4, 5], 6, [3, 3], Window(stride: 2, pad: 1), groups: 6),  // depthwise
  transposed([1, 2, 4, 3], 3, [5, 5], Window(pad: 3)),  // less comes out than goes in
  transposed([1, 2, 3, 3], 2, [1, 1], Window(stride: 3), padding: [2, 1]),  // cells that no input reaches
  transposed([1, 2, 3, 4], 2, [3, 3], window([2, 2], [1, 1], [0, 0], [0, 0], .sameUpper)),
  transposed([1, 2, 3, 4], 2, [4, 3], window([2, 3], [1, 1], [0, 0], [0, 0], .sameLower)),
  transposed([1, 2, 3, 4], 2, [1, 2], window([3, 4], [1, 1], [0, 0], [0, 0], .sameUpper)),
  transposed([0, 2, 3, 4], 2, [2, 2], Window(stride: 2)),
  transposed([2, 3, 7], 4, [4], window([2], [1], [1], [0])),  // 1-D
  transposed([1, 3, 2, 3, 4], 4, [2, 3, 2], Window(axes: 3, stride: 2, pad: 1), padding: [1, 0, 1]),  // 3-D
  OpCase(
    .convTranspose(Window(stride: 2), groups: 1, outputPadding: [0, 0]), [.of(.f16, [1, 2, 3, 3]), .of(.f16, [2, 3, 2, 2])]),
]

private let windowCases: [OpCase] = {
  let x = [2, 5, 9, 8]
  var cases: [OpCase] = []
  for w in [
    window([2, 2], [1, 1], [0, 0], [0, 0], ceil: true), window([3, 2], [1, 2], [1, 0], [0, 1], ceil: true),
    window([2, 3], [1, 1], [0, 0], [0, 0], .sameUpper), window([2, 2], [1, 2], [0, 0], [0, 0], .sameLower),
    window([4, 4], [1, 1], [1, 1], [1, 1], ceil: true),
  ] {
    cases.append(OpCase(.maxPool(kernel: [3, 2], w), [x]))
    cases.append(OpCase(.maxPool(kernel: [3, 2], w), [.f32(x)], outputs: 2))
    cases.append(OpCase(.averagePool(kernel: [3, 2], w, countPadding: false), [x]))
    cases.append(OpCase(.averagePool(kernel: [3, 2], w, countPadding: true), [x]))
    cases.append(OpCase(.lpPool(kernel: [3, 2], w, p: 2), [x]))
  }
  // A last window of volumes that reaches beyond them.
  let volumes = window([3, 2, 3], [2, 1, 1], [0, 1, 0], [0, 0, 1], ceil: true)
  cases.append(OpCase(.maxPool(kernel: [3, 2, 2], volumes), [[1, 5, 9, 8, 10]]))
  cases.append(OpCase(.averagePool(kernel: [3, 2, 2], volumes, countPadding: false), [[1, 5, 9, 8, 10]]))
  cases.append(OpCase(.averagePool(kernel: [3, 2, 2], volumes, countPadding: true), [[1, 5, 9, 8, 10]]))
  let plain = Window(stride: 2)
  cases.append(OpCase(.maxPool(kernel: [2, 2], plain), [.of(.u8, [1, 3, 6, 5])], outputs: 2))
  cases.append(OpCase(.maxPool(kernel: [2, 2], Window(stride: 2, pad: 1)), [.of(.i8, [1, 3, 6, 5])]))
  cases.append(OpCase(.maxPool(kernel: [2, 2], plain), [.of(.f16, [1, 3, 6, 5])]))
  cases.append(OpCase(.maxPool(kernel: [3], Window(axes: 1, pad: 1)), [.f32([2, 3, 7])], outputs: 2))
  cases.append(OpCase(.maxPool(kernel: [2, 2, 3], Window(axes: 3, stride: 2, pad: 1)), [.f32([1, 2, 4, 5, 6])], outputs: 2))
  cases.append(OpCase(.lpPool(kernel: [3], Window(axes: 1), p: 1), [[1, 2, 6]]))
  cases.append(OpCase(.lpPool(kernel: [2, 2], Window(pad: 1), p: 3), [[1, 2, 5, 6]]))
  cases.append(OpCase(.globalLpPool(p: 2), [[2, 5, 3, 4]]))
  cases.append(OpCase(.globalLpPool(p: 3), [[2, 3, 7]]))
  cases.append(
    OpCase(.maxUnpool(kernel: [2, 2], plain), [.f32([1, 1, 2, 2]), .i64([1, 1, 2, 2], [5, 7, 13, 15])]))
  cases.append(
    OpCase(
      .maxUnpool(kernel: [2, 2], plain), [.f32([1, 1, 2, 2]), .i64([1, 1, 2, 2], [5, 7, 13, 15]), .i64(list: [1, 1, 5, 5])]))
  return cases
}()

private let regionCases: [OpCase] = {
  let regions: [Double] = [0, 1, 1, 6, 5, 1, 0, 0, 9, 9, 1, -3, 2, 4, 30, 0, 7, 7, 2, 2]
  let x = OpArgument.f32([2, 3, 8, 9])
  var cases = [OpCase(.roiMaxPool(height: 2, width: 3, scale: 0.75), [x, .f32([4, 5], regions)])]
  let corners: [Double] = [1, 1, 6, 5, 0.3, 0.7, 8.2, 7.9, -3, 2, 4, 30, 7, 7, 2, 2]
  for align in [
    RoiAlign(height: 3, width: 2), RoiAlign(height: 2, width: 2, samples: 2, scale: 0.5, halfPixel: false),
    RoiAlign(height: 2, width: 3, samples: 3, isMaximum: true), RoiAlign(height: 1, width: 1, scale: 2, isMaximum: true),
  ] {
    cases.append(OpCase(.roiAlign(align), [x, .f32([4, 4], corners), .i64(list: [0, 1, 1, 0])]))
  }
  return cases
}()

/// Of x by scales or sizes of all axes.
private func resize(
  _ resize: Resize, _ x: OpArgument, scales: [Double]? = nil, sizes: [Int]? = nil, roi: [Double]? = nil
) -> OpCase {
  var arguments = [x, roi.map { .f32([$0.count], $0) } ?? .absent, scales.map { .f32([$0.count], $0) } ?? .absent]
  if let sizes { arguments.append(.i64(list: sizes)) }
  return OpCase(.resize(resize), arguments)
}

private let resizeCases: [OpCase] = {
  let x = OpArgument.f32([1, 2, 5, 6])
  var cases: [OpCase] = []
  for coordinates: Resize.Coordinates in [
    .halfPixel, .halfPixelSymmetric, .pytorchHalfPixel, .alignCorners, .asymmetric,
  ] {
    for mode: Resize.Mode in [.nearest, .linear, .cubic] {
      cases.append(resize(Resize(mode, coordinates), x, scales: [1, 1, 2, 0.6]))
      cases.append(resize(Resize(mode, coordinates), x, sizes: [1, 2, 3, 13]))
    }
  }
  for rounding: Resize.Rounding in [.halfDown, .halfUp, .floor, .ceil] {
    cases.append(resize(Resize(.nearest, .asymmetric, rounding: rounding), x, sizes: [1, 2, 12, 4]))
  }
  for mode: Resize.Mode in [.linear, .cubic] {
    cases.append(resize(Resize(mode, antialias: true), x, scales: [1, 1, 0.5, 0.3]))
    cases.append(resize(Resize(mode, excludesOutside: true, antialias: true), x, sizes: [1, 2, 7, 2]))
    cases.append(
      resize(
        Resize(mode, .cropAndResize, extrapolation: 7, axes: [3, -2]), x, sizes: [4, 3], roi: [-0.2, 0.1, 0.7, 1.3]))
  }
  for mode: Resize.Mode in [.nearest, .linear, .cubic] {
    cases.append(resize(Resize(mode), .f32([2, 37, 3, 4]), scales: [1, 1, 2, 1.5]))
    cases.append(resize(Resize(mode), .f32([2, 3, 7]), sizes: [2, 3, 12]))
    cases.append(resize(Resize(mode), .f32([1, 2, 3, 4, 5]), sizes: [1, 2, 5, 3, 7]))
    // Along the channels too, and not by a whole number.
    cases.append(resize(Resize(mode), x, scales: [1, 1.5, 2, 2]))
    cases.append(resize(Resize(mode), x, scales: [1, 1.2, 1, 2]))
  }
  cases.append(resize(Resize(.cubic, cubic: -0.5, excludesOutside: true), x, scales: [1, 1, 1.5, 0.8]))
  cases.append(resize(Resize(.linear, aspect: .notLarger, axes: [2, 3]), x, sizes: [7, 20]))
  cases.append(resize(Resize(.linear, aspect: .notSmaller, axes: [2, 3]), x, sizes: [7, 20]))
  cases.append(resize(Resize(.nearest), .of(.u8, [2, 3]), scales: [2, 3]))
  cases.append(resize(Resize(.linear), .f32([7]), sizes: [3]))
  cases.append(resize(Resize(.linear), .f32([2, 2, 3, 2]), sizes: [3, 4, 2, 5]))
  return cases
}()

private let gridCases: [OpCase] = {
  /// Positions that lie in the image, on its edge and far from it.
  func positions(_ count: Int) -> [Double] { (0..<count).map { Double(($0 * 7) % 23) / 8 - 1.4 } }
  var cases: [OpCase] = []
  for mode: Resize.Mode in [.nearest, .linear, .cubic] {
    for padding: GridSample.Padding in [.zeros, .border, .reflection] {
      for align in [false, true] {
        let op = Op.gridSample(GridSample(mode, padding: padding, alignCorners: align))
        cases.append(OpCase(op, [.f32([2, 3, 4, 5]), .f32([2, 3, 4, 2], positions(48))]))
      }
    }
  }
  for mode: Resize.Mode in [.nearest, .linear, .cubic] {
    cases.append(
      OpCase(.gridSample(GridSample(mode)), [.f32([1, 2, 3, 4, 2]), .f32([1, 2, 2, 2, 3], positions(24))]))
  }
  cases.append(OpCase(.gridSample(GridSample()), [.f32([1, 2, 5]), .f32([1, 4, 1], positions(4))]))
  return cases
}()
