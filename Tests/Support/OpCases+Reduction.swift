import DLGraph
import KernelTypes

// Cases of reductions, normalisations over axes, and products.

let reductionCases: [OpCase] = {
  func reduce(_ reduction: Reduction, _ axes: [Int], keeps: Bool = true, identity: Bool = false) -> Op {
    .reduce(reduction, axes: axes, keepsAxes: keeps, noAxesIsIdentity: identity)
  }
  /// Positive, so that logarithms of sums are numbers.
  func positive(_ sizes: [Int]) -> OpArgument { .f32(sizes, (0..<sizes.reduce(1, *)).map { 0.25 + Double($0 * 5 % 13) / 8 }) }
  var cases: [OpCase] = []
  for reduction in Reduction.allCases {
    for (x, axes) in [
      ([2, 3, 5], [1]), ([2, 3, 5], [-1, 0]), ([2, 3, 5], []), ([7], [0]), ([2, 17, 3, 4], [2, 3]), ([3, 1, 4], [1]), ([], []),
    ] as [([Int], [Int])] {
      cases.append(OpCase(reduce(reduction, axes), [positive(x)]))
      cases.append(OpCase(reduce(reduction, axes, keeps: false), [positive(x)]))
    }
    cases.append(OpCase(reduce(reduction, [], identity: true), [positive([2, 3])]))
    cases.append(OpCase(reduce(reduction, []), [positive([2, 3, 4]), .i64(list: [-2])]))
    cases.append(OpCase(reduce(reduction, [], keeps: false), [positive([2, 3, 4]), .i64(list: [2, 0])]))
    cases.append(OpCase(reduce(reduction, []), [positive([2, 3]), .absent]))
    for dtype: DType in [.i32, .i64, .u8, .u64] {
      cases.append(OpCase(reduce(reduction, [1]), [.of(dtype, [2, 3, 2], [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8])]))
    }
    cases.append(OpCase(reduce(reduction, [0]), [.of(.f16, [3, 2], [1, 2, 3, 0.5, 0.25, 1])]))
  }
  // Rows and columns of vectors, with and without a rest, of one piece or several.
  for reduction: Reduction in [.sum, .mean, .l1, .l2, .sumOfSquares, .logSum, .maximum, .minimum] {
    for (x, axes) in [
      ([3, 70], [1]), ([2, 503], [1]), ([300, 37], [0]), ([2, 5, 37], [1]), ([2, 3, 1100], [1]), ([2, 5, 3, 7], [1, 2]),
      ([2, 5, 3, 7], [3, 1]),
    ] as [([Int], [Int])] {
      cases.append(OpCase(reduce(reduction, axes), [positive(x)]))
      cases.append(OpCase(reduce(reduction, axes, keeps: false), [positive(x)]))
    }
  }
  cases.append(OpCase(reduce(.product, [1]), [.f32([3, 40])]))
  for reduction: Reduction in [.sum, .product, .l1, .l2, .sumOfSquares, .maximum, .minimum, .logSumExp] {
    cases.append(OpCase(reduce(reduction, [1]), [.f32([2, 0, 3])]))
  }
  cases.append(OpCase(reduce(.maximum, [1]), [.of(.bool, [2, 3])]))
  cases.append(OpCase(reduce(.minimum, [1]), [.of(.bool, [2, 3])]))
  for op in [Op.argMax, Op.argMin] {
    for last in [false, true] {
      for (x, axis) in [([2, 5], 1), ([2, 5], 0), ([3, 2, 4], -2), ([1], 0)] {
        cases.append(OpCase(op(axis, true, last), [x]))
        cases.append(OpCase(op(axis, false, last), [.of(.i32, x)]))
        cases.append(OpCase(op(axis, false, last), [.of(.u8, x)]))
      }
    }
    // Columns and rows, many and few, with equal numbers and NaN among them.
    for (x, axis) in [
      ([3, 7, 37], 1), ([2, 5, 1100], 1), ([2, 3, 5, 7], 1), ([2, 3, 5, 7], 2), ([40, 21], 1), ([1030, 16], 1), ([3, 5000], 1),
    ] {
      let elements = (0..<x.reduce(1, *)).map { (i: Int) -> Double in i * 131 % 257 == 5 ? .nan : Double(i * 7919 % 23) }
      cases.append(OpCase(op(axis, false, false), [.f32(x, elements)]))
      cases.append(OpCase(op(axis, true, false), [.f32(x, elements)]))
    }
    cases.append(OpCase(op(1, false, false), [.f32([17, 3], Array(repeating: -.infinity, count: 51))]))
  }
  for (exclusive, reverse) in [(false, false), (true, false), (false, true), (true, true)] {
    let op = Op.cumulativeSum(exclusive: exclusive, reverse: reverse)
    cases.append(OpCase(op, [.f32([2, 5, 3]), .i64([], [1])]))
    cases.append(OpCase(op, [.f32([5]), .of(.i32, [], [-1])]))
    cases.append(OpCase(op, [.of(.i32, [3, 2]), .i64([1], [0])]))
    cases.append(OpCase(op, [.of(.u64, [4]), .i64([], [0])]))
  }
  return cases
}()

