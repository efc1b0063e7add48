import DLGraph

/// Products of matrices.
let matrixConverters: [String: Converter] = [
  "Gemm": { call in [try call.gemm()] },
  "MatMul": { call in [try call.matmul(call.input(0), call.input(1))] },
  "Einsum": { call in
    let equation = try call.required(call.string("equation"), "equation").filter { $0 != " " }
    return [try call.add(.einsum(Name(equation)), call.allInputs())]
  },
]

extension Call {
  func matmul(_ a: Int, _ b: Int) throws -> Int {
    let dense = rank(a) == 2 && rank(b) == 2 && dtype(a).isFloat
    return try add(dense ? .gemm(transposeA: false, transposeB: false) : .matmul, a, b)
  }

  /// alpha · A · B + beta · C. The factors go into constants where there are any.
  fileprivate func gemm() throws -> Int {
    let (alpha, beta) = (try float("alpha", default: 1), try float("beta", default: 1))
    ignore("broadcast")
    let transposeB = try bool("transB")
    let product = Op.gemm(transposeA: try bool("transA"), transposeB: transposeB)
    let (a, b) = (try input(0), try scale(input(1), by: alpha))
    guard let c = optional(2), beta != 0 else { return try add(product, a, b) }
    let addend = try scale(c, by: beta)
    if let columns = type(b).dims.last.map({ transposeB ? type(b).dims[0] : $0 }), dtype(a).isFloat {
      // A row for all rows is the bias of a dense layer.
      if type(c).dims == [columns] { return try add(product, a, b, addend) }
      if type(c).dims == [.fixed(1), columns] { return try add(product, a, b, add(.squeeze([0]), addend)) }
    }
    return try binary(.add, add(product, a, b), addend)
  }

  private func scale(_ x: Int, by factor: Float) throws -> Int {
    factor == 1 ? x : try binary(.multiply, x, number: Double(factor))
  }
}
