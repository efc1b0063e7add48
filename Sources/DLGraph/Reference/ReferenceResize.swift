import KernelTypes

// Resize as ONNX defines it: along each axis an output is a weighted sum of neighbours.

func evaluateResize(
  _ resize: Resize, _ x: TensorBuffer, roi: TensorBuffer?, scales: TensorBuffer?, sizes: TensorBuffer?, _ y: TensorBuffer
) {
  let rank = x.sizes.count
  if y.count == 0 { return }
  if rank == 0 { return y.copy(1, from: x, at: 0, to: 0) }
  let axes = (0..<rank).map { ResizedAxis(resize, $0, x.sizes, y.sizes, roi: roi, scales: scales, sizes: sizes) }
  let columns = y.sizes[rank - 1]
  // A piece of all rows at a time, so that what is remembered of its columns stays small.
  for first in stride(from: 0, to: columns, by: 4096) {
    let piece = (first..<min(columns, first + 4096)).map { axes[rank - 1].taps(of: $0) }
    var row = Index(Array(y.sizes[..<(rank - 1)]))
    for r in 0..<y.count / columns {
      var outer: [Tap]? = [(0, 1)]
      for axis in 0..<(rank - 1) {
        guard let taps = axes[axis].taps(of: row.at[axis]), let before = outer else {
          outer = nil
          break
        }
        outer = crossed(before, taps, size: x.sizes[axis])
      }
      for (i, taps) in piece.enumerated() {
        var sum = Double(resize.extrapolation)
        if let outer, let taps {
          sum = 0
          for o in outer { for tap in taps { sum += o.weight * tap.weight * x.real(o.offset * x.sizes[rank - 1] + tap.offset) } }
        }
        y.setReal(r * columns + first + i, sum)
      }
      row.advance()
    }
  }
}

extension Resize {
  /// An axis of x. x, y: sizes. Not for `cropAndResize`, nor where sizes are those of a box.
  public func axis(_ axis: Int, _ x: [Int], _ y: [Int], scales: Constant?) -> ResizedAxis {
    ResizedAxis(self, axis, x, y, roi: nil, scales: scales.map { TensorBuffer($0) }, sizes: nil)
  }

  /// The axes that roi, scales and sizes are of, counted from the front.
  public func resolvedAxes(rank: Int) -> [Int] { axes.isEmpty ? Array(0..<rank) : axes.map { $0 < 0 ? $0 + rank : $0 } }

  /// By what all axes are resized so that the output fits into, or around, a box.
  func commonScale(of ratios: [Double]) -> Double {
    var scale = ratios.first ?? 1
    for ratio in ratios { scale = aspect == .notLarger ? min(scale, ratio) : max(scale, ratio) }
    return scale
  }
}

/// What the outputs along an axis are mixed of.
public struct ResizedAxis {
  private let resize: Resize
  private let size: Int
  private let outputs: Int
  /// What `outputs` would be of `size` if it needed not be whole.
  private let scale: Double
  /// The part of the axis that `cropAndResize` shows.
  private let start: Double, end: Double
  /// Scales are single precision, and so are the positions that follow from them: rounding to the nearest element shows it.
  private let isSingle: Bool

  fileprivate init(
    _ resize: Resize, _ axis: Int, _ x: [Int], _ y: [Int], roi: TensorBuffer?, scales: TensorBuffer?, sizes: TensorBuffer?
  ) {
    self.resize = resize
    size = x[axis]
    outputs = y[axis]
    isSingle = scales != nil
    let axes = resize.resolvedAxes(rank: x.count)
    guard let place = axes.firstIndex(of: axis) else {
      (scale, start, end) = (1, 0, 1)
      return
    }
    if let scales {
      scale = scales.real(place)
    } else if let sizes, resize.aspect != .stretch {
      scale = resize.commonScale(of: axes.indices.map { sizes.real($0) / Double(x[axes[$0]]) })
    } else {
      scale = Double(outputs) / Double(size)
    }
    start = roi?.real(place) ?? 0
    end = roi?.real(axes.count + place) ?? 1
  }

  /// Where an output lies in x.
  private func position(_ output: Int) -> Double {
    let output = Double(output)
    let last = Double(size - 1)
    func single(_ value: Double) -> Double { isSingle ? Double(Float(value)) : value }
    switch resize.coordinates {
    case .alignCorners: return output == 0 ? 0 : output * last / (single(scale * Double(size)) - 1)
    case .asymmetric: return single(output / scale)
    case .pytorchHalfPixel where outputs == 1: return 0
    case .halfPixel, .pytorchHalfPixel: return single(single((output + 0.5) / scale) - 0.5)
    case .halfPixelSymmetric:
      // The centre of the output lies on the centre of x.
      let centre = Double(size) / 2
      return centre * (1 - Double(outputs) / (scale * Double(size))) + (output + 0.5) / scale - 0.5
    case .cropAndResize:
      if outputs == 1 { return (start + end) * last / 2 }
      return start * last + output * (end - start) * last / Double(outputs - 1)
    }
  }

  /// What an output is mixed of; nil if it lies outside x and takes the extrapolation value.
  public func taps(of output: Int) -> [Tap]? {
    var at = position(output)
    let last = Double(size - 1)
    if resize.coordinates == .cropAndResize && !(at >= 0 && at <= last) { return nil }
    let nearest: Double
    switch resize.rounding {
    case .halfDown: nearest = (at - 0.5).rounded(.up)
    case .halfUp: nearest = (at + 0.5).rounded(.down)
    case .floor: nearest = at.rounded(.down)
    case .ceil: nearest = at.rounded(.up)
    }
    if resize.mode == .nearest { return [(clamped(nearest, 0...(size - 1)), 1)] }
    // A smaller output is filtered by a kernel as much wider.
    let narrowing = resize.antialias ? min(scale, 1) : 1
    let reach = (resize.mode == .linear ? 1 : 2) / narrowing
    // From further away all is the edge.
    at = at > -1 - reach ? min(at, last + 1 + reach) : -1 - reach
    var taps: [Tap] = []
    var total = 0.0
    var place = (at - reach).rounded(.up)
    while place <= at + reach {
      let distance = (place - at) * narrowing
      let weight =
        resize.mode == .linear ? max(0, 1 - distance.magnitude) : cubicWeight(distance, Double(resize.cubic))
      if weight != 0 && !(resize.excludesOutside && !(place >= 0 && place <= last)) {
        taps.append((clamped(place, 0...(size - 1)), weight))
        total += weight
      }
      place += 1
    }
    if total != 0 { for i in taps.indices { taps[i].weight /= total } }
    return taps
  }
}
