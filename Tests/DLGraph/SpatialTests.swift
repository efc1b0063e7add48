import DLGraph
import KernelTypes
import TestSupport
import Testing

private let n = Dim.symbol(0)
private let h = Dim.symbol(1)
private let any = Dim.unknown

private func f(_ dims: Dim...) -> TensorType { TensorType(.f32, dims) }

/// Values and shapes of windows, regions and sampling that can be worked out by hand.
@Suite struct SpatialTests {
  private func values(_ op: Op, _ arguments: [OpArgument], outputs: Int = 1) throws -> [[Double]] {
    try OpCase(op, arguments, outputs: outputs).references()
  }

  @Test func transposedConvolutionSpreadsItsInput() throws {
    let op = Op.convTranspose(Window(axes: 1, stride: 2), groups: 1, outputPadding: [1])
    // 2 · (1, 10, 100) at 0 and 3 · (1, 10, 100) at 2, on a bias of 0.5; nothing reaches the last.
    let y = try values(op, [.f32([1, 1, 2], [2, 3]), .f32([1, 1, 3], [1, 10, 100]), .f32([1], [0.5])])
    #expect(y == [[2.5, 20.5, 203.5, 30.5, 300.5, 0.5]])
  }

  @Test func transposedConvolutionIsTheGradientOfConvolution() throws {
    // ⟨conv(x), y⟩ = ⟨x, convTranspose(y)⟩ for windows that lose nothing.
    let window = Window(strides: [2, 1], dilations: [1, 2], padBegin: [1, 0], padEnd: [0, 1])
    let (x, w) = (OpArgument.f32([2, 4, 6, 7]), OpArgument.f32([6, 2, 3, 3]))
    let conv = OpCase(.conv(window, groups: 2), [x, w])
    let forward = try conv.reference()
    let y = OpArgument.f32(try conv.outputSizes(), forward.indices.map { Double(($0 * 37) % 19) / 8 - 1 })
    let back = OpCase(.convTranspose(window, groups: 2, outputPadding: [0, 0]), [y, w])
    #expect(try back.outputSizes() == x.sizes)
    // The same weights as of the convolution.
    let again = OpCase(back.op, [y, .f32(w.sizes, conv.elements(1))])
    let left = zip(forward, y.elements!).reduce(0) { $0 + $1.0 * $1.1 }
    let right = zip(conv.elements(0), try again.reference()).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(left - right) < 1e-9 * abs(left), "\(left) \(right)")
  }

  @Test func winnersAreOffsetsInTheWholeTensor() throws {
    let x: [Double] = [1, 5, 2, 2, 9, 9, 0, -1]
    let y = try values(.maxPool(kernel: [2], Window(axes: 1, stride: 2)), [.f32([2, 1, 4], x)], outputs: 2)
    #expect(y == [[5, 2, 9, 0], [1, 2, 4, 6]])
  }

  @Test func aLastPartialWindowCountsItsPaddingOnly() throws {
    // The window over the last cell and the padding after it: one more cell lies beyond.
    let window = Window(strides: [3], dilations: [1], padBegin: [0], padEnd: [1], ceil: true)
    let x = OpArgument.f32([1, 1, 4], [3, 6, 9, 8])
    #expect(try values(.averagePool(kernel: [3], window, countPadding: true), [x]) == [[6, 4]])
    #expect(try values(.averagePool(kernel: [3], window, countPadding: false), [x]) == [[6, 8]])
    // Without that padding a window that began after the image would not count.
    let pooled = try OpCase(
      .maxPool(kernel: [1], Window(strides: [2], dilations: [1], padBegin: [0], padEnd: [0], ceil: true)), [.f32([1, 1, 4])]
    )
    .outputSizes()
    #expect(pooled == [1, 1, 2])
  }

  @Test func unpoolingRefusesOffsetsOutside() throws {
    for offset in [-1.0, 4] {
      #expect(throws: DLError.self) {
        try values(.maxUnpool(kernel: [2], Window(axes: 1, stride: 2)), [.f32([1, 1, 2]), .i64([1, 1, 2], [0, offset])])
      }
    }
  }

  @Test func regionsOfOtherImagesAreRefused() throws {
    for image in [-1.0, 2] {
      #expect(throws: DLError.self) {
        try values(.roiMaxPool(height: 1, width: 1, scale: 1), [.f32([2, 1, 3, 3]), .f32([1, 5], [image, 0, 0, 1, 1])])
      }
      #expect(throws: DLError.self) {
        try values(
          .roiAlign(RoiAlign(height: 1, width: 1)), [.f32([2, 1, 3, 3]), .f32([1, 4], [0, 0, 1, 1]), .i64([1], [image])])
      }
    }
  }

  @Test func regionsAndPositionsMayBeAnyNumber() throws {
    let wild: [Double] = [.nan, .infinity, -.infinity, 1e38, -1e38, 0]
    for a in wild {
      for b in wild {
        for isMaximum in [false, true] {
          let align = RoiAlign(height: 2, width: 2, isMaximum: isMaximum)
          _ = try values(.roiAlign(align), [.f32([1, 1, 3, 4]), .f32([1, 4], [a, b, b, a]), .i64([1], [0])])
        }
        _ = try values(.roiMaxPool(height: 2, width: 2, scale: 3), [.f32([1, 1, 3, 4]), .f32([1, 5], [0, a, b, b, a])])
        for mode: Resize.Mode in [.nearest, .linear, .cubic] {
          for padding: GridSample.Padding in [.zeros, .border, .reflection] {
            let op = Op.gridSample(GridSample(mode, padding: padding))
            _ = try values(op, [.f32([1, 1, 3, 4]), .f32([1, 1, 1, 2], [a, b])])
          }
          let crop = Resize(mode, .cropAndResize)
          _ = try values(.resize(crop), [.f32([3]), .f32([2], [a, b]), .absent, .i64(list: [4])])
        }
      }
    }
  }

  @Test func resizeByHand() throws {
    let x = OpArgument.f32([4], [0, 10, 20, 30])
    func y(_ resize: Resize, _ size: Int) throws -> [Double] {
      try values(.resize(resize), [x, .absent, .absent, .i64(list: [size])])[0].map { ($0 * 1000).rounded() / 1000 }
    }
    #expect(try y(Resize(.linear), 8) == [0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 30])
    #expect(try y(Resize(.linear), 2) == [5, 25])
    #expect(try y(Resize(.linear, .alignCorners), 7) == [0, 5, 10, 15, 20, 25, 30])
    #expect(try y(Resize(.nearest, .asymmetric, rounding: .floor), 8) == [0, 0, 10, 10, 20, 20, 30, 30])
    #expect(try y(Resize(.nearest, .asymmetric, rounding: .ceil), 8) == [0, 10, 10, 20, 20, 30, 30, 30])
    // A triangle over four elements: weights 1, 3, 3, 1 of 8, the edge taken twice.
    #expect(try y(Resize(.linear, antialias: true), 2) == [6.25, 23.75])
  }

  @Test func gridsMoveImages() throws {
    let x = OpArgument.f32([1, 1, 1, 4], [1, 2, 4, 8])
    func y(_ sample: GridSample, _ at: [Double]) throws -> [Double] {
      try values(.gridSample(sample), [x, .f32([1, 1, at.count, 2], at.flatMap { [$0, 0] })])[0]
    }
    #expect(try y(GridSample(alignCorners: true), [-1, 0, 1, 3]) == [1, 3, 8, 0])
    #expect(try y(GridSample(), [-0.75, 1]) == [1, 4])
    #expect(try y(GridSample(padding: .border), [-9, 9]) == [1, 8])
    #expect(try y(GridSample(.nearest, padding: .reflection), [-1.2, 1.7]) == [1, 4])
  }

  @Test func shapes() throws {
    func dims(_ op: Op, _ inputs: [TensorType]) throws -> [Dim] { try inferType(of: op, inputs).dims }
    let up = Op.convTranspose(Window(stride: 2), groups: 2, outputPadding: [0, 1])
    #expect(try dims(up, [f(n, 4, h, 5), f(4, 3, 2, 2), f(6)]) == [n, 6, any, 11])
    let keep = Op.convTranspose(Window(pad: 1), groups: 1, outputPadding: [0, 0])
    #expect(try dims(keep, [f(n, 4, h, 5), f(4, 3, 3, 3)]) == [n, 3, h, 5])
    #expect(try dims(.lpPool(kernel: [2], Window(axes: 1, stride: 2), p: 2), [f(n, 4, 7)]) == [n, 4, 3])
    #expect(try dims(.globalLpPool(p: 2), [f(n, 4, h)]) == [n, 4, 1])
    let offsets = TensorType(.i64, [n, 4, 3])
    #expect(try dims(.maxUnpool(kernel: [2], Window(axes: 1, stride: 2)), [f(n, 4, 3), offsets]) == [n, 4, 6])
    #expect(try dims(.roiMaxPool(height: 2, width: 3, scale: 1), [f(1, 4, h, h), f(n, 5)]) == [n, 4, 2, 3])
    let align = Op.roiAlign(RoiAlign(height: 2, width: 3))
    #expect(try dims(align, [f(1, 4, h, h), f(n, 4), TensorType(.i64, [n])]) == [n, 4, 2, 3])
    #expect(try dims(.gridSample(GridSample()), [f(n, 4, h, h), f(n, 7, 8, 2)]) == [n, 4, 7, 8])
    let sizes = Fact(TensorType(.i64, [4]), elements: [n, 3, h, 9])
    let resized = try inferFacts(of: .resize(Resize(.linear)), [Fact(f(n, 3, 4, 4)), nil, nil, sizes])
    #expect(resized[0].type.dims == [n, 3, h, 9])
    let scales = Fact(try makeConstant(.f32, [4], [1, 1, 0.7, 2]))
    let scaled = try inferFacts(of: .resize(Resize(.linear)), [Fact(f(n, 3, 10, h)), nil, scales])
    #expect(scaled[0].type.dims == [n, 3, 7, any])
  }

  @Test func wrongShapesAreExplained() throws {
    func message(_ op: Op, _ inputs: [TensorType?]) -> String {
      do {
        _ = try inferFacts(of: op, inputs.map { $0.map { Fact($0) } })
        return "accepted"
      } catch { return error.message }
    }
    let up = Op.convTranspose(Window(stride: 2), groups: 1, outputPadding: [0, 0])
    #expect(message(up, [f(1, 3, 4, 4), f(4, 3, 2, 2)]) == "channels of x: expected 4, found 3")
    #expect(message(up, [f(1, 4, 4, 4), f(4, 3, 2, 2), f(4)]) == "bias: expected 3, found 4")
    #expect(message(up, [f(1, 4, 4), f(4, 3, 2)]).contains("expected 1 of each"))
    #expect(
      message(.convTranspose(Window(), groups: 3, outputPadding: [0, 0]), [f(1, 4, 4, 4), f(4, 3, 2, 2)]).contains("groups"))
    #expect(
      message(.convTranspose(Window(pad: 3), groups: 1, outputPadding: [0, 0]), [f(1, 4, 4, 4), f(4, 3, 2, 2)]).contains(
        "becomes -1"))
    #expect(
      message(.convTranspose(Window(), groups: 1, outputPadding: [-1, 0]), [f(1, 4, 4, 4), f(4, 3, 2, 2)]).contains(
        "output padding"))
    let far = Window(strides: [1 << 31 - 1], dilations: [1], padBegin: [0], padEnd: [0])
    #expect(message(.convTranspose(far, groups: 1, outputPadding: [0]), [f(1, 1, 4), f(1, 1, 2)]).contains("expected 1 to"))
    #expect(message(.lpPool(kernel: [2], Window(axes: 1), p: 0), [f(1, 1, 4)]) == "p: expected 1 or more, found 0")
    #expect(message(.maxUnpool(kernel: [2], Window(axes: 1)), [f(1, 1, 4), f(1, 1, 4)]) == "offsets: expected i64, found f32")
    #expect(message(.roiMaxPool(height: 0, width: 1, scale: 1), [f(1, 1, 4, 4), f(1, 5)]).contains("cells"))
    #expect(
      message(.roiMaxPool(height: 1, width: 1, scale: 1), [f(1, 1, 4, 4), f(1, 4)]) == "numbers of a region: expected 5, found 4")
    #expect(message(.gridSample(GridSample()), [f(1, 1, 4, 4), f(1, 4, 4, 3)]) == "numbers of a position: expected 2, found 3")
    #expect(message(.resize(Resize(.linear)), [f(1, 4), nil, nil, nil]).contains("either scales or sizes"))
    #expect(message(.resize(Resize(.linear, axes: [0, 0])), [f(1, 4), nil, f(2)]) == "axis 0 is given twice")
    #expect(message(.resize(Resize(.linear, .cropAndResize)), [f(1, 4), nil, f(2)]) == "roi is absent")
    func scaled(_ scale: Double) -> String {
      do {
        _ = try inferFacts(of: .resize(Resize(.linear)), [Fact(f(4)), nil, Fact(try makeConstant(.f32, [1], [scale]))])
        return "accepted"
      } catch { return "\((error as? DLError)?.message ?? "")" }
    }
    for scale in [0, -1, Double.nan, .infinity] { #expect(scaled(scale).contains("expected numbers above 0"), "\(scale)") }
    #expect(scaled(1e30).contains("too many"))
  }
}
