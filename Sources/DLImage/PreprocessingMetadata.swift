import DLGraph

extension Preprocessing {
  /// Whether a model says how to prepare pictures.
  public static func exists(in graph: Graph) -> Bool {
    graph.metadata.contains { $0.key.utf8.starts(with: prefix) }
  }

  /// The input that a model's metadata are for: the one named, or the first. Throws invalidModel if the model has none of that name.
  public static func target(in graph: Graph) throws(DLError) -> Int {
    guard let name = try word(graph, "preprocess.input") else { return 0 }
    guard let input = graph.inputs.firstIndex(where: { graph.values[$0].name == name }) else {
      throw DLError(.invalidModel, "preprocess.input: the model has no input \(name.quoted)")
    }
    return input
  }

  /// Reads and checks the `preprocess.…` entries of a model's metadata for one of its inputs.
  ///
  /// Throws: notFound when there are none, or they are for another input; outOfRange; invalidModel when they contradict
  /// each other or the input; unsupported for an entry or a word this version does not know, and for an input that is not
  /// f32 [1, 1 or 3, height, width].
  public init(graph: Graph, input: Int) throws(DLError) {
    guard graph.inputs.indices.contains(input) else {
      throw DLError(.outOfRange, "input \(input): the model has \(graph.inputs.count)")
    }
    let value = graph.values[graph.inputs[input]]
    guard Preprocessing.exists(in: graph) else {
      throw DLError(.notFound, "input \(value.name.quoted): the model has no preprocessing metadata")
    }
    try requireKnownKeys(graph)
    let target = try Preprocessing.target(in: graph)
    guard input == target else {
      let name = graph.values[graph.inputs[target]].name
      throw DLError(.notFound, "input \(value.name.quoted): the preprocessing metadata are for \(name.quoted)")
    }
    do {
      try self.init(graph, input, PictureInput(value.type, graph.symbols))
    } catch { throw error.at("input \(value.name.quoted)") }
  }

  private init(_ graph: Graph, _ input: Int, _ target: PictureInput) throws(DLError) {
    self.input = input
    height = target.height
    width = target.width
    color = try readColor(graph, channels: target.channels)
    resize = try readResize(graph, target)
    centerCrop = try readCrop(graph)
    let channels = color == .gray ? 1 : 3
    scale = try number(graph, "preprocess.scale", absent: 1)
    mean = try numbers(graph, "preprocess.mean", count: channels, absent: 0)
    std = try numbers(graph, "preprocess.std", count: channels, absent: 1)
    guard scale != 0 else { throw DLError(.invalidModel, "preprocess.scale is 0") }
    for n in std where n <= 0 { throw DLError(.invalidModel, "preprocess.std: expected positive numbers") }
    try requireSize()
  }

  /// Finds, before any picture comes, steps that cannot give the input's size.
  private func requireSize() throws(DLError) {
    guard let height, let width else {
      if centerCrop { throw DLError(.invalidModel, "preprocess.crop needs an input of fixed height and width") }
      return
    }
    let possible: Bool
    switch resize {
    case .none, .cover: possible = true
    case .stretch(let h, let w): possible = centerCrop ? height <= h && width <= w : height == h && width == w
    case .shortestSide(let side): possible = centerCrop ? min(height, width) <= side : min(height, width) == side
    }
    guard possible else {
      let problem: StaticString = centerCrop ? "is smaller than" : "is not, without preprocess.crop,"
      throw DLError(
        .invalidModel,
        "preprocess.resize_size \(problem) the input's "
          + "\(height) x \(width) pixels (height x width)")
    }
  }
}

/// What a picture input must be: f32 [1, channels, height, width]; nil is free.
private struct PictureInput {
  var channels: Int?
  var height: Int?
  var width: Int?

  init(_ type: TensorType, _ symbols: [Name]) throws(DLError) {
    guard type.dtype == .f32, type.rank == 4, type.dims[0].size ?? 1 == 1 else {
      throw DLError(.unsupported, "pictures go into f32 [1, channels, height, width], not \(describe(type, symbols: symbols))")
    }
    channels = type.dims[1].size
    height = type.dims[2].size
    width = type.dims[3].size
    guard channels ?? 1 == 1 || channels == 3, height ?? 1 > 0, width ?? 1 > 0 else {
      throw DLError(.unsupported, "pictures have 1 or 3 channels and some pixels, not \(describe(type, symbols: symbols))")
    }
  }
}

// MARK: - entries

private let prefix: [UInt8] = ("preprocess." as Name).utf8

