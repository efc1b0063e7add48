import CPlatform
import KernelTypes

// Convolution over NHWC as a matrix product whose rows are windows, read in place: with the pixels of a window as runs of
// neighbouring floats there is nothing to copy. An image with padding is first copied, a band of rows at a time, into
// the worker's scratch with zeros around it.

@inline(never) @_optimize(size)
func planConv(_ layer: ConvLayer, _ geometry: WindowGeometry, _ residualStride: Int, _ threads: Int) -> ConvPlan {
  var g = geometry
  var outChannels = layer.outChannels
  var residualStride = residualStride
  let dense = g.outPixelStride == outChannels && g.inPixelStride == g.channels && g.outColumnStep == 1
  // A power of 2.
  let fits = (g.outWidth | g.outRowStep | g.outImageStep) % layer.widening == 0
  let widens = layer.widening > 1 && fits && dense && (residualStride == 0 || residualStride == outChannels)
  if widens {
    outChannels *= layer.widening
    residualStride *= layer.widening
    g.widen(layer.widening)
  }
  if g.outRowStep == 0 {
    if layer.algorithm == .direct && !g.isVolume {
      // A single row is cut into bands as a column is, and where each pixel is a window of its own, all are a column.
      if g.inHeight == 1 && g.outHeight == 1 && g.kernelHeight == 1 { g.turn() }
      if g.isPointwise { g.flatten() }
    }
    g.outRowStep = g.outWidth &>> g.halvings
    g.outImageStep = (g.outHeight &>> g.halvings) * g.outRowStep
  }
  var plan = ConvPlan(
    algorithm: layer.algorithm, geometry: g, groups: layer.groups, outChannels: outChannels, residualStride: residualStride)
  plan.panelsBase = widens ? layer.widenedOffset : 0
  switch layer.algorithm {
  case .direct: plan.cutDirect()
  case .depthwise: plan.cutDepthwise()
  case .winograd(let tile): plan.cutWinograd(tile: tile, threads)
  }
  return plan
}

extension ConvPlan {
  @_optimize(size)
  mutating func cutDirect() {
    let g = geometry
    groupPitch = packedPanelsSize(depth: depth, columns: columns)
    copies = g.padTop != 0 || g.padLeft != 0 || g.readsPastBottom || g.readsPastRight || g.isVolume
    let rowWork = max(1, saturatingProduct(g.outWidth, depth * columns * groups))
    let images = g.batch * g.outDepth
    // A small layer would be too few bands for two threads.
    let isSmall = saturatingProduct(rowWork, saturatingProduct(images, g.outHeight)) < 8 * unitWork
    let bandWork = isSmall ? unitWork : 4 * unitWork
    var rows = ceilDivide(bandWork, rowWork)
    panels = ceilDivide(columns, tileColumns)
    // Weights that no cache keeps are better read once for many rows, if threads have enough to share then. Windows in a
    // column fill tiles.
    let large = depth * columns > 131_072
    let least = large ? (panels < 8 ? 3 : 8) * tileRows : g.outWidth == 1 ? 2 * tileRows : 1
    rows = max(rows, ceilDivide(least, max(1, g.outWidth)))
    // What a band may copy.
    let line = saturatingProduct(g.paddedWidth, g.channels * g.kernelDepth)
    let room = (large ? 4 : 1) * bandFloats
    if copies { rows = min(rows, max(1, (room / max(1, line) - g.extentHeight) / g.strideHeight + 1)) }
    imagesPerBand = outputsApart ? 1 : max(1, min(images, rows / max(1, g.outHeight)))
    if copies { imagesPerBand = max(1, min(imagesPerBand, room / max(1, saturatingProduct(copyRows(g.outHeight), line)))) }
    bandsPerImage = ceilDivide(g.outHeight, max(1, rows))
    rowsPerBand = ceilDivide(g.outHeight, max(1, bandsPerImage))
    bands = bandsPerImage * ceilDivide(images, imagesPerBand)
    let panelWork = max(1, saturatingProduct(rowsPerBand * imagesPerBand * g.outWidth, depth * tileColumns))
    let panelsPerUnit = max(1, max(ceilDivide(unitWork / 2, panelWork), ceilDivide(panels * bands * groups, 4 * mostUnits)))
    panelUnits = max(1, panels / panelsPerUnit)
    units = bands * groups * panelUnits
    // Where outputs lie apart, blocks are short.
    let tiles = outputsApart || columns <= lanes ? 0 : ceilDivide(rowsPerBand * imagesPerBand * g.outWidth, tileRows)
    // Two ask for the next panel.
    freeTiles = max(0, tiles - 2)
    panelsStay = !copies && groups == 1 && !large && imagesPerBand == 1 && !outputsApart
    // Int.max if it does not fit an Int, as padding from a hostile model may not.
    scratch = copies ? saturatingProduct(saturatingProduct(imagesPerBand, copyRows(rowsPerBand)), line) : 0
  }

  /// Whether an output row does not begin where the one before ends.
  var outputsApart: Bool { geometry.outColumnStep != 1 || geometry.outRowStep != geometry.outWidth }

