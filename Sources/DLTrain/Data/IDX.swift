import DLGraph
import Foundation

/// An array of bytes in the IDX format of the MNIST files: two zero bytes, the type (8: unsigned byte), the rank, the sizes as
/// big-endian 32-bit numbers, the elements.
public struct IDX: Sendable {
  public let shape: [Int]
  public let bytes: [UInt8]

  /// - Throws: ioError, with what was expected and found
  public init(_ data: [UInt8]) throws(DLError) {
    guard data.count >= 4, data[0] == 0, data[1] == 0 else { throw DLError(.ioError, "IDX: it does not begin with 0, 0") }
    guard data[2] == 8 else { throw DLError(.unsupported, "IDX: expected type 8 (unsigned byte), found \(data[2])") }
    let rank = Int(data[3])
    guard 1...maximumRank ~= rank else { throw DLError(.unsupported, "IDX: expected rank 1 to \(maximumRank), found \(rank)") }
    let header = 4 + 4 * rank
    guard data.count >= header else { throw DLError(.ioError, "IDX: \(data.count) bytes do not hold a header of \(header)") }
    shape = (0..<rank).map { axis in data[(4 + 4 * axis)..<(8 + 4 * axis)].reduce(0) { $0 << 8 | Int($1) } }
    guard let count = elementCount(shape), count == data.count - header else {
      throw DLError(.ioError, "IDX: \(describe(shape)) against \(data.count - header) bytes of elements")
    }
    bytes = Array(data[header...])
  }

  /// Reads a file, compressed by gzip if its name ends in .gz.
  public init(contentsOf file: URL) throws(DLError) {
    let data: Data
    do { data = try Data(contentsOf: file) } catch { throw DLError(.ioError, "cannot read '\(file.path)'") }
    do {
      try self.init(file.pathExtension == "gz" ? gunzip(data) : [UInt8](data))
    } catch { throw error.at("'\(file.path)'") }
  }
}
