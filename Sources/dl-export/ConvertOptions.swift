import ArgumentParser
import DLGraph

/// NAME=1,3,224,224.
struct InputShape: ExpressibleByArgument {
  let name: String
  let sizes: [Int]

  init?(argument: String) {
    guard let (name, text) = assignment(argument) else { return nil }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let sizes = text.isEmpty ? [] : parts.compactMap { Int($0) }
    guard text.isEmpty || sizes.count == parts.count, sizes.allSatisfy({ $0 >= -1 }) else { return nil }
    self.name = name
    self.sizes = sizes
  }
}

/// NAME=VALUE.
struct InputValue: ExpressibleByArgument {
  let name: String
  let value: Double

  init?(argument: String) {
    guard let (name, text) = assignment(argument), let value = Double(text) else { return nil }
    self.name = name
    self.value = value
  }
}

/// How pictures become an input: entries of the metadata (FORMAT.md).
struct PreprocessingEntry: ExpressibleByArgument {
  private let entries: [(Name, MetadataValue)]

  init?(argument: String) {
    if argument == "imagenet" {
      entries = [
        ("preprocess.color", .text("rgb")), ("preprocess.resize", .text("shortest_side")),
        ("preprocess.resize_size", .integer(256)), ("preprocess.crop", .text("center")), ("preprocess.scale", .real(1 / 255)),
        ("preprocess.mean", .reals([0.485, 0.456, 0.406])), ("preprocess.std", .reals([0.229, 0.224, 0.225])),
      ]
      return
    }
    guard let (key, text) = assignment(argument) else { return nil }
    let value: MetadataValue?
    switch key {
    case "input", "color", "resize", "crop": value = .text(Name(text))
    case "resize_size": value = Int64(text).map { .integer($0) }
    case "scale": value = Double(text).map { .real($0) }
    case "mean", "std":
      let parts = text.split(separator: ",").map { Double($0) }
      value = parts.isEmpty || parts.contains(nil) ? nil : .reals(parts.compactMap { $0 })
    default: value = nil
    }
    guard let value else { return nil }
    entries = [(Name("preprocess.\(key)"), value)]
  }

  func add(to graph: inout Graph) {
    for (key, value) in entries { graph.setMetadata(key, value) }
  }
}

private func assignment(_ argument: String) -> (String, String)? {
  guard let equals = argument.lastIndex(of: "="), equals > argument.startIndex else { return nil }
  return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
}

/// The lines of a text file. Throws ioError.
func readLabels(_ path: String) throws(DLError) -> [Name] {
  let file = try Storage.mapping(path)
  let text = String(decoding: UnsafeRawBufferPointer(start: file.base, count: file.byteCount), as: UTF8.self)
  withExtendedLifetime(file) {}
  var lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
  if lines.last?.isEmpty == true { lines.removeLast() }
  return lines.map { Name(String($0)) }
}
