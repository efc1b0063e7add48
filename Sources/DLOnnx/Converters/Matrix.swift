import DLGraph

/// Products of matrices.
let matrixConverters: [String: Converter] = [
  "Gemm": { call in [try call.gemm()] },
  "MatMul": { call in [try call.matmul(call.input(0), call.input(1))] },
  "Einsum": { call in
    let equation = try call.required(call.string("equation"), "equation").filter { $0 != " " }
    return [try call.add(.einsum(Name(equation)), call.allInputs())]
  },
  "Det": { call in [try call.determinant()] },
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

  /// Of small matrices, the sum of products that it is (Laplace).
  fileprivate func determinant() throws -> Int {
    let x = try input(0)
    let mostRows = 4
    guard rank(x) >= 2, let rows = type(x).dims[rank(x) - 1].size, type(x).dims[rank(x) - 2] == .fixed(rows),
      1...mostRows ~= rows
    else { throw DLError(.unsupported, "expected square matrices of at most \(mostRows) rows, found \(describe(type(x)))") }
    /// Of the rows from `row` on and of some columns.
    func minor(_ row: Int, _ columns: [Int]) throws -> Int {
      let elements = try add(.gather(axis: -2), x, number(row))
      var sum: Int?
      for (i, column) in columns.enumerated() {
        var term = try add(.gather(axis: -1), elements, number(column))
        let others = columns.filter { $0 != column }
        if !others.isEmpty { term = try binary(.multiply, term, minor(row + 1, others)) }
        sum = try sum.map { try binary(i % 2 == 0 ? .add : .subtract, $0, term) } ?? term
      }
      return try required(sum, "columns")
    }
    return try minor(0, Array(0..<rows))
  }
}
