import ArgumentParser
import DLGraph

struct Dump: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints a model as text that two versions of it can be compared by.",
    discussion: """
      A line for each entry of the metadata, input, output, constant and node, in the order of the file. Nothing depends on where \
      the file lies or on the machine, and no line on another one, so that diff shows what differs:

        diff <(dl-export dump old.dlrt) <(dl-export dump new.dlrt)

      Of a constant there are the smallest, largest and mean element and the checksum (XXH64) of its bytes, or the elements if they \
      are few. Attributes that change nothing are left out. A name with other characters than letters, digits and ._-/: is in \
      quotation marks; the second tensor of a name is "name"#2.
      """)

  @Argument(help: "A .dlrt file.", completion: .file(extensions: ["dlrt"])) var model: String
  @Option(help: "Print the elements of constants, and of lists in the metadata, that have at most this many.") var elements = 8

  func validate() throws {
    if elements < 0 { throw ValidationError("--elements: expected 0 or more") }
  }

  func run() throws {
    do {
      let storage = try Storage.mapping(model)
      let graph = try readModel(storage)
      print("dlrt \(formatVersion(of: storage))")
      GraphText(graph, mostElements: elements).forEachLine { print($0) }
    } catch { throw Failure(error, path: model) }
  }
}

/// "1.1". Of a file that has been read without an error.
func formatVersion(of storage: Storage) -> String {
  func number(at offset: Int) -> UInt16 {
    UInt16(littleEndian: storage.base.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }
  return "\(number(at: 10)).\(number(at: 12))"
}

/// A graph as lines of text.
struct GraphText {
  private let graph: Graph
  private let mostElements: Int
  /// By index of value.
  private let names: [String]
  private let symbols: [Name]

  init(_ graph: Graph, mostElements: Int) {
    self.graph = graph
    self.mostElements = mostElements
    symbols = graph.symbols.map { Name(token($0)) }
    var seen: [Name: Int] = [:]
    names = graph.values.map { value in
      seen[value.name, default: 0] += 1
      let count = seen[value.name] ?? 1
      return count == 1 ? token(value.name) : quoted(value.name) + "#\(count)"
    }
  }

  func forEachLine(_ show: (String) -> Void) {
    show("graph \(token(graph.name))")
    for symbol in symbols { show("symbol \(symbol)") }
    for (key, value) in graph.metadata { show("metadata \(token(key)) = \(text(value))") }
    for input in graph.inputs { show("input \(typed(input))") }
    for output in graph.outputs { show("output \(typed(output))") }
    for (v, value) in graph.values.enumerated() {
      if let constant = value.constant { show("constant \(typed(v)) \(text(constant))") }
    }
    for node in graph.nodes { show(text(node)) }
  }

  private func typed(_ value: Int) -> String { "\(names[value]) \(describe(graph.values[value].type, symbols: symbols))" }

  /// conv1: conv(x, w) pad_begin=[2, 2] → y f32 [N, 6, 28, 28]
  private func text(_ node: Node) -> String {
    func name(_ value: Int) -> String { value == Node.absent ? "_" : names[value] }
    let fields = node.op.attributeText(quoting: quoted)
    let outputs = node.outputs.map { $0 == Node.absent ? "_" : typed($0) }
    return "node \(token(node.name)): \(node.op.name)(\(node.inputs.map(name).joined(separator: ", ")))"
      + (fields.isEmpty ? "" : " " + fields) + " → " + outputs.joined(separator: ", ")
  }

  private func text(_ constant: Constant) -> String {
    if constant.count <= mostElements { return "= [\(constant.elementTexts.joined(separator: ", "))]" }
    let found = Statistics(constant)
    return "min \(brief(found.minimum)) max \(brief(found.maximum)) mean \(brief(found.mean))"
      + (found.notFinite > 0 ? " not finite \(found.notFinite)" : "") + " xxh64 \(hex(checksum(of: constant.bytes)))"
  }

  /// Of a long list the number and a checksum of what the text would be.
  private func text(_ value: MetadataValue) -> String {
    let full = value.text(quoting: quoted)
    guard let count = value.listCount, count > mostElements else { return full }
    return "\(count) \(value.typeName) xxh64 \(hex(Array(full.utf8).withUnsafeBytes { checksum(of: $0) }))"
  }
}

extension MetadataValue {
  /// How many a list has; nil if it is none.
  var listCount: Int? {
    switch self {
    case .integers(let list): list.count
    case .reals(let list): list.count
    case .texts(let list): list.count
    case .text, .integer, .real: nil
    }
  }
}

/// 16 digits.
func hex(_ number: UInt64) -> String {
  let digits = String(number, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

/// A name, in quotation marks unless nothing in it could be taken for something else.
private func token(_ name: Name) -> String {
  let isPlain = name.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-")...UInt8(ascii: ":"),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }
  return isPlain && !name.isEmpty && name != "_" && name.utf8.last != UInt8(ascii: ":") ? name.description : quoted(name)
}

/// In quotation marks; what would end them, or disturb a terminal, is escaped as in Swift.
private func quoted(_ name: Name) -> String {
  var text = "\""
  for scalar in name.description.unicodeScalars {
    switch scalar.properties.generalCategory {
    case _ where scalar == "\"" || scalar == "\\": text += "\\\(scalar)"
    case .control, .format, .lineSeparator, .paragraphSeparator: text += "\\u{\(String(scalar.value, radix: 16))}"
    default: text.unicodeScalars.append(scalar)
    }
  }
  return text + "\""
}