  /// Input rows, padding included, under `rows` output rows.
  func copyRows(_ rows: Int) -> Int { (rows - 1) * geometry.strideHeight + geometry.extentHeight }
}

/// a · b, or Int.max if that does not fit.
@inline(never)
func saturatingProduct(_ a: Int, _ b: Int) -> Int {
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? .max : product
}

/// Floats of a padded band: 256 KB, half the smallest second-level cache. Where large weights pass through that cache
/// anyway it may be more.
@inline(__always) private var bandFloats: Int { 65_536 }

extension WindowGeometry {
  /// Input rows and columns that a window spans.
  var extentHeight: Int { (kernelHeight - 1) * dilationHeight + 1 }
  var extentWidth: Int { (kernelWidth - 1) * dilationWidth + 1 }
  /// Columns of x that an output row reads, padding included.
  var paddedWidth: Int { (outWidth - 1) * strideWidth + extentWidth }
  /// Whether each input pixel is the window of one output pixel.
  var isPointwise: Bool {
    kernelHeight == 1 && kernelWidth == 1 && strideHeight == 1 && strideWidth == 1 && padTop == 0 && padLeft == 0
      && inHeight == outHeight && inWidth == outWidth
  }
  /// All pixels become one column.
  mutating func flatten() {
    (inHeight, inWidth) = (inHeight * inWidth, 1)
    (outHeight, outWidth) = (outHeight * outWidth, 1)
  }
  /// Rows become columns.
  mutating func turn() {
    swap(&inHeight, &inWidth)
    swap(&outHeight, &outWidth)
    swap(&kernelHeight, &kernelWidth)
    swap(&strideHeight, &strideWidth)
    swap(&dilationHeight, &dilationWidth)
    swap(&padTop, &padLeft)
    swap(&padBottom, &padRight)
  }
  /// Whether windows are volumes, or lie as those of one would.
  var isVolume: Bool { kernelDepth > 1 || strideDepth > 1 || padFront != 0 || inDepth != outDepth }
  var readsPastBottom: Bool { (outHeight - 1) * strideHeight + extentHeight - padTop > inHeight }
  var readsPastRight: Bool { paddedWidth - padLeft > inWidth }
}

@_optimize(size)
func conv(_ call: ConvCall, _ units: Range<Int>, _ worker: Int) {
  switch call.plan.algorithm {
  case .direct: convDirect(call, units, worker)
  case .depthwise: depthwise(call, units)
  case .winograd: convWinograd(call, units, worker)
  }
}

@inline(never) @_optimize(size)
private func convDirect(_ call: ConvCall, _ units: Range<Int>, _ worker: Int) {
  let plan = call.plan
  let g = plan.geometry
  var copied = -1
  var unit = units.lowerBound
  while unit < units.upperBound {
    let (panels, next) = neighbours(unit..<units.upperBound, panels: plan.panels, panelUnits: plan.panelUnits)
    let group = unit / plan.panelUnits % plan.groups
    let band = unit / (plan.panelUnits * plan.groups)
    let image = band / plan.bandsPerImage * plan.imagesPerBand
    let images = min(plan.imagesPerBand, g.batch * g.outDepth - image)
    let row = band % plan.bandsPerImage * plan.rowsPerBand
    let rows = min(plan.rowsPerBand, g.outHeight - row)
    let pixelPitch: Int, linePitch: Int, slicePitch: Int, imagePitch: Int
    var x: UnsafePointer<Float>
    if plan.copies, let memory = call.scratch {
      let copy = memory + worker * plan.scratch
      if copied != band {
        copyPadded(call, g, image: image, images: images, row: row, rows: plan.copyRows(rows), into: copy)
        copied = band
      }
      pixelPitch = g.channels
      linePitch = g.paddedWidth * pixelPitch
      slicePitch = plan.copyRows(rows) * linePitch
      imagePitch = g.kernelDepth * slicePitch
      x = UnsafePointer(copy)
    } else {
      pixelPitch = g.inPixelStride
      linePitch = g.inWidth * pixelPitch
      slicePitch = 0
      imagePitch = g.inHeight * linePitch
      x = call.x + image * imagePitch + row * g.strideHeight * linePitch
    }
    x += group * plan.channels
    let pixel = image * g.outImageStep + row * g.outRowStep
    var runs = windowRuns(g, channels: plan.channels, pixelPitch: pixelPitch, linePitch: linePitch)
    runs.slices = g.kernelDepth
    runs.slicePitch = slicePitch
    let segments = plan.outputsApart ? rows : 1
    let base = plan.panelsBase + group * plan.groupPitch
    let isLast = band + 1 == plan.bands
    let pitch = panelPitch(depth: plan.depth)
    // After the last panel come those of the next group, or again of the first, for the next band.
    let toFirst = -(plan.panels - 1) * pitch - group * plan.groupPitch
    let nextGroup = group + 1 < plan.groups ? (group + 1) * plan.groupPitch : isLast ? nil : 0
    var later = call.later - base + unit * call.laterOfUnit..<call.later - base + next * call.laterOfUnit
    var thenLater = 0..<0
    if plan.panelsStay && later.isEmpty && !isLast {
      // What the next band reads and writes.
      let read = plan.rowsPerBand * g.strideHeight * linePitch
      let written = plan.rowsPerBand * g.outWidth * g.outPixelStride
      let from = x - call.panels - base + read
      let to = UnsafePointer(call.y) + pixel * g.outPixelStride - call.panels - base + written
      later = from..<from + read
      thenLater = to..<to + written
    }
    multiply(
      RowWalker(
        x, outWidth: g.outWidth, outHeight: rows, columnPitch: g.strideWidth * pixelPitch,
        rowPitch: g.strideHeight * linePitch, imagePitch: imagePitch),
      Block(
        rows: images * rows * g.outWidth / segments, segments: segments, segmentPitch: g.outRowStep * g.outPixelStride,
        residualSegmentPitch: g.outRowStep * plan.residualStride,
        panels: panels, runs: runs, depth: plan.depth,
        columns: plan.columns, packed: call.panels + base,
        ahead: panels.upperBound < plan.panels ? pitch : nextGroup.map { toFirst + $0 },
        panelsStay: plan.panelsStay && band > 0, later: later, thenLater: thenLater,
        y: call.y + pixel * g.outPixelStride + group * plan.columns, yStride: g.outPixelStride * g.outColumnStep,
        residual: call.residual.map { $0 + pixel * plan.residualStride + group * plan.columns },
        residualStride: plan.residualStride * g.outColumnStep, activation: call.activation))
    unit = next
  }
}

