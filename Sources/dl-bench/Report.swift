import DLGraph
import FoundationEssentials

/// Prints a result as one line for each row, and writes it as JSON where that is asked for.
func report(_ result: some Encodable, json path: String?, rows: [(name: String, text: String)]) throws {
  if path != "-" { show(rows: rows) }
  if let path { try writeText(json(result), to: path) }
}

func show(rows: [(name: String, text: String)]) {
  let width = rows.map(\.name.count).max() ?? 0
  for row in rows { print("\(row.name.padded(to: width))  \(row.text)") }
}

/// Columns with headings: the first ones texts, the others figures.
struct Table {
  var headings: [String]
  var rows: [[String]]
  var leftAligned: Int

  init(_ headings: [String], _ rows: [[String]], leftAligned: Int = 1) {
    self.headings = headings
    self.rows = rows
    self.leftAligned = leftAligned
  }
}

func show(table: Table) {
  let lines = [table.headings] + table.rows
  let widths = table.headings.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
  for line in lines {
    let cells = zip(line, widths).enumerated().map { column, cell in
      column < table.leftAligned ? cell.0.padded(to: cell.1) : cell.0.rightAligned(to: cell.1)
    }
    print(cells.joined(separator: "  "))
  }
}

func json(_ result: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(result), as: UTF8.self)
}

/// Writes a line to a file, which shows under its name when it is complete, or with "-" to standard output.
func writeText(_ text: String, to path: String) throws {
  if path == "-" { return print(text) }
  let line = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count + 1, alignment: 1)
  defer { line.deallocate() }
  line.copyBytes(from: text.utf8)
  line[line.count - 1] = UInt8(ascii: "\n")
  do {
    try writeFile(path) { write throws(DLError) in try write(UnsafeRawBufferPointer(line)) }
  } catch { throw BenchError(error.message) }
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
