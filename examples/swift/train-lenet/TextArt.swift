/// A grey image as text, two rows of pixels to a line.
func textArt(_ pixels: some Collection<UInt8>, width: Int) -> String {
  let lit = pixels.map { $0 >= 96 }
  let rows = lit.count / width
  return stride(from: 0, to: rows, by: 2).map { row in
    (0..<width).map { column in
      let upper = lit[row * width + column]
      let lower = row + 1 < rows && lit[(row + 1) * width + column]
      return upper ? (lower ? "█" : "▀") : (lower ? "▄" : " ")
    }.joined()
  }.joined(separator: "\n")
}
