import FoundationEssentials

/// Prints a result: as JSON, or as one line for each row.
func report(_ result: some Encodable, json: Bool, rows: [(name: String, text: String)]) throws {
  if json {
    try printJSON(result)
  } else {
    let width = rows.map(\.name.count).max() ?? 0
    for row in rows { print("\(row.name.padded(to: width))  \(row.text)") }
  }
}

func printJSON(_ result: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  print(String(decoding: try encoder.encode(result), as: UTF8.self))
}

extension String {
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
  func rightAligned(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}

/// Decimal notation with so many digits after the point.
func fixed(_ value: Double, _ digits: Int) -> String {
  guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
  let scale = (0..<digits).reduce(1) { product, _ in product * 10 }
  let scaled = Int((abs(value) * Double(scale)).rounded())
  let whole = "\(value < 0 && scaled > 0 ? "-" : "")\(scaled / scale)"
  guard digits > 0 else { return whole }
  let fraction = "\(scaled % scale)"
  return whole + "." + String(repeating: "0", count: digits - fraction.count) + fraction
}

/// A time in the unit that suits it.
func duration(_ nanoseconds: Double) -> String {
  switch nanoseconds {
  case ..<1e3: "\(fixed(nanoseconds, 1)) ns"
  case ..<1e6: "\(fixed(nanoseconds / 1e3, 2)) µs"
  case ..<1e9: "\(fixed(nanoseconds / 1e6, 3)) ms"
  default: "\(fixed(nanoseconds / 1e9, 3)) s"
  }
}

func megabytes(_ bytes: Int) -> String { "\(fixed(Double(bytes) / 1e6, 2)) MB" }
