import DLImage
import Foundation

/// Decodes a PNG file without interlacing (RFC 2083) to 8 bits: grey of 1 to 16 bits, colour, palettes; alpha is dropped.
func decodePNG(_ file: [UInt8]) throws -> Image {
  guard file.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else { throw ArchiveError(message: "no PNG") }
  func u32(_ at: Int) -> Int { file[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
  var header: [UInt8] = []
  var palette: [UInt8] = []
  var compressed: [UInt8] = []
  var at = 8
  while at + 12 <= file.count {
    let length = u32(at)
    let body = file[at + 8..<at + 8 + length]
    switch String(decoding: file[at + 4..<at + 8], as: UTF8.self) {
    case "IHDR": header = Array(body)
    case "PLTE": palette = Array(body)
    case "IDAT": compressed += body
    default: break
    }
    at += 12 + length
  }
  let (width, height) = (u32(16), u32(20))
  let (depth, kind) = (Int(header[8]), header[9])
  guard header[12] == 0, let samples = [0: 1, 2: 3, 3: 1, 6: 4][kind] else { throw ArchiveError(message: "unusual PNG") }
  let rows = try unfiltered(
    inflated(compressed), height, rowBytes: (width * samples * depth + 7) / 8, max(samples * depth / 8, 1))

  /// Sample i of a row as a palette index or as 8 bits.
  func sample(_ row: [UInt8], _ i: Int) -> UInt8 {
    switch depth {
    case 16: return UInt8((Int(row[2 * i]) * 256 + Int(row[2 * i + 1]) + 128) / 257)
    case 8: return row[i]
    default:
      let value = Int(row[i * depth / 8]) >> (8 - depth - i * depth % 8) & ((1 << depth) - 1)
      return UInt8(kind == 3 ? value : value * 255 / ((1 << depth) - 1))
    }
  }
  var bytes: [UInt8] = []
  for row in rows {
    for x in 0..<width {
      switch kind {
      case 0: bytes.append(sample(row, x))
      case 3: bytes += palette[Int(sample(row, x)) * 3..<Int(sample(row, x)) * 3 + 3]
      default: for c in 0..<3 { bytes.append(sample(row, x * samples + c)) }
      }
    }
  }
  return try image(width, height, kind == 0 ? 1 : 3, bytes)
}

/// Takes back the filter of each row.
private func unfiltered(_ data: [UInt8], _ height: Int, rowBytes: Int, _ pixelBytes: Int) throws -> [[UInt8]] {
  guard data.count == height * (rowBytes + 1) else { throw ArchiveError(message: "PNG data of the wrong size") }
  var rows: [[UInt8]] = []
  var above = [UInt8](repeating: 0, count: rowBytes)
  for y in 0..<height {
    let start = y * (rowBytes + 1)
    var row = Array(data[start + 1..<start + 1 + rowBytes])
    for i in 0..<rowBytes {
      let left = i < pixelBytes ? 0 : Int(row[i - pixelBytes])
      let up = Int(above[i])
      let corner = i < pixelBytes ? 0 : Int(above[i - pixelBytes])
      let predicted: Int
      switch data[start] {
      case 0: predicted = 0
      case 1: predicted = left
      case 2: predicted = up
      case 3: predicted = (left + up) / 2
      default:  // Paeth: the neighbour nearest to left + up − corner
        let (a, b, c) = (abs(up - corner), abs(left - corner), abs(left + up - 2 * corner))
        predicted = a <= b && a <= c ? left : b <= c ? up : corner
      }
      row[i] &+= UInt8(predicted)
    }
    rows.append(row)
    above = row
  }
  return rows
}
