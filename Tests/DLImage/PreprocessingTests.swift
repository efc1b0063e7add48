import DLGraph
import DLImage
import Testing

@Suite struct PreprocessingTests {
  static func graph(_ dims: [Dim], dtype: DType = .f32, _ metadata: [(Name, MetadataValue)]) -> Graph {
    var graph = Graph()
    _ = graph.symbol("N")
    _ = graph.symbol("H")
    _ = graph.symbol("W")
    _ = graph.addInput("image", TensorType(dtype, dims))
    _ = graph.addInput("other", TensorType(.f32, sizes: [1, 1, 2, 2]))
    for (key, value) in metadata { graph.setMetadata(key, value) }
    return graph
  }

  static func input(_ channels: Int, _ height: Int, _ width: Int) -> [Dim] {
    [.symbol(0), .fixed(channels), .fixed(height), .fixed(width)]
  }
  static let free: [Dim] = [.fixed(1), .fixed(3), .symbol(1), .symbol(2)]
  static let gray: (Name, MetadataValue) = ("preprocess.color", .text("gray"))

  /// Sizes and values that a picture becomes.
  static func prepare(_ image: Image, _ dims: [Dim], _ metadata: [(Name, MetadataValue)]) throws -> (
    sizes: [Int], values: [Float]
  ) {
    let tensor = try Preprocessing(graph: graph(dims, metadata), input: 0).prepare(image)
    return (tensor.sizes, values(tensor))
  }

  static func values(_ tensor: Constant) -> [Float] { withExtendedLifetime(tensor) { Array(tensor.floats) } }

