import DLGraph
import DLRuntime
import KernelTypes

/// The kernels of this processor. A wrong DLRT_ISA is a mistake of who set it, and stops the program with its message.
let kernels: KernelSet = {
  do throws(DLError) { return try bestKernels() } catch { fatalError(error.message) }
}()

/// The product by the tile kernels: b is rearranged into the panels they read, a if its rows are not dense.
func multiplyPacked(_ p: MatrixProduct<Float>) {
  let packed = kernels.packedSize(p.depth, p.columns)
  let copied = p.a.columnStride == 1 ? 0 : p.rows * p.depth
  let scratch = Buffer<Float>(packed + copied)
  defer { withExtendedLifetime(scratch) {} }
  kernels.pack(
    WeightMatrix(
      w: p.b.start, inner: p.depth, columns: p.columns, innerStride: p.b.rowStride, columnStride: p.b.columnStride),
    p.bias, scratch.start)
  var a = p.a
  if copied > 0 {
    // Element (i, k) of a is element (k, i) of its transpose, whose rows are a.columnStride apart.
    precondition(a.rowStride == 1, "a matrix whose rows and columns are both apart")
    kernels.transpose(p.depth, p.rows, a.start, a.columnStride, scratch.start + packed, p.depth)
    a = .init(UnsafePointer(scratch.start + packed), rowStride: p.depth)
  }
  let call = GemmCall(
    rows: p.rows, depth: p.depth, columns: p.columns, x: a.start, xStride: a.rowStride, panels: scratch.start, y: p.y,
    yStride: p.yStride, activation: .identity)
  let units = kernels.gemmUnits(call)
  if p.isParallel {
    parallel(units) { kernels.gemm(call, $0..<$0 + 1) }
  } else {
    kernels.gemm(call, 0..<units)
  }
}
