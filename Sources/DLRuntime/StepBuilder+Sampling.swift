import DLGraph
import KernelTypes

// Steps that mix pixels of pixels, all channels at once.

/// Taps whose offsets are multiples of `step` floats.
private func weighted(_ taps: [Tap], _ step: Int) -> [WeightedPixel] {
  taps.map { WeightedPixel(offset: $0.offset * step, weight: Float($0.weight)) }
}

/// What the pixels of a row are mixed of.
private struct MixedPixels {
  var pixels: [WeightedPixel] = []
  var starts = [0]

  mutating func append(_ taps: [Tap], _ step: Int) {
    pixels += weighted(taps, step)
    starts.append(pixels.count)
  }
}

extension KernelSet {
  /// Writes neighbouring pixels of y, from the first on, from the rows of an image.
  fileprivate func mix(
    _ rows: [WeightedPixel], _ columns: MixedPixels, channels: Int, _ image: UnsafePointer<Float>,
    _ y: UnsafeMutablePointer<Float>, _ yStride: Int
  ) {
    resample(
      ResampleCall(
        rows: rows, rowCount: rows.count, columns: columns.pixels, starts: columns.starts, pixels: columns.starts.count - 1,
        channels: channels, x: image, y: y, yStride: yStride))
  }
}

/// The rows of images, of one slice after the other, cut into pieces.
private struct Pieces {
  private let width: Int
  private let rowsOfAll: Int
  /// Of an image.
  let rows: Int
  /// Of a row.
  let count: Int
  static var most: Int { 4096 }

  /// sizes: [N, C, …].
  init(_ sizes: [Int]) {
    width = sizes[sizes.count - 1]
    rows = sizes[2...].dropLast().reduce(1, *)
    rowsOfAll = sizes[0] * rows
    count = max(1, (width + Self.most - 1) / Self.most)
  }

  var units: Int { rowsOfAll * count }
  func row(_ unit: Int) -> Int { unit / count }
  func columns(_ unit: Int) -> Range<Int> {
    let first = unit % count * Self.most
    return first..<min(first + Self.most, width)
  }
  /// The first pixel, counted over all images.
  func pixel(_ unit: Int) -> Int { row(unit) * width + columns(unit).lowerBound }
}

extension StepBuilder {
  /// Units are pieces of the rows of y, over its images and slices. Taps of more than some thousand rows or columns are made in
  /// each run, so that they take no more memory than that.
  func resize(_ node: ProgramNode, _ resize: Resize, _ scales: Constant?) -> Step {
    let (x, y) = (node.inputs[0], node.output)
    let (from, to) = (sizes[x], sizes[y])
    let (inPitch, outPitch) = (pitch(x), pitch(y))
    let last = from.count - 1
    let axes = (0...last).map { resize.axis($0, from, to, scales: scales) }
    let pieces = Pieces(to)
    /// The rows of x under a row of an image, or of a volume.
    func rows(_ row: Int) -> [WeightedPixel] {
      var taps: [Tap] = [(0, 1)]
      var (row, step) = (row, pieces.rows)
      for axis in 2..<last {
        step /= to[axis]
        taps = crossed(taps, axes[axis].taps(of: row / step) ?? [], size: from[axis])
        row %= step
      }
      return weighted(taps, from[last] * inPitch)
    }
    func columns(_ piece: Range<Int>) -> MixedPixels {
      var columns = MixedPixels()
      for o in piece { columns.append(axes[last].taps(of: o) ?? [], inPitch) }
      return columns
    }
    let allRows = pieces.rows <= Pieces.most ? (0..<pieces.rows).map { rows($0) } : nil
    let allColumns = pieces.count == 1 ? columns(0..<to[last]) : nil
    let image = from[2...].reduce(1, *) * inPitch
    let kernels = kernels
    return Step(
      name: node.name, kernel: "resample", reads: [x], write: y, units: pieces.units, cost: 16 * elements(y)
    ) { slots, _, units, _ in
      for unit in units {
        let (n, row) = pieces.row(unit).quotientAndRemainder(dividingBy: pieces.rows)
        kernels.mix(
          allRows?[row] ?? rows(row), allColumns ?? columns(pieces.columns(unit)), channels: to[1], slots[x].floats + n * image,
          slots[y].floats + pieces.pixel(unit) * outPitch, outPitch)
      }
    }
  }

