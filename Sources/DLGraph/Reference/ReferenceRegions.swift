import KernelTypes

// Pooling of regions of an image. Regions are data: whatever their numbers, what lies outside the image is not read.

/// A region cut into cells of whole pixels, which may overlap by one. Girshick 2015.
public struct PooledRegion {
  /// Which of x.
  public let image: Int
  /// The pixels of the image under each row and each column of cells.
  public let rows: [Range<Int>], columns: [Range<Int>]

  /// Region r of [R, 5] numbers as `roiMaxPool` has them. x, y: sizes.
  public init(_ regions: TensorBuffer, _ r: Int, scale: Float, _ x: [Int], _ y: [Int]) throws(DLError) {
    image = try imageIndex(regions.real(r * 5), region: r, of: x)
    func corner(_ i: Int) -> Double { (regions.real(r * 5 + i) * Double(scale)).rounded(.toNearestOrAwayFromZero) }
    func axis(_ axis: Int, from first: Double, to last: Double) -> [Range<Int>] {
      let step = max(last - first + 1, 1) / Double(y[axis])
      return (0..<y[axis]).map { cell in
        let low = clamped(first + (Double(cell) * step).rounded(.down), 0...x[axis])
        return low..<max(low, clamped(first + (Double(cell + 1) * step).rounded(.up), 0...x[axis]))
      }
    }
    rows = axis(2, from: corner(2), to: corner(4))
    columns = axis(3, from: corner(1), to: corner(3))
  }
}

/// The largest of each cell; 0 where it has no pixels.
func roiMaxPool(_ scale: Float, _ x: TensorBuffer, _ regions: TensorBuffer, _ y: TensorBuffer) throws(DLError) {
  let channels = x.sizes[1]
  var i = 0
  for r in 0..<y.sizes[0] {
    let region = try PooledRegion(regions, r, scale: scale, x.sizes, y.sizes)
    for c in 0..<channels {
      let plane = (region.image * channels + c) * x.sizes[2] * x.sizes[3]
      for rows in region.rows {
        for columns in region.columns {
          var best = rows.isEmpty || columns.isEmpty ? 0 : -Double.infinity
          for row in rows {
            for column in columns { best = realFunction(.maximum, best, x.real(plane + row * x.sizes[3] + column)) }
          }
          y.setReal(i, best)
          i += 1
        }
      }
    }
  }
}

/// He et al. 2017: the mean (or maximum) of samples between the pixels of each cell of a region.
func roiAlign(
  _ align: RoiAlign, _ x: TensorBuffer, _ regions: TensorBuffer, _ images: TensorBuffer, _ y: TensorBuffer
) throws(DLError) {
  for r in 0..<y.sizes[0] {
    let image = try imageIndex(images.real(r), region: r, of: x.sizes)
    let (vertical, horizontal) = regionAxes(align, regions, r, x.sizes)
    for row in 0..<align.height {
      let ys = vertical.taps(row)
      for column in 0..<align.width {
        let xs = horizontal.taps(column)
        for c in 0..<x.sizes[1] {
          let plane = (image * x.sizes[1] + c) * x.sizes[2] * x.sizes[3]
          let value = pool(align.isMaximum, ys, xs, count: vertical.count * horizontal.count, x, plane)
          y.setReal(((r * x.sizes[1] + c) * align.height + row) * align.width + column, value)
        }
      }
    }
  }
}

/// A region and what each of its cells is the mean of. He et al. 2017.
public struct AlignedRegion {
  /// Which of x.
  public let image: Int
  /// The taps of each row and each column of cells.
  public let rows: [[Tap]], columns: [[Tap]]

