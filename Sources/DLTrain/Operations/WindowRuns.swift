import DLGraph

/// Where a window that slides over a plane reads: for each kernel cell, the rows of outputs whose input lies inside the
/// plane. Serves any number of spatial axes, stride, dilation and padding; what no run covers is padding.
struct WindowRuns {
  struct Run {
    /// Index of the kernel cell, row-major.
    var cell: Int
    /// First output of the row, and the input it reads there; offsets in their planes.
    var output: Int
    var input: Int
    var count: Int
    /// Inputs are this far apart for neighbouring outputs.
    var inputStride: Int
  }
  private(set) var runs: [Run] = []
  /// Elements of an input plane, an output plane and the kernel.
  let inputCount: Int
  let outputCount: Int
  let cellCount: Int
  /// Whether some cell of some output reads padding.
  private(set) var hasPadding = false
  /// Without padding, where each cell reads, seen from the first.
  private(set) var cellOffsets: [Int]?

  /// input, output, kernel: sizes of the spatial axes.
  init(_ window: Window, input: [Int], output: [Int], kernel: [Int]) {
    inputCount = input.reduce(1, *)
    outputCount = output.reduce(1, *)
    cellCount = kernel.reduce(1, *)
    let last = kernel.count - 1
    for cell in 0..<cellCount where outputCount > 0 {
      let at = position(cell, in: kernel)
      let row = WindowRuns.inside(window, last, at[last], input[last], output[last])
      guard !row.isEmpty else { continue }
      let first = row.lowerBound * window.strides[last] + at[last] * window.dilations[last] - window.padBegin[last]
      forEachRow(window, at, input, output) { outputRow, inputRow in
        runs.append(
          Run(
            cell: cell, output: outputRow * output[last] + row.lowerBound, input: inputRow * input[last] + first,
            count: row.count, inputStride: window.strides[last]))
      }
    }
    hasPadding = runs.reduce(0) { $0 + $1.count } < cellCount * outputCount
    if !hasPadding, let first = runs.first {
      cellOffsets = runs.filter { $0.output == 0 }.map { $0.input - first.input }
    }
  }

  /// Calls `body` with each row of outputs for which the kernel cell at `at` reads a row of the input, and with that row.
  private func forEachRow(_ window: Window, _ at: [Int], _ input: [Int], _ output: [Int], _ body: (Int, Int) -> Void) {
    func visit(_ axis: Int, _ outputRow: Int, _ inputRow: Int) {
      guard axis < at.count - 1 else { return body(outputRow, inputRow) }
      for i in WindowRuns.inside(window, axis, at[axis], input[axis], output[axis]) {
        let j = i * window.strides[axis] + at[axis] * window.dilations[axis] - window.padBegin[axis]
        visit(axis + 1, outputRow * output[axis] + i, inputRow * input[axis] + j)
      }
    }
    visit(0, 0, 0)
  }

  /// The outputs along an axis for which kernel position k reads inside the input.
  private static func inside(_ window: Window, _ axis: Int, _ k: Int, _ input: Int, _ output: Int) -> Range<Int> {
    let stride = window.strides[axis]
    let shift = window.padBegin[axis] - k * window.dilations[axis]
    let first = shift > 0 ? (shift + stride - 1) / stride : 0
    let end = input + shift > 0 ? (input + shift - 1) / stride + 1 : 0
    return first < min(end, output) ? first..<min(end, output) : 0..<0
  }
}

/// Indices of element `offset` of a row-major array.
private func position(_ offset: Int, in sizes: [Int]) -> [Int] {
  var offset = offset
  var position = sizes
  for axis in sizes.indices.reversed() {
    position[axis] = offset % sizes[axis]
    offset /= sizes[axis]
  }
  return position
}