/// A window as runs: all of it if it spans whole rows, whole kernel rows if their cells are neighbours in memory, else single
/// cells.
@inline(__always)
private func windowRuns(_ g: WindowGeometry, channels: Int, pixelPitch: Int, linePitch: Int) -> Runs {
  let cells = g.dilationWidth == 1 && channels == pixelPitch ? g.kernelWidth : 1
  let rows = g.dilationHeight == 1 && cells * channels == linePitch ? g.kernelHeight : 1
  return Runs(
    outer: g.kernelHeight / rows, outerPitch: g.dilationHeight * linePitch, inner: g.kernelWidth / cells,
    innerPitch: g.dilationWidth * pixelPitch, count: rows * cells * channels)
}

/// Copies the input rows under output rows from `row` on, all channels, with zeros where there is no image. An image here is
/// an output slice, under which lie kernelDepth slices of the input.
@inline(never) @_optimize(size)
private func copyPadded(
  _ call: ConvCall, _ g: WindowGeometry, image: Int, images: Int, row: Int, rows: Int, into copy: UnsafeMutablePointer<Float>
) {
  let width = g.paddedWidth
  let line = width * g.channels
  let firstColumn = min(max(0, g.padLeft), width)
  let skipped = max(0, -g.padLeft)
  let columns = max(0, min(g.inWidth - skipped, width - firstColumn))
  let start = row * g.strideHeight - g.padTop
  let above = min(max(0, -start), rows)
  let inside = max(0, min(rows, g.inHeight - start) - above)
  // Rows that need no zeros are one.
  let joined = columns == width && columns == g.inWidth ? max(1, inside) : 1
  var to = copy
  for n in image..<image + images {
    let first = n % g.outDepth * g.strideDepth - g.padFront
    for cell in 0..<g.kernelDepth {
      let slice = first + cell * g.dilationDepth
      let exists = 0..<g.inDepth ~= slice
      var x = call.x
      if exists {
        x += (((n / g.outDepth * g.inDepth + slice) * g.inHeight + start + above) * g.inWidth + skipped) * g.inPixelStride
        fill(to, above * line)
        for r in stride(from: 0, to: inside, by: joined) {
          let to = to + (above + r) * line
          fill(to, firstColumn * g.channels)
          copyPixels(
            x + r * g.inWidth * g.inPixelStride, g.inPixelStride, to + firstColumn * g.channels, g.channels, joined * columns)
          let end = firstColumn + columns
          fill(to + end * g.channels, (width - end) * g.channels)
        }
      }
      let copied = exists ? above + inside : 0
      fill(to + copied * line, (rows - copied) * line)
      to += rows * line
    }
  }
}

/// Zeros.
@inline(__always) func fill(_ p: UnsafeMutablePointer<Float>, _ count: Int) {
  for i in 0..<count { p[i] = 0 }
}

/// Copies pixels of `channels` floats, dense at the destination.
@inline(never)
func copyPixels(_ x: UnsafePointer<Float>, _ stride: Int, _ y: UnsafeMutablePointer<Float>, _ channels: Int, _ count: Int) {
  let dense = stride == channels
  let (runs, length) = dense ? (1, count * channels) : (count, channels)
  for i in 0..<runs {
    let from = x + i * stride, to = y + i * channels
    var c = 0
    while c + lanes <= length {
      store(load(from + c), to + c)
      c += lanes
    }
    if c < length { store(load(from + c, count: length - c), to + c, count: length - c) }
  }
}
