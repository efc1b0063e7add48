import DLGraph

extension Op {
  /// The attributes as text: "strides=[2, 2] mode=edge", with words where the file has numbers, and without those that change
  /// nothing. Lists end where the text of one would be longer than `limit` bytes.
  func attributeText(limit: Int = .max, quoting: (Name) -> String = visible) -> String {
    attributeFields(limit: limit, quoting: quoting).map { "\($0.name)=\($0.value)" }.joined(separator: " ")
  }

  func attributeFields(limit: Int = .max, quoting: (Name) -> String = visible) -> [(name: String, value: String)] {
    attributes.map { (name: "\($0.name)", value: $0.value) }
      // The name of the operation says the function.
      .filter { $0.name != "function" && !isNeutral($0.name, $0.value) }
      .map { name, value in (name, word(name, value) ?? value.text(limit: limit, quoting: quoting)) }
  }

  /// The name of what a number stands for.
  private func word(_ name: String, _ value: MetadataValue) -> String? {
    guard case .integer(let number) = value, let raw = UInt8(exactly: number) else { return nil }
    switch (name, self) {
    case ("dtype", _): return DType(rawValue: raw).map { "\($0.name)" }
    case ("padding_rule", _): return PaddingRule(rawValue: raw).map(snakeCase)
    case ("reduction", _): return ScatterReduction(rawValue: raw).map(snakeCase)
    case ("coordinates", _): return Resize.Coordinates(rawValue: raw).map(snakeCase)
    case ("rounding", _): return Resize.Rounding(rawValue: raw).map(snakeCase)
    case ("aspect", _): return Resize.Aspect(rawValue: raw).map(snakeCase)
    case ("padding", .gridSample): return GridSample.Padding(rawValue: raw).map(snakeCase)
    case ("mode", .pad): return PadMode(rawValue: raw).map(snakeCase)
    case ("mode", _): return Resize.Mode(rawValue: raw).map(snakeCase)
    default: return nil
    }
  }
}

/// Whether an attribute with this value does what the operation does without it.
private func isNeutral(_ name: String, _ value: MetadataValue) -> Bool {
  switch (name, value) {
  case ("strides", .integers(let list)), ("dilations", .integers(let list)): list.allSatisfy { $0 == 1 }
  case ("pad_begin", .integers(let list)), ("pad_end", .integers(let list)), ("output_padding", .integers(let list)):
    list.allSatisfy { $0 == 0 }
  case ("axes", .integers(let list)), ("permutation", .integers(let list)): list.isEmpty
  case ("groups", .integer(let n)): n == 1
  case ("count_padding", .integer(let n)), ("transpose_a", .integer(let n)), ("transpose_b", .integer(let n)),
    ("keeps_axes", .integer(let n)), ("no_axes_is_identity", .integer(let n)), ("last", .integer(let n)),
    ("exclusive", .integer(let n)), ("reverse", .integer(let n)), ("column_row_depth", .integer(let n)),
    ("diagonal", .integer(let n)), ("batch", .integer(let n)), ("reduction", .integer(let n)),
    ("coordinates", .integer(let n)), ("rounding", .integer(let n)), ("aspect", .integer(let n)),
    ("excludes_outside", .integer(let n)), ("antialias", .integer(let n)), ("align_corners", .integer(let n)),
    ("centres", .integer(let n)):
    n == 0
  case ("cubic", .real(let x)): x == -0.75
  case ("extrapolation", .real(let x)): x == 0
  default: false
  }
}

/// "half_pixel" for the case halfPixel.
private func snakeCase<Case>(_ value: Case) -> String {
  "\(value)".map { $0.isUppercase ? "_" + $0.lowercased() : String($0) }.joined()
}

extension MetadataValue {
  /// On one line; of long lists the beginning and the length.
  func text(limit: Int = .max, quoting: (Name) -> String = visible) -> String {
    let parts: [String]
    switch self {
    case .text(let text): return quoting(text)
    case .integer(let n): return "\(n)"
    case .real(let x): return shortest(x)
    case .integers(let list): parts = list.map { "\($0)" }
    case .reals(let list): parts = list.map(shortest)
    case .texts(let list): parts = list.map(quoting)
    }
    var text = "["
    for (i, part) in parts.enumerated() {
      if text.utf8.count + part.utf8.count > limit { return text + (i == 0 ? "" : ", ") + "…] (\(parts.count))" }
      text += (i == 0 ? "" : ", ") + part
    }
    return text + "]"
  }
}

/// As few digits as tell a number from its neighbours: most were f32 before they were written as f64.
func shortest(_ x: Double) -> String {
  Double(Float(x)) == x || x.isNaN ? "\(Float(x))" : "\(x)"
}
