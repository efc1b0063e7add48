import DLGraph

/// Sizes of a convolution of a batch.
struct ConvShape {
  let window: Window
  let x, w, y: [Int]
  let groups: Int
  /// Of one group.
  let channels, outChannels: Int
  /// Elements of an input plane, an output plane and the kernel.
  let inputs, outputs, cells: Int
  var batch: Int { x[0] }
  var depth: Int { channels * cells }
  var inputGroup: Int { channels * inputs }
  var outputGroup: Int { outChannels * outputs }
  var weightGroup: Int { outChannels * depth }

  init(_ window: Window, _ groups: Int, x: [Int], w: [Int], y: [Int]) {
    self.window = window
    self.groups = groups
    self.x = x
    self.w = w
    self.y = y
    channels = w[1]
    outChannels = w[0] / groups
    inputs = x[2...].reduce(1, *)
    outputs = y[2...].reduce(1, *)
    cells = w[2...].reduce(1, *)
  }

  func makeRuns() -> WindowRuns {
    WindowRuns(window, input: Array(x[2...]), output: Array(y[2...]), kernel: Array(w[2...]))
  }

  /// Images are spread over the cores in chunks that do not depend on the number of threads.
  static let chunks = 16

  /// Calls `body` for each chunk with its number, in parallel.
  func forEachChunk(_ body: (_ chunk: Int, _ images: Range<Int>) -> Void) {
    parallel(ConvShape.chunks) { chunk in
      body(chunk, batch * chunk / ConvShape.chunks..<batch * (chunk + 1) / ConvShape.chunks)
    }
  }
}
