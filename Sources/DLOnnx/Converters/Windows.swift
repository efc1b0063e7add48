import DLGraph

extension Call {
  /// Strides, dilations and padding of an operation that slides a window over the spatial axes of x.
  func window(kernel: [Int], over x: Int) throws(DLError) -> Window {
    let axes = rank(x) - 2
    guard axes >= 1, kernel.count == axes else {
      throw DLError(.shapeMismatch, "a kernel \(describe(kernel)) cannot slide over rank \(rank(x))")
    }
    var window = Window(axes: axes)
    window.strides = try perAxis("strides", axes) ?? window.strides
    window.dilations = try perAxis("dilations", axes) ?? window.dilations
    let pads = try perAxis("pads", 2 * axes)
    switch try string("auto_pad", default: "NOTSET") {
    case "NOTSET", "":
      if let pads {
        window.padBegin = Array(pads[..<axes])
        window.padEnd = Array(pads[axes...])
      }
    case "VALID": break
    case "SAME_UPPER": try padToSame(&window, kernel, x, upper: true)
    case "SAME_LOWER": try padToSame(&window, kernel, x, upper: false)
    case let other: throw DLError(.unsupported, "auto_pad \(other)")
    }
    return window
  }

  func perAxis(_ name: String, _ count: Int) throws(DLError) -> [Int]? {
    guard let list = try ints(name) else { return nil }
    guard list.count == count, list.allSatisfy({ abs($0) <= Int(Int32.max) }) else {
      throw DLError(.invalidModel, "\(name): expected \(count) sizes, found \(list.count)")
    }
    return list
  }

  /// Padding with which an output has size ⌈input / stride⌉; an odd cell goes to the end, or with `upper` false the beginning.
  private func padToSame(_ window: inout Window, _ kernel: [Int], _ x: Int, upper: Bool) throws(DLError) {
    for axis in kernel.indices {
      let stride = window.strides[axis]
      let extent = (kernel[axis] - 1) * window.dilations[axis] + 1
      let total: Int
      if let size = type(x).dims[axis + 2].size {
        guard stride > 0 else { throw DLError(.invalidModel, "strides: expected 1 or more, found \(stride)") }
        total = max(0, ((size + stride - 1) / stride - 1) * stride + extent - size)
      } else if stride == 1 {
        total = max(0, extent - 1)
      } else {
        throw DLError(.unsupported, "auto_pad with a stride over a free size; --shape can give it")
      }
      window.padBegin[axis] = upper ? total / 2 : total - total / 2
      window.padEnd[axis] = total - window.padBegin[axis]
    }
  }
}