  static func expectClose(_ found: [Float], _ expected: [Float]) {
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) <= 1e-6 * max(1, abs(b)), "found \(found), expected \(expected)") }
  }

  // MARK: numbers

  @Test func planesAndNormalisation() throws {
    let picture = try image(2, 1, 3, [0, 51, 102, 255, 204, 153])
    let metadata: [(Name, MetadataValue)] = [
      ("preprocess.color", .text("rgb")), ("preprocess.scale", .real(1 / 255.0)), ("preprocess.mean", .reals([0.5, 0.1, 0.2])),
      ("preprocess.std", .reals([0.5, 0.25, 2])),
    ]
    let rgb = try PreprocessingTests.prepare(picture, PreprocessingTests.input(3, 1, 2), metadata)
    #expect(rgb.sizes == [1, 3, 1, 2])
    PreprocessingTests.expectClose(rgb.values, [-1, 1, 0.4, 2.8, 0.1, 0.2])
    // B, G, R planes; mean and std are in that order too.
    let bgr = try PreprocessingTests.prepare(
      picture, PreprocessingTests.input(3, 1, 2),
      [("preprocess.color", .text("bgr")), ("preprocess.mean", .integers([104, 117, 123]))])
    PreprocessingTests.expectClose(bgr.values, [-2, 49, -66, 87, -123, 132])
  }

  @Test func grayAndColorBecomeEachOther() throws {
    let red = try image(1, 1, 3, [255, 0, 0])
    let half: [(Name, MetadataValue)] = [PreprocessingTests.gray, ("preprocess.mean", .real(6)), ("preprocess.std", .integer(2))]
    PreprocessingTests.expectClose(try PreprocessingTests.prepare(red, PreprocessingTests.input(1, 1, 1), half).values, [35])
    let dark = try image(1, 1, 1, [10])
    let plain: [(Name, MetadataValue)] = [("preprocess.scale", .integer(2))]  // colour by the input's channels
    PreprocessingTests.expectClose(
      try PreprocessingTests.prepare(dark, PreprocessingTests.input(3, 1, 1), plain).values, [20, 20, 20])
  }

  @Test func jpegIsDecodedAndPrepared() throws {
    let jpeg = try encode(pattern(50, 40, 3))
    let graph = PreprocessingTests.graph(
      PreprocessingTests.input(1, 28, 28), [PreprocessingTests.gray, ("preprocess.resize", .text("stretch"))])
    let preprocessing = try Preprocessing(graph: graph, input: 0)
    let tensor = try jpeg.withUnsafeBytes { try preprocessing.prepare(jpeg: $0) }
    let expected = try decode(jpeg).gray().resized(width: 28, height: 28)
    #expect(tensor.sizes == [1, 1, 28, 28] && tensor.dtype == .f32)
    #expect(PreprocessingTests.values(tensor) == expected.bytes.map { Float($0) })
    let error = #expect(throws: DLError.self) { try jpeg[..<100].withUnsafeBytes { try preprocessing.prepare(jpeg: $0) } }
    #expect(error?.status == .invalidImage)
  }

  // MARK: geometry

  @Test func shortestSideThenCentreCrop() throws {
    let picture = try pattern(500, 375, 1)
    let metadata: [(Name, MetadataValue)] = [
      ("preprocess.resize", .text("shortest_side")), ("preprocess.resize_size", .integer(256)),
      ("preprocess.crop", .text("center")),
    ]
    let found = try PreprocessingTests.prepare(picture, PreprocessingTests.input(1, 224, 224), metadata)
    // 256 · 500/375 = 341.33; (341 − 224)/2 = 58.5 goes to 58.
    let expected = try picture.resized(width: 341, height: 256).cropped(x: 58, y: 16, width: 224, height: 224)
    #expect(found.values == expected.bytes.map { Float($0) })
    let upright = try PreprocessingTests.prepare(pattern(375, 500, 1), PreprocessingTests.input(1, 224, 224), metadata)
    #expect(upright.sizes == [1, 1, 224, 224])
  }

  @Test(arguments: [(5, 0), (6, 1), (7, 2), (8, 2), (9, 2), (11, 4)])
  func cropBeginsAtHalfToEven(width: Int, first: Int) throws {
    let picture = try image(width, 1, 1, (0..<width).map { UInt8($0) })
    let found = try PreprocessingTests.prepare(
      picture, PreprocessingTests.input(1, 1, 4), [("preprocess.crop", .text("center"))])
    #expect(found.values == (first..<first + 4).map { Float($0) })
  }

  @Test func shortestSideCoversTheInput() throws {
    let metadata: [(Name, MetadataValue)] = [
      ("preprocess.resize", .text("shortest_side")), ("preprocess.crop", .text("center")),
    ]
    for (width, height) in [(500, 375), (375, 500), (100, 100), (20, 900), (7, 5)] {
      let picture = try pattern(width, height, 3)
      for (h, w) in [(64, 64), (48, 96), (96, 48)] {
        #expect(try PreprocessingTests.prepare(picture, PreprocessingTests.input(3, h, w), metadata).sizes == [1, 3, h, w])
      }
    }
    // 48 x 96 (height x width) of 100 x 100 pixels: 96 x 96, rows 24 to 71.
    let square = try pattern(100, 100, 1)
    let found = try PreprocessingTests.prepare(square, PreprocessingTests.input(1, 48, 96), metadata)
    let expected = try square.resized(width: 96, height: 96).cropped(x: 0, y: 24, width: 96, height: 48)
    #expect(found.values == expected.bytes.map { Float($0) })
  }

  @Test func stretchLargerThenCrop() throws {
    let picture = try pattern(80, 60, 1)
    let found = try PreprocessingTests.prepare(
      picture, PreprocessingTests.input(1, 30, 20),
      [("preprocess.resize", .text("stretch")), ("preprocess.resize_size", .integer(32)), ("preprocess.crop", .text("center"))])
    let expected = try picture.resized(width: 32, height: 32).cropped(x: 6, y: 1, width: 20, height: 30)
    #expect(found.values == expected.bytes.map { Float($0) })
  }

  @Test func freeSizesAreThePictures() throws {
    let plain: [(Name, MetadataValue)] = [("preprocess.color", .text("rgb"))]
    #expect(try PreprocessingTests.prepare(pattern(31, 17, 3), PreprocessingTests.free, plain).sizes == [1, 3, 17, 31])
    let shortest: [(Name, MetadataValue)] = [
      ("preprocess.resize", .text("shortest_side")), ("preprocess.resize_size", .integer(34)),
    ]
    #expect(try PreprocessingTests.prepare(pattern(31, 17, 3), PreprocessingTests.free, shortest).sizes == [1, 3, 34, 62])
  }

  @Test func aPictureOfTheWrongSize() throws {
    for crop in [[], [("preprocess.crop", MetadataValue.text("center"))]] as [[(Name, MetadataValue)]] {
      let error = #expect(throws: DLError.self) {
        try PreprocessingTests.prepare(pattern(31, 17, 1), PreprocessingTests.input(1, 28, 28), [PreprocessingTests.gray] + crop)
      }
      #expect(error?.status == .shapeMismatch && error?.message.contains("31 x 17") == true)
    }
  }

  @Test func aStripIsNotBlownUp() throws {
    let strip = try pattern(1, 60_000, 1)
    let error = #expect(throws: DLError.self) {
      try PreprocessingTests.prepare(
        strip, PreprocessingTests.input(1, 224, 224),
        [("preprocess.resize", .text("shortest_side")), ("preprocess.crop", .text("center"))])
    }
    #expect(error?.status == .unsupported)
  }

  // MARK: metadata

  @Test func whichInput() throws {
    let none = PreprocessingTests.graph(PreprocessingTests.input(1, 2, 2), [("name", .text("x"))])
    #expect(!Preprocessing.exists(in: none))
    expectError(none, 0, .notFound, "no preprocessing metadata")
    expectError(none, 2, .outOfRange, "input 2")
    expectError(none, -1, .outOfRange, "input -1")
    let first = PreprocessingTests.graph(PreprocessingTests.input(1, 2, 2), [PreprocessingTests.gray])
    #expect(Preprocessing.exists(in: first))
    #expect(try Preprocessing(graph: first, input: 0).input == 0)
    expectError(first, 1, .notFound, "input 'other': the preprocessing metadata are for 'image'")
    let named = PreprocessingTests.graph(PreprocessingTests.input(1, 2, 2), [("preprocess.input", .text("other"))])
    #expect(try Preprocessing(graph: named, input: 1).input == 1)
    expectError(named, 0, .notFound, "input 'image': the preprocessing metadata are for 'other'")
    let missing = PreprocessingTests.graph(PreprocessingTests.input(1, 2, 2), [("preprocess.input", .text("nobody"))])
    expectError(missing, 0, .invalidModel, "'nobody'")
  }

  @Test(
    arguments: [
      ("preprocess.color", .text("cmyk"), .unsupported), ("preprocess.color", .integer(1), .invalidModel),
      ("preprocess.color", .text("gray"), .invalidModel), ("preprocess.resize", .text("squash"), .unsupported),
      ("preprocess.resize", .real(1), .invalidModel), ("preprocess.resize_size", .integer(8), .invalidModel),
      ("preprocess.crop", .text("left"), .unsupported), ("preprocess.scale", .real(0), .invalidModel),
      ("preprocess.scale", .real(.nan), .invalidModel), ("preprocess.scale", .reals([1, 2, 3]), .invalidModel),
      ("preprocess.mean", .reals([1, 2]), .invalidModel), ("preprocess.mean", .reals([]), .invalidModel),
      ("preprocess.mean", .text("0.5"), .invalidModel), ("preprocess.std", .reals([1, 0, 1]), .invalidModel),
      ("preprocess.std", .real(.infinity), .invalidModel), ("preprocess.std", .integer(-1), .invalidModel),
      ("preprocess.input", .integer(0), .invalidModel), ("preprocess.gamma", .real(2.2), .unsupported),
    ] as [(String, MetadataValue, Status)])
  func senselessEntries(key: String, value: MetadataValue, status: Status) {
    expectError(PreprocessingTests.graph(PreprocessingTests.input(3, 8, 8), [(Name(key), value)]), 0, status, key)
  }

  @Test(arguments: [Int64.min, 0, -3, 1 << 40, Int64.max]) func resizeSizeIsChecked(size: Int64) {
    let graph = PreprocessingTests.graph(
      PreprocessingTests.input(3, 8, 8), [("preprocess.resize", .text("stretch")), ("preprocess.resize_size", .integer(size))])
    expectError(graph, 0, .invalidModel, "preprocess.resize_size")
  }

  @Test func stepsThatCannotGiveTheInput() {
    func graph(_ dims: [Dim], _ resize: Name, _ size: Int64?, crop: Bool) -> Graph {
      var entries: [(Name, MetadataValue)] = [("preprocess.resize", .text(resize))]
      if let size { entries.append(("preprocess.resize_size", .integer(size))) }
      if crop { entries.append(("preprocess.crop", .text("center"))) }
      return PreprocessingTests.graph(dims, entries)
    }
    let square = PreprocessingTests.input(3, 8, 8)
    expectError(graph(square, "stretch", 7, crop: true), 0, .invalidModel, "resize_size")
    expectError(graph(square, "stretch", 9, crop: false), 0, .invalidModel, "resize_size")
    expectError(graph(square, "shortest_side", 7, crop: true), 0, .invalidModel, "resize_size")
    expectError(graph(square, "shortest_side", 9, crop: false), 0, .invalidModel, "resize_size")
    expectError(graph(PreprocessingTests.free, "stretch", nil, crop: false), 0, .invalidModel, "fixed height and width")
    expectError(graph(PreprocessingTests.free, "shortest_side", 9, crop: true), 0, .invalidModel, "fixed height and width")
  }

  @Test func inputsThatTakeNoPictures() {
    let gray = [PreprocessingTests.gray]
    for dims in [
      [.fixed(2), .fixed(1), .fixed(8), .fixed(8)], [.fixed(1), .fixed(8)], [.fixed(1), .fixed(2), .fixed(8), .fixed(8)],
    ]
      as [[Dim]]
    {
      expectError(PreprocessingTests.graph(dims, gray), 0, .unsupported, "'image'")
    }
    expectError(PreprocessingTests.graph(PreprocessingTests.input(1, 0, 8), gray), 0, .unsupported, "[N, 1, 0, 8]")
    expectError(PreprocessingTests.graph(PreprocessingTests.input(1, 8, 8), dtype: .u8, gray), 0, .unsupported, "u8")
    let freeChannels: [Dim] = [.fixed(1), .unknown, .fixed(8), .fixed(8)]
    expectError(PreprocessingTests.graph(freeChannels, [("preprocess.scale", .real(1))]), 0, .invalidModel, "preprocess.color")
  }

  private func expectError(
    _ graph: Graph, _ input: Int, _ status: Status, _ part: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: DLError.self, sourceLocation: sourceLocation) { try Preprocessing(graph: graph, input: input) }
    guard let error else { return }
    #expect(error.status == status && error.message.contains(part), "\(error)", sourceLocation: sourceLocation)
  }
}
