import DLGraph

private func runs(_ kernel: [Int], _ window: Window, _ input: [Int], _ output: [Int]) -> WindowRuns {
  WindowRuns(window, input: Array(input[2...]), output: Array(output[2...]), kernel: kernel)
}

/// Planes that one thread takes at a time.
private func planeGrain(_ elements: Int) -> Int { max(1, elementGrain / max(1, elements)) }

// MARK: maximum

/// Of equal elements the first wins.
func maxPoolForward<Scalar: TensorScalar>(
  _ kernel: [Int], _ window: Window, _ x: Tensor<Scalar>, _ shape: [Int]
) -> (Tensor<Scalar>, Saved<Scalar>) {
  let runs = runs(kernel, window, x.shape, shape)
  let planes = shape[0] * shape[1]
  var winners = [Int32](repeating: -1, count: planes * runs.outputCount)
  let y = Tensor<Scalar>(uninitialized: shape) { y in
    winners.withUnsafeMutableBufferPointer { winners in
      guard let winners = winners.baseAddress else { return }
      parallelRanges(planes, grain: planeGrain(runs.inputCount)) { range in
        for plane in range {
          let outputs = plane * runs.outputCount
          maxPool(runs, x.start + plane * runs.inputCount, y + outputs, winners + outputs)
        }
      }
    }
  }
  return (y, Saved(indices: winners))
}

/// One plane. Winners are −1 at first, and stay so where there is nothing above −∞; a NaN wins and stays.
private func maxPool<Scalar: TensorScalar>(
  _ runs: WindowRuns, _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ winners: UnsafeMutablePointer<Int32>
) {
  if let offsets = runs.cellOffsets { return maxPoolInside(runs, offsets, x, y, winners) }
  y.initialize(repeating: -.infinity, count: runs.outputCount)
  for run in runs.runs {
    var from = x + run.input
    var offset = Int32(truncatingIfNeeded: run.input)
    let step = Int32(truncatingIfNeeded: run.inputStride)
    let (y, winners) = (y + run.output, winners + run.output)
    for i in 0..<run.count {
      (y[i], winners[i]) = larger((from.pointee, offset), (y[i], winners[i]))
      from += run.inputStride
      offset &+= step
    }
  }
}

/// The larger of two values with their offsets, the best so far if they are equal. The first NaN wins.
@inline(__always)
private func larger<Scalar: TensorScalar>(_ next: (Scalar, Int32), _ best: (Scalar, Int32)) -> (Scalar, Int32) {
  // A choice, not a jump: which of random values is larger cannot be predicted. That none is a NaN can.
  let isLarger = next.0 > best.0
  let result = (isLarger ? next.0 : best.0, isLarger ? next.1 : best.1)
  return next.0.isNaN && !best.0.isNaN ? next : result
}

/// One plane under windows that lie wholly inside.
private func maxPoolInside<Scalar: TensorScalar>(
  _ runs: WindowRuns, _ offsets: [Int], _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>,
  _ winners: UnsafeMutablePointer<Int32>
) {
  for row in runs.runs where row.cell == 0 {
    for i in 0..<row.count {
      let first = row.input &+ i &* row.inputStride
      var best = (-Scalar.infinity, Int32(-1))
      for offset in offsets {
        best = larger((x[first &+ offset], Int32(truncatingIfNeeded: first &+ offset)), best)
      }
      (y[row.output &+ i], winners[row.output &+ i]) = best
    }
  }
}

func globalMaxPoolForward<Scalar: TensorScalar>(_ x: Tensor<Scalar>, _ shape: [Int]) -> (Tensor<Scalar>, Saved<Scalar>) {
  maxPoolForward(Array(x.shape[2...]), Window(axes: x.rank - 2), x, shape)
}

func maxPoolBackward<Scalar: TensorScalar>(_ step: BackwardStep<Scalar>) -> Tensor<Scalar> {
  let shape = step.inputs[0].shape
  let planes = shape[0] * shape[1]
  guard planes > 0 else { return Tensor(zeros: shape) }
  let (inputs, outputs) = (step.inputs[0].count / planes, step.output.count / planes)
  let dy = step.gradient.start
  return Tensor(uninitialized: shape) { dx in
    step.saved.indices.withUnsafeBufferPointer { winners in
      guard let winners = winners.baseAddress else { return }
      parallelRanges(planes, grain: planeGrain(inputs)) { range in
        for plane in range {
          let dx = dx + plane * inputs
          dx.initialize(repeating: 0, count: inputs)
          for i in plane * outputs..<(plane + 1) * outputs where winners[i] >= 0 { dx[Int(winners[i])] += dy[i] }
        }
      }
    }
  }
}

// MARK: average

/// What each output is divided by: 1 / the number of cells that count.
private func averageWeights<Scalar: TensorScalar>(_ runs: WindowRuns, countPadding: Bool) -> [Scalar] {
  if countPadding { return Array(repeating: 1 / Scalar(runs.cellCount), count: runs.outputCount) }
  var counts = [Int](repeating: 0, count: runs.outputCount)
  for run in runs.runs { for i in 0..<run.count { counts[run.output + i] += 1 } }
  return counts.map { 1 / Scalar($0) }
}

func averagePoolForward<Scalar: TensorScalar>(
  _ kernel: [Int], _ window: Window, _ countPadding: Bool, _ x: Tensor<Scalar>, _ shape: [Int]
) -> Tensor<Scalar> {
  let runs = runs(kernel, window, x.shape, shape)
  let weights: [Scalar] = averageWeights(runs, countPadding: countPadding)
  return Tensor(shape) { y in
    parallelRanges(shape[0] * shape[1], grain: planeGrain(runs.inputCount)) { range in
      for plane in range {
        let x = x.start + plane * runs.inputCount
        let y = y + plane * runs.outputCount
        for run in runs.runs {
          for i in 0..<run.count { y[run.output + i] += x[run.input + i * run.inputStride] }
        }
        for i in 0..<runs.outputCount { y[i] *= weights[i] }
      }
    }
  }
}

func averagePoolBackward<Scalar: TensorScalar>(
  _ kernel: [Int], _ window: Window, _ countPadding: Bool, _ step: BackwardStep<Scalar>
) -> Tensor<Scalar> {
  let shape = step.inputs[0].shape
  let runs = runs(kernel, window, shape, step.output.shape)
  let weights: [Scalar] = averageWeights(runs, countPadding: countPadding)
  return Tensor(shape) { dx in
    parallelRanges(shape[0] * shape[1], grain: planeGrain(runs.inputCount)) { range in
      for plane in range {
        let dx = dx + plane * runs.inputCount
        let dy = step.gradient.start + plane * runs.outputCount
        for run in runs.runs {
          for i in 0..<run.count { dx[run.input + i * run.inputStride] += dy[run.output + i] * weights[run.output + i] }
        }
      }
    }
  }
}

func globalAveragePoolForward<Scalar: TensorScalar>(_ x: Tensor<Scalar>, _ shape: [Int]) -> Tensor<Scalar> {
  averagePoolForward(Array(x.shape[2...]), Window(axes: x.rank - 2), false, x, shape)
}

func globalAveragePoolBackward<Scalar: TensorScalar>(_ step: BackwardStep<Scalar>) -> Tensor<Scalar> {
  averagePoolBackward(Array(step.inputs[0].shape[2...]), Window(axes: step.inputs[0].rank - 2), false, step)
}
