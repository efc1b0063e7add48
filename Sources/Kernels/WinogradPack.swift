import CPlatform
import KernelTypes

// Transformed weights: for each position of a window the panels of a matrix of channels by output channels, those of each
// 3×3 part of a filter one after the other, their biases 0; then the biases of the convolution, padded with zeros to whole
// panels.

/// Floats of one group's packed weights; channels and columns are the group's.
func packedWinogradSize(_ g: WindowGeometry, size: Int, channels: Int, columns: Int) -> Int {
  g.winogradPositions(size) * packedPanelsSize(depth: g.winogradFilters * channels, columns: columns)
    + roundUp(columns, to: tileColumns)
}

@inline(never) @_optimize(size)
func packWinograd(
  _ layer: ConvLayer, size: Int, _ w: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ panels: UnsafeMutablePointer<Float>
) {
  let g = layer.window
  let channels = g.channels / layer.groups
  let columns = layer.outChannels / layer.groups
  let depth = g.winogradFilters * channels
  let plane = packedPanelsSize(depth: depth, columns: columns)
  let positions = g.winogradPositions(size)
  // Of one column the cells lie in memory as those of one row.
  let (rows, rowLength) = g.isLine ? (1, g.kernelHeight * g.kernelWidth) : (g.kernelHeight, g.kernelWidth)
  let slice = rows * rowLength
  var panels = panels
  for group in 0..<layer.groups {
    for column in stride(from: 0, to: columns, by: lanes) {
      let first = column / tileColumns * tileColumns
      let width = panelVectors(columns, at: first) * lanes
      var part = FilterVector(
        isLine: g.isLine, w: w, pitch: channels * g.kernelDepth * slice, count: min(lanes, columns - column), channels: channels,
        channelPitch: g.kernelDepth * slice, rowLength: rowLength, rows: 0, columns: 0,
        to: panels + ((depth + 1) * first + column - first), width: width, plane: plane)
      for position in 0..<positions { store(splat(0), part.to + position * plane) }
      part.to += width
      for cell in 0..<g.kernelDepth {
        for i in stride(from: 0, to: rows, by: 3) {
          for j in stride(from: 0, to: rowLength, by: 3) {
            (part.rows, part.columns) = (min(3, rows - i), min(3, rowLength - j))
            part.w = w + ((group * columns + column) * part.pitch + cell * slice + i * rowLength + j)
            if size == 4 { pack4(part) } else { pack6(part) }
            part.to += channels * width
          }
        }
      }
    }
    let biases = panels + positions * plane
    for n in 0..<roundUp(columns, to: tileColumns) { biases[n] = n < columns ? bias?[group * columns + n] ?? 0 : 0 }
    panels += packedWinogradSize(g, size: size, channels: channels, columns: columns)
  }
}

/// The 3×3 parts, at one place of one slice, of the filters of a vector of output channels.
private struct FilterVector {
  var isLine: Bool
  /// Of the first filter and channel, and floats to the next filter's.
  var w: UnsafePointer<Float>
  var pitch: Int, count: Int
  var channels: Int, channelPitch: Int
  /// Floats to the next row's cells, and how many rows and columns of cells there are; others are zeros.
  var rowLength: Int, rows: Int, columns: Int
  /// Where the first channel's row of position 0 goes, at this vector; the panel's width; floats to the next position's.
  var to: UnsafeMutablePointer<Float>
  var width: Int, plane: Int

  @inline(__always) func pack<let size: Int>(_ zero: InlineArray<size, Vector>) {
    // What no filter fills stays zero.
    var cells = InlineArray<9, Vector>(repeating: .zero)
    for c in 0..<channels {
      for n in 0..<count {
        let filter = w + (n * pitch + c * channelPitch)
        if isWhole {
          for i in 0..<9 { cells[unchecked: i][n] = filter[i] }
        } else {
          for i in 0..<rows * columns { cells[i / columns * 3 + i % columns][n] = filter[i / columns * rowLength + i % columns] }
        }
      }
      var half = InlineArray<3, InlineArray<size, Vector>>(repeating: zero)
      for j in 0..<3 {
        half[unchecked: j] = transformWeights(InlineArray<3, Vector> { cells[unchecked: 3 * $0 + j] }, zero)
        if isLine { half[unchecked: j][unchecked: 0] = cells[unchecked: j] }
      }
      let row = to + c * width
      // A loop that stays one, as those of the other transforms.
      for i in 0..<dlp_opaque(isLine ? 1 : size) {
        let line = transformWeights(InlineArray<3, Vector> { half[unchecked: $0][unchecked: i] }, zero)
        for j in 0..<size { store(line[unchecked: j], row + (i * size + j) * plane) }
      }
    }
  }

  /// Whether the filters are 3×3, and not parts of larger ones.
  private var isWhole: Bool { rowLength == 3 && rows == 3 }
}

@inline(never) private func pack4(_ f: FilterVector) { f.pack(InlineArray<4, Vector>(repeating: .zero)) }
@inline(never) private func pack6(_ f: FilterVector) { f.pack(InlineArray<6, Vector>(repeating: .zero)) }
