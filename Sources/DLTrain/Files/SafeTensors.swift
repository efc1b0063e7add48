import DLGraph
import Foundation

/// A `.safetensors` file: the length of the header (8 bytes, little-endian), the header as JSON, the tensors' bytes.
/// https://github.com/huggingface/safetensors
public struct SafeTensors {
  struct Entry: Codable, Equatable {
    var dtype: String
    var shape: [Int]
    /// First byte and the one after the last, from the end of the header.
    var data_offsets: [Int]
  }
  private var entries: [(name: String, entry: Entry)] = []
  private var bytes = Data()
  /// Free text under names.
  public private(set) var metadata: [String: String] = [:]

  /// Larger headers are refused, as the reference implementation does.
  static let maximumHeader = 100_000_000

  public init(metadata: [String: String] = [:]) { self.metadata = metadata }

  public var names: [String] { entries.map(\.name) }

  /// Adds a tensor under a name that is not taken.
  public mutating func append<Scalar: TensorScalar>(_ tensor: Tensor<Scalar>, as name: String) {
    precondition(!names.contains(name), "two tensors named \(name)")
    let begin = bytes.count
    bytes.append(contentsOf: UnsafeRawBufferPointer(UnsafeBufferPointer(start: tensor.start, count: tensor.count)))
    entries.append((name, Entry(dtype: Scalar.safeTensorsType, shape: tensor.shape, data_offsets: [begin, bytes.count])))
    withExtendedLifetime(tensor) {}
  }

  /// - Throws: notFound; typeMismatch if the elements are of another type
  public func tensor<Scalar: TensorScalar>(_ name: String) throws(DLError) -> Tensor<Scalar> {
    guard let entry = entries.first(where: { $0.name == name })?.entry else { throw DLError(.notFound, "no tensor '\(name)'") }
    guard entry.dtype == Scalar.safeTensorsType else {
      throw DLError(.typeMismatch, "tensor '\(name)': expected \(Scalar.safeTensorsType), found \(entry.dtype)")
    }
    return Tensor(uninitialized: entry.shape) { values in
      let target = UnsafeMutableRawBufferPointer(start: values, count: entry.data_offsets[1] - entry.data_offsets[0])
      bytes.copyBytes(to: target, from: entry.data_offsets[0]..<entry.data_offsets[1])
    }
  }

  // MARK: writing

  /// The contents of the file. The header is filled up with spaces so that the tensors begin at a multiple of 8.
  public func encoded() throws -> Data {
    var header: [String: HeaderValue] = [:]
    for (name, entry) in entries { header[name] = .tensor(entry) }
    if !metadata.isEmpty { header["__metadata__"] = .metadata(metadata) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var json = try encoder.encode(header)
    while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
    var file = Data()
    withUnsafeBytes(of: UInt64(json.count).littleEndian) { file.append(contentsOf: $0) }
    return file + json + bytes
  }

  // MARK: reading

  /// Reads the contents of a file, checking that the tensors fill it without gap or overlap.
  /// - Throws: invalidModel, with what was expected and found
  public init(_ file: Data) throws(DLError) {
    let file = Data(file)
    guard file.count >= 8 else { throw invalid("\(file.count) bytes do not hold the header's length") }
    let length = file[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(SafeTensors.maximumHeader), length <= UInt64(file.count - 8) else {
      throw invalid("a header of \(length) bytes does not fit a file of \(file.count)")
    }
    let begin = 8 + Int(length)
    bytes = Data(file[begin...])
    for (name, value) in try decodeHeader(file[8..<begin]) {
      switch value {
      case .metadata(let texts):
        guard name == "__metadata__" else { throw invalid("'\(name)' is not a tensor") }
        metadata = texts
      case .tensor(let entry):
        try check(entry, name)
        entries.append((name, entry))
      }
    }
    entries.sort { ($0.entry.data_offsets[0], $0.entry.data_offsets[1]) < ($1.entry.data_offsets[0], $1.entry.data_offsets[1]) }
    var end = 0
    for (name, entry) in entries {
      guard entry.data_offsets[0] == end else {
        throw invalid("tensor '\(name)' begins at byte \(entry.data_offsets[0]), the one before it ends at \(end)")
      }
      end = entry.data_offsets[1]
    }
    guard end == bytes.count else { throw invalid("the tensors end at byte \(end) of \(bytes.count)") }
  }

  private func check(_ entry: Entry, _ name: String) throws(DLError) {
    guard let size = elementSizes[entry.dtype] else { throw invalid("tensor '\(name)': unknown type '\(entry.dtype)'") }
    guard entry.data_offsets.count == 2, 0 <= entry.data_offsets[0], entry.data_offsets[0] <= entry.data_offsets[1],
      entry.data_offsets[1] <= bytes.count
    else { throw invalid("tensor '\(name)': bytes \(describe(entry.data_offsets)) of \(bytes.count)") }
    let length = entry.data_offsets[1] - entry.data_offsets[0]
    guard let count = elementCount(entry.shape), !count.multipliedReportingOverflow(by: size).overflow, count * size == length
    else { throw invalid("tensor '\(name)': \(entry.dtype) \(describe(entry.shape)) in \(length) bytes") }
  }
}

/// An entry of the header.
private enum HeaderValue: Codable {
  case tensor(SafeTensors.Entry)
  case metadata([String: String])

  init(from decoder: any Decoder) throws {
    if let texts = try? [String: String](from: decoder) {
      self = .metadata(texts)
    } else {
      self = .tensor(try SafeTensors.Entry(from: decoder))
    }
  }

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .tensor(let entry): try entry.encode(to: encoder)
    case .metadata(let texts): try texts.encode(to: encoder)
    }
  }
}

private func decodeHeader(_ json: Data) throws(DLError) -> [String: HeaderValue] {
  guard json.first == UInt8(ascii: "{") else { throw invalid("the header does not begin with {") }
  do {
    return try JSONDecoder().decode([String: HeaderValue].self, from: Data(json))
  } catch { throw invalid("the header is not what it should be: \(String(describing: error))") }
}

private func invalid(_ message: Message) -> DLError { DLError(.invalidModel, "safetensors: \(message)") }

/// Bytes of an element.
private let elementSizes = [
  "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2, "U32": 4, "I32": 4,
  "F32": 4, "U64": 8, "I64": 8, "F64": 8,
]

extension TensorScalar {
  static var safeTensorsType: String { MemoryLayout<Self>.size == 8 ? "F64" : "F32" }
}
