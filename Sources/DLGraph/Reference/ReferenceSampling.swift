import KernelTypes

// Reading a tensor between its elements.

func evaluateSampling(_ op: Op, _ inputs: [TensorBuffer?], _ y: TensorBuffer) {
  guard let x = inputs[0] else { return }
  switch op {
  case .resize(let resize):
    func input(_ i: Int) -> TensorBuffer? { i < inputs.count ? inputs[i] : nil }
    evaluateResize(resize, x, roi: input(1), scales: input(2), sizes: input(3), y)
  case .gridSample(let sample):
    if let grid = inputs[1] { gridSample(sample, x, grid, y) }
  default: break
  }
}

/// An element that an output is mixed of: its offset, along one axis or in all, and its weight.
public typealias Tap = (offset: Int, weight: Double)

/// The taps of one more, inner, axis of `size` elements.
public func crossed(_ taps: [Tap], _ inner: [Tap], size: Int) -> [Tap] {
  var all: [Tap] = []
  for tap in taps {
    for next in inner { all.append((tap.offset * size + next.offset, tap.weight * next.weight)) }
  }
  return all
}

/// The kernel of cubic interpolation at distance t. Keys 1981.
func cubicWeight(_ t: Double, _ a: Double) -> Double {
  let t = t.magnitude
  if t <= 1 { return ((a + 2) * t - (a + 3)) * t * t + 1 }
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0
}

private func gridSample(_ sample: GridSample, _ x: TensorBuffer, _ grid: TensorBuffer, _ y: TensorBuffer) {
  let image = Array(x.sizes[2...])
  let pixels = image.reduce(1, *)
  let outPixels = y.sizes[2...].reduce(1, *)
  let channels = x.sizes[1]
  for n in 0..<x.sizes[0] {
    for o in 0..<outPixels {
      let taps = sample.taps(grid, n * outPixels + o, image)
      for c in 0..<channels {
        var sum = 0.0
        for tap in taps { sum += tap.weight * x.real((n * channels + c) * pixels + tap.offset) }
        y.setReal((n * channels + c) * outPixels + o, sum)
      }
    }
  }
}

extension GridSample {
  /// What output o of all images is mixed of, in an image of these sizes.
  public func taps(_ grid: TensorBuffer, _ o: Int, _ image: [Int]) -> [Tap] {
    var taps: [Tap] = [(0, 1)]
    for axis in image.indices {
      // The grid names the last axis first.
      let at = grid.real((o + 1) * image.count - 1 - axis)
      taps = crossed(taps, gridTaps(self, at, size: image[axis]), size: image[axis])
    }
    return taps
  }
}

/// What is read along an axis for a position of −1…1; nothing of what the padding holds as zeros.
private func gridTaps(_ sample: GridSample, _ at: Double, size: Int) -> [Tap] {
  let last = Double(size - 1)
  let (low, high) = sample.alignCorners ? (0, last) : (-0.5, last + 0.5)
  var position = sample.alignCorners ? (at + 1) / 2 * last : ((at + 1) * (last + 1) - 1) / 2
  if sample.mode == .nearest { position = position.rounded(.toNearestOrEven) }
  if !(position >= low && position <= high) {
    switch sample.padding {
    case .zeros: break
    case .border: position = min(max(position, 0), last)
    case .reflection: position = reflected(position, low, high)
    }
  }
  let base = position.rounded(.down)
  let fraction = position - base
  var taps: [Tap] = []
  func add(_ distance: Int, _ weight: Double) {
    var at = base + Double(distance)
    switch sample.padding {
    case .zeros: if !(at >= 0 && at <= last) { return }
    case .border: break
    case .reflection: at = reflected(at, low, high)
    }
    taps.append((clamped(at, 0...(size - 1)), weight))
  }
  switch sample.mode {
  case .nearest: add(0, 1)
  case .linear:
    add(0, 1 - fraction)
    add(1, fraction)
  case .cubic:
    for distance in -1...2 { add(distance, cubicWeight(Double(distance) - fraction, -0.75)) }
  }
  return taps
}

/// Mirrored at both ends until it lies between them.
private func reflected(_ position: Double, _ low: Double, _ high: Double) -> Double {
  let span = high - low
  if span <= 0 || !position.isFinite { return low }
  let beyond = (position - low).magnitude.truncatingRemainder(dividingBy: 2 * span)
  return low + (beyond <= span ? beyond : 2 * span - beyond)
}