let axisNormCases: [OpCase] = {
  var cases: [OpCase] = []
  for (x, axis) in [([1, 10], 1), ([3, 7], -1), ([2, 5, 3], 1), ([4, 3], 0), ([2, 1], 1)] {
    cases.append(OpCase(.logSoftmax(axis: axis), [x]))
    cases.append(OpCase(.hardmax(axis: axis), [x]))
    cases.append(OpCase(.lpNormalise(axis: axis, p: 1), [x]))
    cases.append(OpCase(.lpNormalise(axis: axis, p: 2), [x]))
  }
  cases.append(OpCase(.hardmax(axis: 0), [.f32([4], [1, 3, 3, 2])]))
  cases.append(OpCase(.lpNormalise(axis: 0, p: 2), [.f32([2, 2], [0, 3, 0, 4])]))
  for x in [[2, 6, 5, 5], [3, 4, 7], [1, 33, 2, 3], [2, 4, 3, 2, 2]] {
    cases.append(OpCase(.instanceNorm(epsilon: 1e-3), [x, [x[1]], [x[1]]]))
  }
  for (x, groups) in [([2, 6, 5, 5], 3), ([2, 6, 5, 5], 1), ([2, 6, 7], 6), ([3, 8], 2), ([1, 9, 2, 2, 2], 3)] {
    cases.append(OpCase(.groupNorm(groups: groups, epsilon: 1e-3), [x, [x[1]], [x[1]]]))
  }
  for (x, scale, axis) in [([2, 3, 17], [17], -1), ([2, 3, 4], [3, 4], 1), ([3, 5], [1], 0), ([2, 3, 4], [2, 1, 4], 2)] {
    cases.append(OpCase(.layerNorm(axis: axis, epsilon: 1e-3), [x, scale, scale]))
    cases.append(OpCase(.layerNorm(axis: axis, epsilon: 1e-3), [x, scale]))
    cases.append(OpCase(.layerNorm(axis: axis, epsilon: 1e-3), [.f32(x), .f32(scale), .absent], outputs: 3))
    cases.append(OpCase(.rmsNorm(axis: axis, epsilon: 1e-3), [x, scale]))
  }
  for dtype: DType in [.f16, .bf16, .f64] {
    cases.append(OpCase(.softmax(axis: 1), [.of(dtype, [3, 5])]))
    cases.append(OpCase(.logSoftmax(axis: 1), [.of(dtype, [3, 5])]))
    cases.append(OpCase(.layerNorm(axis: 1, epsilon: 1e-3), [.of(dtype, [3, 5]), .of(dtype, [5]), .of(dtype, [5])]))
    cases.append(OpCase(.batchNorm(epsilon: 1e-3), [.of(dtype, [2, 3, 2])] + (0..<4).map { _ in .of(dtype, [3]) }))
    cases.append(OpCase(.localResponseNorm(size: 3, alpha: 1, beta: 0.5, bias: 1), [.of(dtype, [1, 5, 2])]))
  }
  return cases
}()

