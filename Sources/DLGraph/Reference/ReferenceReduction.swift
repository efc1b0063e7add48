import CPlatform
import KernelTypes

// Reductions, and running sums.

func evaluateReduction(_ op: Op, _ inputs: [TensorBuffer?], _ y: TensorBuffer) throws(DLError) {
  guard let x = inputs[0] else { return }
  switch op {
  case .reduce(let reduction, let axes, _, let noAxesIsIdentity):
    let rank = x.sizes.count
    var reduced: [Int] = []
    if axes.isEmpty, inputs.count > 1, let input = inputs[1] {
      for i in 0..<input.count { reduced.append(try place(input.integer(i), rank: rank)) }
    } else {
      for axis in axes { reduced.append(axis < 0 ? axis + rank : axis) }
    }
    if reduced.isEmpty && !noAxesIsIdentity { reduced = Array(0..<rank) }
    reduce(reduction, reduced, x, y)
  case .argMax(let axis, _, let last): argExtreme(axis, isMaximum: true, last: last, x, y)
  case .argMin(let axis, _, let last): argExtreme(axis, isMaximum: false, last: last, x, y)
  case .cumulativeSum(let exclusive, let reverse):
    guard let axis = inputs[1] else { return }
    cumulativeSum(try place(axis.integer(0), rank: x.sizes.count), exclusive: exclusive, reverse: reverse, x, y)
  default: break
  }
}

/// An axis that was an element of a tensor.
private func place(_ axis: Int64, rank: Int) throws(DLError) -> Int {
  do { return try resolveAxis(Int(axis), rank: rank) } catch { throw DLError(.invalidArgument, error.text) }
}

/// The elements of x that go into one of y: x's index is one of the kept axes and one of the reduced.
private func reduce(_ reduction: Reduction, _ axes: [Int], _ x: TensorBuffer, _ y: TensorBuffer) {
  let strides = broadcastStrides(x.sizes, rank: x.sizes.count)
  let kept = x.sizes.indices.filter { !axes.contains($0) }
  let reduced = x.sizes.indices.filter { axes.contains($0) }
  let sizes = reduced.map { x.sizes[$0] }
  let steps = reduced.map { strides[$0] }
  eachPlace(kept.map { x.sizes[$0] }, [kept.map { strides[$0] }]) { i, first in
    if x.dtype.isFloat {
      y.setReal(i, reduceReals(reduction, x, first[0], sizes, steps))
    } else {
      reduceIntegers(reduction, x, first[0], sizes, steps, y, i)
    }
  }
}

private func reduceReals(_ reduction: Reduction, _ x: TensorBuffer, _ first: Int, _ sizes: [Int], _ steps: [Int]) -> Double {
  func fold(_ start: Double, _ step: (Double, Double) -> Double) -> Double {
    var result = start
    eachPlace(sizes, [steps]) { _, at in result = step(result, x.real(first + at[0])) }
    return result
  }
  switch reduction {
  case .sum: return fold(0) { $0 + $1 }
  case .mean: return fold(0) { $0 + $1 } / Double(sizes.reduce(1, *))
  case .maximum: return fold(-.infinity) { realFunction(.maximum, $0, $1) }
  case .minimum: return fold(.infinity) { realFunction(.minimum, $0, $1) }
  case .product: return fold(1) { $0 * $1 }
  case .l1: return fold(0) { $0 + $1.magnitude }
  case .l2: return fold(0) { $0 + $1 * $1 }.squareRoot()
  case .sumOfSquares: return fold(0) { $0 + $1 * $1 }
  case .logSum: return dlp_log(fold(0) { $0 + $1 })
  case .logSumExp:
    let most = fold(-.infinity) { realFunction(.maximum, $0, $1) }
    if !most.isFinite { return most }
    return most + dlp_log(fold(0) { $0 + dlp_exp($1 - most) })
  }
}

/// Sums and products wrap; means are rounded towards zero, and what has a root or logarithm is computed with reals.
private func reduceIntegers(
  _ reduction: Reduction, _ x: TensorBuffer, _ first: Int, _ sizes: [Int], _ steps: [Int], _ y: TensorBuffer, _ i: Int
) {
  func fold(_ start: Int64, _ step: (Int64, Int64) -> Int64) -> Int64 {
    var result = start
    eachPlace(sizes, [steps]) { _, at in result = step(result, x.integer(first + at[0])) }
    return result
  }
  let dtype = x.dtype
  switch reduction {
  case .sum: y.setInteger(i, fold(0) { $0 &+ $1 })
  case .maximum:
    y.setInteger(i, fold(dtype == .u64 ? 0 : dtype.integerRange.lowerBound) { integerFunction(.maximum, $0, $1, dtype) })
  case .minimum:
    y.setInteger(i, fold(dtype == .u64 ? -1 : dtype.integerRange.upperBound) { integerFunction(.minimum, $0, $1, dtype) })
  case .product: y.setInteger(i, fold(1) { $0 &* $1 })
  case .l1: y.setInteger(i, fold(0) { $0 &+ integerFunction(.absolute, $1, dtype) })
  case .sumOfSquares: y.setInteger(i, fold(0) { $0 &+ $1 &* $1 })
  case .mean, .l2, .logSum, .logSumExp: y.setReal(i, reduceReals(reduction, x, first, sizes, steps))
  }
}

/// NaN counts as the largest and as the smallest.
private func argExtreme(_ axis: Int, isMaximum: Bool, last: Bool, _ x: TensorBuffer, _ y: TensorBuffer) {
  let sign = isMaximum ? 1.0 : -1.0
  eachRow(x.sizes, axis) { row, first, step, count in
    var best = 0
    if x.dtype.isFloat {
      var most = sign * x.real(first)
      for k in 1..<max(1, count) {
        let next = sign * x.real(first + k * step)
        let ties = next == most || next.isNaN && most.isNaN
        if ties ? last : !(next < most) && !most.isNaN { (best, most) = (k, next) }
      }
    } else {
      for k in 1..<max(1, count) {
        let (most, next) = (x.integer(first + best * step), x.integer(first + k * step))
        if next == most ? last : isLess(next, most, x.dtype) != isMaximum { best = k }
      }
    }
    y.setInteger(row, Int64(best))
  }
}

private func cumulativeSum(_ axis: Int, exclusive: Bool, reverse: Bool, _ x: TensorBuffer, _ y: TensorBuffer) {
  eachRow(x.sizes, axis) { _, first, step, count in
    var sum = 0.0
    var integerSum: Int64 = 0
    for k in 0..<count {
      let i = first + (reverse ? count - 1 - k : k) * step
      // x and y may be one.
      let (real, integer) = x.dtype.isFloat ? (x.real(i), 0) : (0, x.integer(i))
      if x.dtype.isFloat {
        y.setReal(i, exclusive ? sum : sum + real)
      } else {
        y.setInteger(i, exclusive ? integerSum : integerSum &+ integer)
      }
      sum += real
      integerSum = integerSum &+ integer
    }
  }
}

/// Calls body for each row along an axis: its number, its first element, elements from one to the next, and how many it has.
@inline(never)
func eachRow(_ sizes: [Int], _ axis: Int, _ body: (_ row: Int, _ first: Int, _ step: Int, _ count: Int) -> Void) {
  let axis = axis < 0 ? axis + sizes.count : axis
  if sizes.contains(0) { return }
  let step = sizes[(axis + 1)...].reduce(1, *)
  var row = 0
  for outer in 0..<sizes[..<axis].reduce(1, *) {
    for i in 0..<step {
      body(row, outer * sizes[axis] * step + i, step, sizes[axis])
      row += 1
    }
  }
}
