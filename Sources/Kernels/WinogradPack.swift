import CPlatform
import KernelTypes

// Transformed weights: for each of size² positions the panels of a matrix of channels by output channels, those of each
// slice of a kernel one after the other, their biases 0;
// then the biases of the convolution, padded with zeros to whole panels.

/// Floats of one group's packed weights.
func packedWinogradSize(size: Int, depth: Int, columns: Int) -> Int {
  size * size * packedPanelsSize(depth: depth, columns: columns) + roundUp(columns, to: tileColumns)
}

@inline(never) @_optimize(size)
func packWinograd(
  _ layer: ConvLayer, size: Int, _ w: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?, _ panels: UnsafeMutablePointer<Float>
) {
  let channels = layer.window.channels / layer.groups
  let columns = layer.outChannels / layer.groups
  let slices = layer.window.kernelDepth
  let depth = slices * channels
  let plane = packedPanelsSize(depth: depth, columns: columns)
  var panels = panels
  for group in 0..<layer.groups {
    var column = 0
    while column < columns {
      let first = column / tileColumns * tileColumns
      let width = panelVectors(columns, at: first) * lanes
      let vector = FilterVector(
        w: w + (group * columns + column) * depth * 9, filterPitch: depth * 9, count: min(lanes, columns - column),
        channels: channels, slices: slices, to: panels + ((depth + 1) * first + column - first), width: width, plane: plane)
      if size == 4 { pack4(vector) } else { pack6(vector) }
      column += lanes
    }
    let biases = panels + size * size * plane
    for n in 0..<roundUp(columns, to: tileColumns) { biases[n] = n < columns ? bias?[group * columns + n] ?? 0 : 0 }
    panels += packedWinogradSize(size: size, depth: depth, columns: columns)
  }
}

/// The filters of a vector of output channels.
private struct FilterVector {
  /// The first filter, [channels][slices][3][3], and floats to the next's.
  var w: UnsafePointer<Float>
  var filterPitch: Int, count: Int
  var channels: Int, slices: Int
  /// The first row of the panel of position 0, at this vector; the panel's width; floats to the next position's.
  var to: UnsafeMutablePointer<Float>
  var width: Int, plane: Int

  @inline(__always) func pack<let size: Int>(_ zero: InlineArray<size, Vector>) {
    for position in 0..<dlp_opaque(size * size) { store(splat(0), to + position * plane) }
    for k in 0..<slices * channels {
      let (slice, c) = k.quotientAndRemainder(dividingBy: channels)
      var cells = InlineArray<9, Vector>(repeating: .zero)
      for n in 0..<count {
        let filter = w + (n * filterPitch + (c * slices + slice) * 9)
        for i in 0..<9 { cells[unchecked: i][n] = filter[i] }
      }
      var columns = InlineArray<3, InlineArray<size, Vector>>(repeating: zero)
      for j in 0..<3 {
        columns[unchecked: j] = transformWeights(InlineArray<3, Vector> { cells[unchecked: 3 * $0 + j] }, zero)
      }
      let row = to + (k + 1) * width
      for i in 0..<size {
        let line = transformWeights(InlineArray<3, Vector> { columns[unchecked: $0][unchecked: i] }, zero)
        for j in 0..<size { store(line[unchecked: j], row + (i * size + j) * plane) }
      }
    }
  }
}

@inline(never) private func pack4(_ f: FilterVector) { f.pack(InlineArray<4, Vector>(repeating: .zero)) }
@inline(never) private func pack6(_ f: FilterVector) { f.pack(InlineArray<6, Vector>(repeating: .zero)) }
