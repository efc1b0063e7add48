import DLGraph

/// Products of matrices.
let matrixConverters: [String: Converter] = [
  "Gemm": { call throws(DLError) in
    let alpha = try call.float("alpha", default: 1)
    let beta = try call.float("beta", default: 1)
    call.ignore("broadcast")
    let product = Op.gemm(transposeA: try call.bool("transA"), transposeB: try call.bool("transB"))
    let (a, b) = (try call.input(0), try call.input(1))
    if alpha == 1, beta == 1, let c = call.optional(2), call.rank(c) == 1, call.type(c).dims[0] == call.columns(product, b) {
      return [try call.add(product, a, b, c)]
    }
    let y = try call.scale(call.add(product, a, b), by: alpha)
    guard let c = call.optional(2), beta != 0 else { return [y] }
    return [try call.add(.add, y, call.scale(c, by: beta))]
  },
  "MatMul": { call throws(DLError) in
    let (a, b) = (try call.input(0), try call.input(1))
    guard call.rank(a) == 2, call.rank(b) == 2 else {
      throw DLError(.unsupported, "operands of rank \(call.rank(a)) and \(call.rank(b))")
    }
    return [try call.add(.gemm(transposeA: false, transposeB: false), a, b)]
  },
]

extension Call {
  fileprivate func columns(_ product: Op, _ b: Int) -> Dim? {
    guard case .gemm(_, let transposeB) = product, rank(b) == 2 else { return nil }
    return type(b).dims[transposeB ? 0 : 1]
  }

  fileprivate func scale(_ x: Int, by factor: Float) throws(DLError) -> Int {
    if factor == 1 { return x }
    return try add(.multiply, x, add(Constant([], [factor])))
  }
}