  /// Region r of `roiAlign`. x: sizes.
  public init(_ align: RoiAlign, _ regions: TensorBuffer, _ images: TensorBuffer, _ r: Int, _ x: [Int]) throws(DLError) {
    image = try imageIndex(images.real(r), region: r, of: x)
    let (vertical, horizontal) = regionAxes(align, regions, r, x)
    func taps(_ axis: RegionAxis, cells: Int, _ count: Double) -> [[Tap]] {
      (0..<cells).map { cell in
        var taps: [Tap] = []
        func add(_ pixel: Int, _ weight: Double) {
          // Samples come in order: a pixel that is here already is one of the last two.
          if let known = taps.indices.suffix(2).first(where: { taps[$0].offset == pixel }) {
            taps[known].weight += weight / count
          } else {
            taps.append((pixel, weight / count))
          }
        }
        for tap in axis.taps(cell) { add(tap.offset, tap.weight) }
        return taps
      }
    }
    rows = taps(vertical, cells: align.height, max(vertical.count * horizontal.count, 1))
    columns = taps(horizontal, cells: align.width, 1)
  }
}

private func regionAxes(
  _ align: RoiAlign, _ regions: TensorBuffer, _ r: Int, _ x: [Int]
) -> (vertical: RegionAxis, horizontal: RegionAxis) {
  let shift = align.halfPixel ? 0.5 : 0
  func axis(_ i: Int, cells: Int, size: Int) -> RegionAxis {
    let first = regions.real(r * 4 + i) * Double(align.scale) - shift
    let extent = regions.real(r * 4 + i + 2) * Double(align.scale) - shift - first
    return RegionAxis(first, align.halfPixel ? extent : max(extent, 1), cells: cells, samples: align.samples, size: size)
  }
  return (axis(1, cells: align.height, size: x[2]), axis(0, cells: align.width, size: x[3]))
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

  /// Of each sample of a cell the two pixels it lies between. Samples further than a pixel from the image are left out: they
  /// count as 0.
  func taps(_ index: Int) -> [Tap] {
    let start = first + Double(index) * cell
    let step = cell / count
    guard count > 0, step > 0, start.isFinite, step.isFinite else { return [] }
    // One more on either side than should be needed, against rounding.
    let most = Int(min(count, Double(Int32.max)))
    let from = clamped(((-1 - start) / step - 0.5).rounded(.down) - 1, 0...most)
    let to = clamped(((Double(size) - start) / step - 0.5).rounded(.up) + 1, 0...most)
    var taps: [Tap] = []
    for i in from..<max(from, to) {
      let at = start + (Double(i) + 0.5) * step
      guard at >= -1, at <= Double(size) else { continue }
      let inside = max(at, 0)
      let low = min(Int(inside), size - 1)
      let weight = low == size - 1 ? 0 : inside - Double(low)
      taps.append((low, 1 - weight))
      taps.append((min(low + 1, size - 1), weight))
    }
    return taps
  }
}

/// The maximum is, as in ONNX, that of the four weighted pixels around each sample.
private func pool(
  _ isMaximum: Bool, _ ys: [Tap], _ xs: [Tap], count: Double, _ x: TensorBuffer, _ plane: Int
) -> Double {
  let width = x.sizes[3]
  var sum = 0.0
  var best = -Double.infinity
  for v in ys {
    for h in xs {
      let part = v.weight * h.weight * x.real(plane + v.offset * width + h.offset)
      sum += part
      best = max(best, part)
    }
  }
  if isMaximum {
    // A sample outside the image is 0.
    let all = Double(ys.count / 2) * Double(xs.count / 2)
    return all < count || all == 0 ? max(best, 0) : best
  }
  return sum / max(count, 1)
}

private func imageIndex(_ index: Double, region: Int, of x: [Int]) throws(DLError) -> Int {
  guard index >= 0, index < Double(x[0]) else {
    throw DLError(.invalidArgument, "region \(region): its image is not one of \(x[0])")
  }
  return Int(index)
}

/// As a whole number in the range, towards zero; what is not a number is the least.
func clamped(_ value: Double, _ range: ClosedRange<Int>) -> Int {
  if !(value > Double(range.lowerBound)) { return range.lowerBound }
  return value >= Double(range.upperBound) ? range.upperBound : Int(value)
}