let productCases: [OpCase] = {
  var cases: [OpCase] = []
  for (a, b) in [
    ([3, 5], [5, 7]), ([5], [5, 7]), ([3, 5], [5]), ([5], [5]), ([2, 3, 5], [2, 5, 7]), ([4, 1, 3, 5], [2, 5, 7]),
    ([2, 3, 5], [5, 7]), ([3, 5], [4, 5, 2]), ([2, 3, 5], [5]), ([5], [2, 5, 3]), ([17, 33], [33, 19]), ([2, 0], [0, 3]),
    ([2, 2, 31, 16], [2, 2, 16, 31]), ([1, 2, 9, 64], [3, 2, 64, 9]), ([2, 230, 11], [2, 11, 150]),
  ] {
    cases.append(OpCase(.matmul, [a, b]))
    cases.append(OpCase(.matmul, [.of(.i32, a), .of(.i32, b)]))
  }
  cases.append(OpCase(.matmul, [.of(.f16, [2, 3]), .of(.f16, [3, 2])]))
  cases.append(OpCase(.matmul, [.of(.u64, [2, 3]), .of(.u64, [3, 2])]))
  for (equation, inputs) in [
    ("ij,jk->ik", [[2, 3], [3, 4]]), ("bij,bjk->bik", [[2, 3, 4], [2, 4, 5]]), ("ij->ji", [[2, 3]]), ("ii->i", [[4, 4]]),
    ("ii", [[4, 4]]), ("ij->", [[3, 4]]), ("i,j->ij", [[3], [4]]), ("ij,kj", [[2, 3], [4, 3]]),
    ("...ij,...jk->...ik", [[2, 3, 4], [4, 5]]),
    ("b...,b...->...", [[2, 3, 4], [2, 3, 4]]), ("...ij", [[2, 3, 4]]), ("ba", [[2, 3]]), ("...ii->...i", [[2, 3, 3]]),
    ("bhqd,bhkd->bhqk", [[2, 2, 5, 4], [2, 2, 3, 4]]), ("bqhd,bkhd->bhqk", [[2, 5, 2, 4], [2, 3, 2, 4]]),
    ("bhqk,bkhd->bqhd", [[2, 2, 5, 3], [2, 3, 2, 4]]), ("abij,jk->abik", [[2, 1, 3, 4], [4, 5]]),
    ("ijk,jkl->il", [[2, 3, 4], [3, 4, 5]]),
    ("ki,kj->ij", [[4, 2], [4, 3]]), ("a,ab,b->", [[3], [3, 4], [4]]), ("i...->...", [[2, 3]]),
    (" a b , b -> a ", [[2, 3], [3]]),
    ("aB,Bc", [[2, 3], [3, 2]]), ("ij,ij->ij", [[1, 3], [2, 3]]), (",i->i", [[], [3]]),
  ] as [(StaticString, [[Int]])] {
    cases.append(OpCase(.einsum(Name(stringLiteral: equation)), inputs))
  }
  cases.append(OpCase(.einsum("ij,jk->ik"), [.of(.i64, [2, 3]), .of(.i64, [3, 4])]))
  for distance: Distance in [.cosineSimilarity, .squaredL2] {
    for (a, b) in [([3, 8], [3, 8]), ([8], [8]), ([1, 17], [5, 17]), ([2, 1, 4], [3, 4])] {
      cases.append(OpCase(.distance(distance), [a, b]))
    }
    cases.append(OpCase(.distance(distance), [.f32([2, 2], [0, 0, 1, 0]), .f32([2], [3, 4])]))
  }
  for dtype: DType in [.f16, .bf16, .f64] {
    let op = Op.gemm(transposeA: false, transposeB: true)
    cases.append(OpCase(op, [.of(dtype, [2, 5]), .of(dtype, [3, 5]), .of(dtype, [3])]))
  }
  return cases
}()
