import KernelTypes

// Pooling with more than one output, transposed convolution, regions.

func evaluateSpatial(_ op: Op, _ inputs: [TensorBuffer?], _ outputs: [TensorBuffer?]) throws(DLError) {
  guard let x = inputs[0], let y = outputs[0] else { return }
  switch op {
  case .maxPool(let kernel, let window):
    let resolved = window.resolved(kernel: kernel, sizes: Array(x.sizes[2...]))
    if x.dtype == .f64 { maxPool(Double.self, kernel, resolved, x, y) } else { maxPool(Float.self, kernel, resolved, x, y) }
  default: break
  }
}

private func maxPool<T: ReferenceScalar>(
  _: T.Type, _ kernel: [Int], _ window: Window, _ x: TensorBuffer, _ y: TensorBuffer
) {
  referencePool(
    kernel, window, .max, TensorView(UnsafePointer(x.data.assumingMemoryBound(to: T.self)), x.sizes),
    MutableTensorView(y.data.assumingMemoryBound(to: T.self), y.sizes))
}