  /// Units are pieces of the rows of y, over its images and slices.
  func gridSample(_ node: ProgramNode, _ sample: GridSample) -> Step {
    let (x, grid, y) = (node.inputs[0], node.inputs[1], node.output)
    let (from, to, places) = (Array(sizes[x][2...]), sizes[y], sizes[grid])
    let (inPitch, outPitch) = (pitch(x), pitch(y))
    let pieces = Pieces(to)
    let imageFloats = from.reduce(1, *) * inPitch
    // The taps tell rows and columns at once.
    let whole = [WeightedPixel(offset: 0, weight: 1)]
    let kernels = kernels
    return Step(
      name: node.name, kernel: "grid_sample", reads: [x, grid], write: y, units: pieces.units, cost: 20 * elements(y)
    ) { slots, _, units, _ in
      let grid = TensorBuffer(slots[grid], .f32, places)
      for unit in units {
        let first = pieces.pixel(unit)
        var columns = MixedPixels()
        for o in first..<first + pieces.columns(unit).count { columns.append(sample.taps(grid, o, from), inPitch) }
        let image = slots[x].floats + pieces.row(unit) / pieces.rows * imageFloats
        kernels.mix(whole, columns, channels: to[1], image, slots[y].floats + first * outPitch, outPitch)
      }
    }
  }

  func roiMaxPool(_ node: ProgramNode, _ scale: Float) -> Step {
    let (x, regions, y) = (node.inputs[0], node.inputs[1], node.output)
    let (from, to, list) = (sizes[x], sizes[y], sizes[regions])
    let (inPitch, outPitch) = (pitch(x), pitch(y))
    let kernel = kernels.binary
    return Step(name: node.name, kernel: "roi_max_pool", reads: [x, regions], writes: [y]) { slots throws(DLError) in
      let regions = TensorBuffer(slots[regions], .f32, list)
      var cell = slots[y].floats
      for r in 0..<to[0] {
        let region = try PooledRegion(regions, r, scale: scale, from, to)
        let image = slots[x].floats + region.image * from[2] * from[3] * inPitch
        for rows in region.rows {
          for columns in region.columns {
            let isEmpty = rows.isEmpty || columns.isEmpty
            cell.update(repeating: isEmpty ? 0 : -.infinity, count: to[1])
            for row in rows {
              kernel(
                BinaryCall(
                  .maximum, rows: columns.count, columns: to[1], a: cell, aRow: 0, aColumn: 1,
                  b: image + (row * from[3] + columns.lowerBound) * inPitch, bRow: inPitch, bColumn: 1, y: cell, yRow: 0))
            }
            cell += outPitch
          }
        }
      }
    }
  }

  func roiAlign(_ node: ProgramNode, _ align: RoiAlign) -> Step {
    let (x, regions, images, y) = (node.inputs[0], node.inputs[1], node.inputs[2], node.output)
    let (from, to, list, indices) = (sizes[x], sizes[y], sizes[regions], types[images])
    let (inPitch, outPitch) = (pitch(x), pitch(y))
    let kernels = kernels
    return Step(name: node.name, kernel: "roi_align", reads: [x, regions, images], writes: [y]) { slots throws(DLError) in
      let regions = TensorBuffer(slots[regions], .f32, list)
      let images = TensorBuffer(slots[images], indices.dtype, indices.sizes)
      var row = slots[y].floats
      for r in 0..<to[0] {
        let region = try AlignedRegion(align, regions, images, r, from)
        var columns = MixedPixels()
        for taps in region.columns { columns.append(taps, inPitch) }
        let image = slots[x].floats + region.image * from[2] * from[3] * inPitch
        for taps in region.rows {
          kernels.mix(weighted(taps, from[3] * inPitch), columns, channels: to[1], image, row, outPitch)
          row += to[3] * outPitch
        }
      }
    }
  }
}
