import KernelTypes

// Pooling of regions of an image. Regions are data: whatever their numbers, what lies outside the image is not read.

/// Girshick 2015: a region is cut into height × width cells of whole pixels, which may overlap by one; the largest of each.
func roiMaxPool(_ scale: Double, _ x: TensorBuffer, _ regions: TensorBuffer, _ y: TensorBuffer) throws(DLError) {
  let (height, width) = (x.sizes[2], x.sizes[3])
  let (rows, columns) = (y.sizes[2], y.sizes[3])
  for r in 0..<y.sizes[0] {
    let image = try imageIndex(regions.real(r * 5), region: r, of: x)
    func corner(_ i: Int) -> Double { (regions.real(r * 5 + i) * scale).rounded(.toNearestOrAwayFromZero) }
    func pixels(_ cell: Int, of cells: Int, from first: Double, to last: Double, size: Int) -> Range<Int> {
      let step = max(last - first + 1, 1) / Double(cells)
      let low = clamped(first + (Double(cell) * step).rounded(.down), 0...size)
      return low..<max(low, clamped(first + (Double(cell + 1) * step).rounded(.up), 0...size))
    }
    for c in 0..<x.sizes[1] {
      let plane = (image * x.sizes[1] + c) * height * width
      for i in 0..<rows * columns {
        let ys = pixels(i / columns, of: rows, from: corner(2), to: corner(4), size: height)
        let xs = pixels(i % columns, of: columns, from: corner(1), to: corner(3), size: width)
        var best = ys.isEmpty || xs.isEmpty ? 0 : -Double.infinity
        for row in ys { for column in xs { best = max(best, x.real(plane + row * width + column)) } }
        y.setReal((r * x.sizes[1] + c) * rows * columns + i, best)
      }
    }
  }
}

/// He et al. 2017: the mean (or maximum) of samples between the pixels of each cell of a region.
func roiAlign(
  _ align: RoiAlign, _ x: TensorBuffer, _ regions: TensorBuffer, _ images: TensorBuffer, _ y: TensorBuffer
) throws(DLError) {
  let scale = Double(align.scale)
  let shift = align.halfPixel ? 0.5 : 0
  for r in 0..<y.sizes[0] {
    let image = try imageIndex(images.real(r), region: r, of: x)
    func axis(_ i: Int, cells: Int, size: Int) -> RegionAxis {
      let first = regions.real(r * 4 + i) * scale - shift
      let extent = regions.real(r * 4 + i + 2) * scale - shift - first
      return RegionAxis(first, align.halfPixel ? extent : max(extent, 1), cells: cells, samples: align.samples, size: size)
    }
    let vertical = axis(1, cells: align.height, size: x.sizes[2])
    let horizontal = axis(0, cells: align.width, size: x.sizes[3])
    for row in 0..<align.height {
      let ys = vertical.samples(row)
      for column in 0..<align.width {
        let xs = horizontal.samples(column)
        for c in 0..<x.sizes[1] {
          let plane = (image * x.sizes[1] + c) * x.sizes[2] * x.sizes[3]
          let value = pool(align.isMaximum, ys, xs, count: vertical.count * horizontal.count, x, plane)
          y.setReal(((r * x.sizes[1] + c) * align.height + row) * align.width + column, value)
        }
      }
    }
  }
}

/// The samples of a region along one axis.
private struct RegionAxis {
  let first: Double
  /// Pixels of a cell, and samples in it.
  let cell: Double
  let count: Double
  let size: Int

  init(_ first: Double, _ extent: Double, cells: Int, samples: Int, size: Int) {
    self.first = first
    self.size = size
    cell = extent / Double(cells)
    count = samples > 0 ? Double(samples) : max(0, cell.rounded(.up))
  }

  /// A sample between two pixels of the image.
  struct Sample {
    let low: Int, high: Int
    /// Of the pixel `high`.
    let weight: Double
  }

  /// Those of a cell that lie in the image or within a pixel of it; the others count as 0.
  func samples(_ index: Int) -> [Sample] {
    let start = first + Double(index) * cell
    let step = cell / count
    guard count > 0, step > 0, start.isFinite, step.isFinite else { return [] }
    // One more on either side than should be needed, against rounding.
    let most = Int(min(count, Double(Int32.max)))
    let from = clamped(((-1 - start) / step - 0.5).rounded(.down) - 1, 0...most)
    let to = clamped(((Double(size) - start) / step - 0.5).rounded(.up) + 1, 0...most)
    var samples: [Sample] = []
    for i in from..<max(from, to) {
      let at = start + (Double(i) + 0.5) * step
      guard at >= -1, at <= Double(size) else { continue }
      let inside = max(at, 0)
      let low = min(Int(inside), size - 1)
      samples.append(Sample(low: low, high: min(low + 1, size - 1), weight: low == size - 1 ? 0 : inside - Double(low)))
    }
    return samples
  }
}

/// The maximum is, as in ONNX, that of the four weighted pixels around each sample.
private func pool(
  _ isMaximum: Bool, _ ys: [RegionAxis.Sample], _ xs: [RegionAxis.Sample], count: Double, _ x: TensorBuffer, _ plane: Int
) -> Double {
  let width = x.sizes[3]
  var sum = 0.0
  var best = -Double.infinity
  for v in ys {
    for h in xs {
      func pixel(_ row: Int, _ column: Int) -> Double { x.real(plane + row * width + column) }
      let a = (1 - v.weight) * (1 - h.weight) * pixel(v.low, h.low)
      let b = (1 - v.weight) * h.weight * pixel(v.low, h.high)
      let c = v.weight * (1 - h.weight) * pixel(v.high, h.low)
      let d = v.weight * h.weight * pixel(v.high, h.high)
      sum += a + b + c + d
      best = max(best, max(max(a, b), max(c, d)))
    }
  }
  if isMaximum {
    // A sample outside the image is 0.
    let all = Double(ys.count) * Double(xs.count)
    return all < count || all == 0 ? max(best, 0) : best
  }
  return sum / max(count, 1)
}

private func imageIndex(_ index: Double, region: Int, of x: TensorBuffer) throws(DLError) -> Int {
  guard index >= 0, index < Double(x.sizes[0]) else {
    throw DLError(.invalidArgument, "region \(region): its image is not one of \(x.sizes[0])")
  }
  return Int(index)
}

/// As a whole number in the range, towards zero; what is not a number is the least.
func clamped(_ value: Double, _ range: ClosedRange<Int>) -> Int {
  if !(value > Double(range.lowerBound)) { return range.lowerBound }
  return value >= Double(range.upperBound) ? range.upperBound : Int(value)
}
