import DLGraph
import KernelTypes

extension Rewriter {
  /// Zeros put around images become the padding of the window that slides over them.
  mutating func foldPadding(_ node: Node) -> Bool {
    guard let x = node.inputs.first, x != Node.absent, let pad = producing(x), case .pad(.constant) = pad.op,
      let (begin, end) = spatialPadding(pad)
    else { return false }
    let value = pad.inputs.count > 2 && pad.inputs[2] != Node.absent ? scalar(pad.inputs[2]) : 0
    func padded(_ window: Window) -> Window? {
      guard window.rule == .explicit, window.padBegin.count == begin.count else { return nil }
      var window = window
      for i in begin.indices {
        window.padBegin[i] += begin[i]
        window.padEnd[i] += end[i]
      }
      return window
    }
    let op: Op
    switch node.op {
    case .conv(let window, let groups):
      guard value == 0, let window = padded(window) else { return false }
      op = .conv(window, groups: groups)
    case .maxPool(let kernel, let window):
      // Padding never wins, nor does a zero among numbers that are none below it.
      guard value == -.infinity || value == 0 && isNotNegative(pad.inputs[0]), !window.ceil, node.outputs.count == 1,
        let window = padded(window), fits(window, kernel)
      else { return false }
      op = .maxPool(kernel: kernel, window)
    case .averagePool(let kernel, let window, let countPadding):
      guard value == 0, !window.ceil, countPadding || (window.padBegin + window.padEnd).allSatisfy({ $0 == 0 }),
        let window = padded(window), fits(window, kernel)
      else { return false }
      op = .averagePool(kernel: kernel, window, countPadding: true)
    default: return false
    }
    return replace(node, by: op, [pad.inputs[0]] + node.inputs.dropFirst())
  }

  /// What a pad adds before and after each spatial axis, if it adds nothing elsewhere and cuts nothing.
  private func spatialPadding(_ pad: Node) -> (begin: [Int], end: [Int])? {
    let rank = type(pad.inputs[0]).rank
    guard let amounts = integers(pad.inputs[1]), rank >= 3 else { return nil }
    var axes = Array(0..<rank)
    if pad.inputs.count > 3, pad.inputs[3] != Node.absent {
      guard let given = integers(pad.inputs[3]) else { return nil }
      axes = given.map { $0 < 0 ? $0 + rank : $0 }
    }
    guard amounts.count == 2 * axes.count else { return nil }
    var begin = Array(repeating: 0, count: rank)
    var end = begin
    for (i, axis) in axes.enumerated() {
      guard 0..<rank ~= axis, 0...Int(Int16.max) ~= amounts[i], 0...Int(Int16.max) ~= amounts[axes.count + i] else { return nil }
      begin[axis] = amounts[i]
      end[axis] = amounts[axes.count + i]
    }
    if begin[0] + begin[1] + end[0] + end[1] > 0 { return nil }
    return (Array(begin[2...]), Array(end[2...]))
  }

  /// Whether no window lies wholly in the padding, which pooling does not allow.
  private func fits(_ window: Window, _ kernel: [Int]) -> Bool {
    kernel.indices.allSatisfy { window.padBegin[$0] < kernel[$0] && window.padEnd[$0] < kernel[$0] }
  }

  private func isNotNegative(_ value: Int) -> Bool {
    guard case .activation(let activation)? = producing(value)?.op else { return false }
    switch activation {
    case .relu, .sigmoid, .hardSigmoid: return true
    case .clip(let low, _): return low >= 0
    default: return false
    }
  }
}
