import DLGraph

/// Operations over [N, C, spatial…].
let spatialConverters: [String: Converter] = [
  "Conv": { call throws(DLError) in
    let x = try call.input(0)
    let weights = call.type(try call.input(1))
    let kernel = weights.dims.dropFirst(2).map { $0.size ?? 0 }
    try call.requireKernel(kernel)
    let window = try call.window(kernel: kernel, over: x)
    return [try call.add(.conv(window, groups: call.int("group", default: 1)), call.allInputs())]
  },
  "MaxPool": { call throws(DLError) in
    let (x, kernel, window) = try call.pool()
    call.ignore("storage_order")
    return [try call.add(.maxPool(kernel: kernel, window), x)]
  },
  "AveragePool": { call throws(DLError) in
    let (x, kernel, window) = try call.pool()
    let countPadding = try call.bool("count_include_pad")
    return [try call.add(.averagePool(kernel: kernel, window, countPadding: countPadding), x)]
  },
  "GlobalMaxPool": { call throws(DLError) in [try call.add(.globalMaxPool, call.input(0))] },
  "GlobalAveragePool": { call throws(DLError) in [try call.add(.globalAveragePool, call.input(0))] },
]

extension Call {
  /// The attribute kernel_shape, where it is given, is what the weights say.
  fileprivate func requireKernel(_ kernel: [Int]) throws(DLError) {
    if let stated = try ints("kernel_shape"), stated != kernel {
      throw DLError(.invalidModel, "kernel_shape: expected the weights' \(describe(kernel)), found \(describe(stated))")
    }
  }

  fileprivate func pool() throws(DLError) -> (x: Int, kernel: [Int], Window) {
    let x = try input(0)
    let kernel = try required(perAxis("kernel_shape", max(0, rank(x) - 2)), "kernel_shape")
    var window = try window(kernel: kernel, over: x)
    if try bool("ceil_mode") { try roundUp(&window, kernel, x) }
    return (x, kernel, window)
  }

  /// Padding at the end with which a last, partial window counts. One that would begin in the padding does not.
  private func roundUp(_ window: inout Window, _ kernel: [Int], _ x: Int) throws(DLError) {
    for axis in kernel.indices {
      guard let size = type(x).dims[axis + 2].size else {
        throw DLError(.unsupported, "ceil_mode over a free size; --shape can give it")
      }
      let stride = window.strides[axis]
      let left = size + window.padBegin[axis] + window.padEnd[axis] - (kernel[axis] - 1) * window.dilations[axis] - 1
      guard stride > 0, left >= 0, left % stride != 0 else { continue }
      if (left / stride + 1) * stride < size + window.padBegin[axis] { window.padEnd[axis] += stride - left % stride }
    }
  }
}
