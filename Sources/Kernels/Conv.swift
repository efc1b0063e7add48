import KernelTypes

// Convolution over NHWC as a matrix product whose rows are windows, read in place: with the pixels of a window as runs of
// neighbouring floats there is nothing to copy. An image with padding is first copied, a band of rows at a time, into
// the worker's scratch with zeros around it.

func packedConvSize(_ g: WindowGeometry, _ groups: Int, _ outChannels: Int) -> Int {
  let depth = g.kernelHeight * g.kernelWidth * (g.channels / groups)
  return groups * packedPanelsSize(depth: depth, columns: outChannels / groups)
}

func packConv(
  _ g: WindowGeometry, _ groups: Int, _ outChannels: Int, _ w: UnsafePointer<Float>, _ bias: UnsafePointer<Float>?,
  _ panels: UnsafeMutablePointer<Float>
) {
  let channels = g.channels / groups
  let columns = outChannels / groups
  let cells = g.kernelHeight * g.kernelWidth
  for group in 0..<groups {
    let first = group * columns
    // k counts kernel rows, then kernel columns, then channels; w is [outChannels][channels][kernel cell].
    packPanels(
      depth: cells * channels, columns: columns, bias: bias.map { $0 + first },
      into: panels + group * packedPanelsSize(depth: cells * channels, columns: columns)
    ) { k, n in w[((first + n) * channels + k % channels) * cells + k / channels] }
  }
}

/// Where the windows of a block are read: in the images themselves or in a padded copy.
struct WindowRows: RowSource {
  var x: UnsafePointer<Float>
  var outWidth: Int, outHeight: Int
  /// Floats between the windows of neighbours: output columns, output rows, images.
  var columnPitch: Int, rowPitch: Int, imagePitch: Int

  @inline(__always)
  func pointers(_ first: Int, _ count: Int, _ rows: UnsafeMutablePointer<UnsafePointer<Float>>) {
    var column = first % outWidth
    let line = first / outWidth
    var row = line % outHeight
    var image = line / outHeight
    var p = x + image * imagePitch + row * rowPitch + column * columnPitch
    for i in 0..<count {
      rows[i] = p
      column += 1
      p += columnPitch
      if column == outWidth {
        column = 0
        row += 1
        if row == outHeight {
          row = 0
          image += 1
        }
        p = x + image * imagePitch + row * rowPitch
      }
    }
  }
}

/// How a convolution is cut and read. Bands: some output rows of one image, or all rows of several small images.
struct ConvPlan {
  var geometry: WindowGeometry
  var groups: Int
  var channels: Int, columns: Int, depth: Int
  var copies: Bool
  var imagesPerBand: Int, rowsPerBand: Int
  var bandsPerImage: Int, bands: Int
  var panels: Int, panelUnits: Int

  init(_ g: WindowGeometry, groups: Int, outChannels: Int) {
    geometry = g
    self.groups = groups
    channels = g.channels / groups
    columns = outChannels / groups
    depth = g.kernelHeight * g.kernelWidth * channels
    copies = g.padTop > 0 || g.padLeft > 0 || g.readsPastBottom || g.readsPastRight
    let rowWork = max(1, g.outWidth * depth * outChannels)
    var rows = ceilDivide(4 * unitWork, rowWork)
    if copies {
      let fits = (bandFloats / max(1, g.paddedWidth * g.channels) - g.extentHeight) / g.strideHeight + 1
      rows = min(rows, max(1, fits))
    }
    imagesPerBand = max(1, min(g.batch, rows / max(1, g.outHeight)))
    rowsPerBand = min(max(1, rows), g.outHeight)
    bandsPerImage = ceilDivide(g.outHeight, max(1, rowsPerBand))
    bands = bandsPerImage * ceilDivide(g.batch, imagesPerBand)
    panels = ceilDivide(columns, tileColumns)
    let panelWork = max(1, rowsPerBand * imagesPerBand * g.outWidth * depth * tileColumns)
    let panelsPerUnit = max(1, ceilDivide(2 * unitWork, panelWork), ceilDivide(panels * bands * groups, mostUnits))
    panelUnits = max(1, panels / panelsPerUnit)
  }

  var units: Int { bands * groups * panelUnits }

  /// Floats of a band's padded copy.
  var scratch: Int { copies ? imagesPerBand * copyRows(rowsPerBand) * geometry.paddedWidth * geometry.channels : 0 }

  /// Input rows, padding included, under `rows` output rows.
  func copyRows(_ rows: Int) -> Int { (rows - 1) * geometry.strideHeight + geometry.extentHeight }
}

/// Floats of a padded band: 256 KB, half the smallest second-level cache.
@inline(__always) private var bandFloats: Int { 65_536 }

extension WindowGeometry {
  /// Input rows and columns that a window spans.
  var extentHeight: Int { (kernelHeight - 1) * dilationHeight + 1 }
  var extentWidth: Int { (kernelWidth - 1) * dilationWidth + 1 }
  /// Columns of x that an output row reads, padding included.
  var paddedWidth: Int { (outWidth - 1) * strideWidth + extentWidth }
  var readsPastBottom: Bool { (outHeight - 1) * strideHeight + extentHeight - padTop > inHeight }
  var readsPastRight: Bool { paddedWidth - padLeft > inWidth }
}

