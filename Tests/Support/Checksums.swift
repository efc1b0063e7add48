import DLGraph

/// Makes the checksums of a .dlrt file right (FORMAT.md), of the sections that lie in the file, so that what is damaged reaches the
/// checks behind them. There are at least the bytes of a header.
public func repairChecksums(_ bytes: inout [UInt8]) {
  for i in 0..<min(word(bytes, 14, 2), (bytes.count - 64) / 32) {
    let entry = 64 + 32 * i
    let offset = word(bytes, entry + 8, 8)
    let size = word(bytes, entry + 16, 8)
    guard offset <= bytes.count, size <= bytes.count - offset else { continue }
    set(&bytes, entry + 24, sum(bytes[offset..<offset + size]))
  }
  let tableEnd = 64 + 32 * word(bytes, 14, 2)
  if tableEnd <= bytes.count { set(&bytes, 24, sum(bytes[64..<tableEnd])) }
  set(&bytes, 56, sum(bytes[..<56]))
}

private func sum(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.withUnsafeBytes { checksum(of: $0) } }

private func word(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> Int {
  Int(clamping: (0..<size).reduce(UInt64(0)) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) })
}

private func set(_ bytes: inout [UInt8], _ offset: Int, _ value: UInt64) {
  for i in 0..<8 { bytes[offset + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * i)) }
}