private let knownKeys: [Name] = [
  "preprocess.input", "preprocess.color", "preprocess.resize", "preprocess.resize_size", "preprocess.crop", "preprocess.scale",
  "preprocess.mean", "preprocess.std",
]

/// A step this version does not know would be left out silently, and the answers be wrong.
private func requireKnownKeys(_ graph: Graph) throws(DLError) {
  for entry in graph.metadata where entry.key.utf8.starts(with: prefix) && !knownKeys.contains(entry.key) {
    throw DLError(.unsupported, "metadata \(entry.key.quoted) is not known to this version")
  }
}

private func readColor(_ graph: Graph, channels: Int?) throws(DLError) -> Preprocessing.Color {
  let color: Preprocessing.Color
  switch try word(graph, "preprocess.color") {
  case nil:
    guard let channels else {
      throw DLError(.invalidModel, "preprocess.color is missing and the input's channels are free")
    }
    color = channels == 1 ? .gray : .rgb
  case "gray": color = .gray
  case "rgb": color = .rgb
  case "bgr": color = .bgr
  case let other?: throw unknownWord("preprocess.color", "gray, rgb or bgr", other)
  }
  let expected = color == .gray ? 1 : 3
  guard channels ?? expected == expected else {
    throw DLError(.invalidModel, "preprocess.color gives \(expected) channels, the input takes \(channels ?? 0)")
  }
  return color
}

private func readResize(_ graph: Graph, _ target: PictureInput) throws(DLError) -> Preprocessing.Resize {
  let size = try side(graph, "preprocess.resize_size")
  let mode = try word(graph, "preprocess.resize")
  switch mode {
  case nil, "none":
    guard size == nil else { throw DLError(.invalidModel, "preprocess.resize_size needs preprocess.resize") }
    return .none
  case "stretch", "shortest_side":
    if let size { return mode == "stretch" ? .stretch(height: size, width: size) : .shortestSide(size) }
    guard let height = target.height, let width = target.width else {
      throw DLError(.invalidModel, "preprocess.resize without preprocess.resize_size needs an input of fixed height and width")
    }
    return mode == "stretch" ? .stretch(height: height, width: width) : .cover(height: height, width: width)
  case let other?: throw unknownWord("preprocess.resize", "stretch, shortest_side or none", other)
  }
}

private func readCrop(_ graph: Graph) throws(DLError) -> Bool {
  switch try word(graph, "preprocess.crop") {
  case nil: false
  case "center": true
  case let other?: throw unknownWord("preprocess.crop", "center", other)
  }
}

private func unknownWord(_ key: Name, _ expected: StaticString, _ found: Name) -> DLError {
  DLError(.unsupported, "\(key): expected \(expected), found \(found.quoted)")
}

// MARK: - values

private func word(_ graph: Graph, _ key: Name) throws(DLError) -> Name? {
  switch graph.metadata(key) {
  case nil: nil
  case .text(let text)?: text
  default: throw DLError(.invalidModel, "\(key): expected text")
  }
}

private func side(_ graph: Graph, _ key: Name) throws(DLError) -> Int? {
  switch graph.metadata(key) {
  case nil: return nil
  case .integer(let n)?:
    // A side alone of the largest image, so that what comes of it stays far from overflow.
    guard n > 0, n <= Int64(Image.maximumPixels) else {
      throw DLError(.invalidModel, "\(key): expected 1 to \(Image.maximumPixels), found \(n)")
    }
    return Int(n)
  default: throw DLError(.invalidModel, "\(key): expected an integer")
  }
}

private func number(_ graph: Graph, _ key: Name, absent: Double) throws(DLError) -> Double {
  try numbers(graph, key, count: 1, absent: absent)[0]
}

/// One number for each channel; a single one serves all.
private func numbers(_ graph: Graph, _ key: Name, count: Int, absent: Double) throws(DLError) -> [Double] {
  let found: [Double]
  switch graph.metadata(key) {
  case nil: found = [absent]
  case .real(let x)?: found = [x]
  case .integer(let n)?: found = [Double(n)]
  case .reals(let list)?: found = list
  case .integers(let list)?: found = list.map { Double($0) }
  default: throw DLError(.invalidModel, "\(key): expected numbers")
  }
  guard found.count == count || found.count == 1 else {
    throw DLError(.invalidModel, "\(key): expected 1 number or one for each of \(count) channels, found \(found.count)")
  }
  for x in found where !x.isFinite { throw DLError(.invalidModel, "\(key): expected finite numbers") }
  return found.count == count ? found : Array(repeating: found[0], count: count)
}