func convScratch(_ g: WindowGeometry, _ groups: Int, _ outChannels: Int) -> Int {
  ConvPlan(g, groups: groups, outChannels: outChannels).scratch
}

func convUnits(_ call: ConvCall) -> Int { ConvPlan(call.geometry, groups: call.groups, outChannels: call.outChannels).units }

func conv(_ call: ConvCall, _ units: Range<Int>, _ worker: Int) {
  let plan = ConvPlan(call.geometry, groups: call.groups, outChannels: call.outChannels)
  let g = plan.geometry
  let scratch = plan.scratch
  var copied = -1
  for unit in units {
    let panelUnit = unit % plan.panelUnits
    let group = unit / plan.panelUnits % plan.groups
    let band = unit / (plan.panelUnits * plan.groups)
    let image = band / plan.bandsPerImage * plan.imagesPerBand
    let images = min(plan.imagesPerBand, g.batch - image)
    let row = band % plan.bandsPerImage * plan.rowsPerBand
    let rows = min(plan.rowsPerBand, g.outHeight - row)
    var source = WindowRows(
      x: call.x, outWidth: g.outWidth, outHeight: rows, columnPitch: 0, rowPitch: 0, imagePitch: 0)
    let pixelPitch: Int
    let linePitch: Int
    if plan.copies, let memory = call.scratch {
      let copy = memory + worker * scratch
      if copied != band {
        copyPadded(call, image: image, images: images, row: row, rows: plan.copyRows(rows), into: copy)
        copied = band
      }
      pixelPitch = g.channels
      linePitch = g.paddedWidth * pixelPitch
      source.x = UnsafePointer(copy)
      source.imagePitch = plan.copyRows(rows) * linePitch
    } else {
      pixelPitch = g.inPixelStride
      linePitch = g.inWidth * pixelPitch
      source.imagePitch = g.inHeight * linePitch
      source.x = call.x + image * source.imagePitch + row * g.strideHeight * linePitch
    }
    source.x += group * plan.channels
    source.columnPitch = g.strideWidth * pixelPitch
    source.rowPitch = g.strideHeight * linePitch
    multiply(
      source,
      Block(
        rows: 0..<images * rows * g.outWidth, panels: share(plan.panels, panelUnit, plan.panelUnits),
        runs: windowRuns(g, channels: plan.channels, pixelPitch: pixelPitch, linePitch: linePitch), depth: plan.depth,
        columns: plan.columns,
        packed: call.panels + group * packedPanelsSize(depth: plan.depth, columns: plan.columns),
        y: call.y + (image * g.outHeight + row) * g.outWidth * g.outPixelStride + group * plan.columns,
        yStride: g.outPixelStride, activation: call.activation))
  }
}

/// A window as runs: whole kernel rows if their cells are neighbours in memory, else single cells.
@inline(__always)
private func windowRuns(_ g: WindowGeometry, channels: Int, pixelPitch: Int, linePitch: Int) -> Runs {
  let together = g.dilationWidth == 1 && channels == pixelPitch
  return Runs(
    outer: g.kernelHeight, outerPitch: g.dilationHeight * linePitch, inner: together ? 1 : g.kernelWidth,
    innerPitch: g.dilationWidth * pixelPitch, count: together ? g.kernelWidth * channels : channels)
}

/// Copies the input rows under output rows from `row` on, all channels, with zeros where there is no image.
private func copyPadded(
  _ call: ConvCall, image: Int, images: Int, row: Int, rows: Int, into copy: UnsafeMutablePointer<Float>
) {
  let g = call.geometry
  let width = g.paddedWidth
  let firstColumn = min(g.padLeft, width)
  let columns = max(0, min(g.inWidth, width - firstColumn))
  var to = copy
  for n in image..<image + images {
    for r in 0..<rows {
      let y = row * g.strideHeight + r - g.padTop
      if y < 0 || y >= g.inHeight {
        fill(to, width * g.channels)
      } else {
        fill(to, firstColumn * g.channels)
        copyPixels(
          call.x + (n * g.inHeight + y) * g.inWidth * g.inPixelStride, g.inPixelStride, to + firstColumn * g.channels,
          g.channels, columns)
        let end = firstColumn + columns
        fill(to + end * g.channels, (width - end) * g.channels)
      }
      to += width * g.channels
    }
  }
}

/// Zeros.
@inline(__always) func fill(_ p: UnsafeMutablePointer<Float>, _ count: Int) {
  for i in 0..<count { p[i] = 0 }
}

/// Copies pixels of `channels` floats, dense at the destination.
@inline(__always)
func copyPixels(_ x: UnsafePointer<Float>, _ stride: Int, _ y: UnsafeMutablePointer<Float>, _ channels: Int, _ count: Int) {
  if stride == channels {
    for i in 0..<count * channels { y[i] = x[i] }
  } else {
    for i in 0..<count {
      for c in 0..<channels { y[i * channels + c] = x[i * stride + c] }
    }
  }
}
