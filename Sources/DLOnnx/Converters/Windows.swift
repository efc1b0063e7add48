import DLGraph

extension Call {
  /// Strides, dilations and padding of an operation that slides a window over the spatial axes of x.
  func window(kernel: [Int], over x: Int) throws -> Window {
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
    case "SAME_UPPER": window.rule = .sameUpper
    case "SAME_LOWER": window.rule = .sameLower
    case let other: throw DLError(.unsupported, "auto_pad \(other)")
    }
    return window
  }

  func perAxis(_ name: String, _ count: Int) throws -> [Int]? {
    guard let list = try ints(name) else { return nil }
    guard list.count == count, list.allSatisfy({ $0.magnitude <= Int32.max.magnitude }) else {
      throw DLError(.invalidModel, "\(name): expected \(count) sizes, found \(list.count)")
    }
    return list
  }
}
