import CPlatform
import KernelTypes

// Convolution of 3×3 filters at stride 1 by Winograd's F(m×m, 3×3): the image is cut into windows of size × size pixels
// (size = m + 2) that overlap by 2 and each give m × m outputs. Transformed, a window's sums over cells become products:
// what is left are size² matrix products, of windows by channels times channels by output channels, with
// (m + 2)² / m² multiply-adds for an output instead of 9. A larger filter is several of 3×3 side by side, of volumes also
// behind each other, whose windows are transformed one by one and count as more channels: a 5×5 is four, filled up with
// zeros. Of a filter with one row, or one column, windows are lines of `size` pixels: F(m, 3).
//
// A block of windows is transformed as a whole (V below); then some panels of output channels at a time are multiplied, for
// all size² positions (M), and transformed back. V may leave the second-level cache, as each of its values is read once for
// a whole panel of columns; M is small and stays there.

extension ConvPlan {
  mutating func cutWinograd(tile: Int, _ threads: Int) {
    let g = geometry
    size = tile + 2
    tilesDown = ceilDivide(g.outHeight, tileHeight)
    tilesAcross = ceilDivide(g.outWidth, tileWidth)
    let tiles = saturatingProduct(g.batch * g.outDepth, tilesDown * tilesAcross)
    depth = g.winogradFilters * channels
    groupPitch = packedWinogradSize(g, size: size, channels: channels, columns: columns)
    panels = ceilDivide(columns, tileColumns)
    inPitch = channelPitch(depth)
    // Each block reads all weights. Large ones come from memory, which threads share, and are waited for by too few rows; from
    // 32 MB on the 49 windows of 28×28 are better one block, though V leaves the cache.
    let least = (groupPitch > 1 << 23 ? 5 : groupPitch > 1 << 21 ? 3 : 2) * tileRows
    let most = max(least, winogradInputFloats / max(1, positions * inPitch) / tileRows * tileRows)
    blocks = ceilDivide(tiles, most)
    // So that nobody waits for those who have one more. Of fewer than four, panels are split too.
    if blocks > 2 * threads { blocks = roundUp(blocks, to: threads) }
    let blockTiles = blocks == 0 ? 0 : ceilDivide(tiles, blocks)
    // A few wide panels, so that a value of V is loaded for more than one.
    let columnsAtOnce = winogradOutputFloats / max(1, positions * blockTiles)
    panelsAtOnce = max(1, min(panels, columnsAtOnce / tileColumns))
    outPitch = channelPitch(panelsAtOnce * tileColumns)
    inPlane = planePitch(blockTiles * inPitch)
    outPlane = planePitch(blockTiles * outPitch)
    // Threads that share a block each transform it for themselves.
    panelUnits = max(1, min(ceilDivide(4, max(1, blocks * groups)), panels))
    units = blocks * groups * panelUnits
    scratch = positions * (inPlane + outPlane + patchChannels + lanes)
  }

  /// Rows and columns of a window, and of the outputs it gives.
  var windowHeight: Int { geometry.kernelHeight == 1 ? 1 : size }
  var windowWidth: Int { geometry.kernelWidth == 1 ? 1 : size }
  var tileHeight: Int { windowHeight == 1 ? 1 : size - 2 }
  var tileWidth: Int { windowWidth == 1 ? 1 : size - 2 }
  var positions: Int { geometry.winogradPositions(size) }
}

extension WindowGeometry {
  /// Whether a filter is a row or a column.
  var isLine: Bool { kernelHeight == 1 || kernelWidth == 1 }
  /// How often the rows and columns of outputs are halved.
  var halvings: Int { poolsOutputs ? 1 : 0 }
  /// Of a window of `size` rows and columns, or either.
  func winogradPositions(_ size: Int) -> Int { isLine ? size : size * size }
  /// Filters of 3×3, or 3 of a line, that a filter is made of.
  var winogradFilters: Int { kernelDepth * ceilDivide(kernelHeight, 3) * ceilDivide(kernelWidth, 3) }
}

/// Floats of V and M: together a second-level cache of 1 MB; V of deep layers has more, for tiles of full height.
@inline(__always) private var winogradInputFloats: Int { 131_072 }
@inline(__always) private var winogradOutputFloats: Int { 131_072 }
/// Channels of a window that are copied at a time where it reaches over the edge of the image.
@inline(__always) private var patchChannels: Int { 64 }

/// Floats from a window's channels to the next's: whole vectors, and not a power of two of lines, which would all fall
/// into the same few sets of the first-level cache.
private func channelPitch(_ channels: Int) -> Int {
  let pitch = roundUp(channels, to: 16)
  return pitch % 128 == 0 ? pitch + 16 : pitch
}

/// Floats from a position's matrix to the next's: an odd number of lines, for the same reason.
private func planePitch(_ floats: Int) -> Int { roundUp(floats, to: 32) + 16 }

@inline(never) @_optimize(size)
func convWinograd(_ call: ConvCall, _ units: Range<Int>, _ worker: Int) {
  guard let scratch = call.scratch else { return }
  let plan = call.plan
  let g = plan.geometry
  let tiles = g.batch * g.outDepth * plan.tilesDown * plan.tilesAcross
  let positions = plan.positions
  let v = scratch + worker * plan.scratch
  let m = v + positions * plan.inPlane
  let buffers = m + positions * plan.outPlane
  let positionPitch = packedPanelsSize(depth: plan.depth, columns: plan.columns)
  let pitch = panelPitch(depth: plan.depth)
  var unit = units.lowerBound
  while unit < units.upperBound {
    let (panels, next) = neighbours(unit..<units.upperBound, panels: plan.panels, panelUnits: plan.panelUnits)
    let block = unit / plan.panelUnits
    let group = block % plan.groups
    let range = share(tiles, block / plan.groups, plan.blocks)
    for tile in range {
      inputTile(call, tile, group, v + (tile - range.lowerBound) * plan.inPitch, buffers)
    }
    let packed = call.panels + group * plan.groupPitch
    let nextBlock = next / plan.panelUnits
    let following = next < units.upperBound ? share(tiles, nextBlock / plan.groups, plan.blocks) : 0..<0
    let parts = ceilDivide(panels.count, plan.panelsAtOnce)
    for part in 0..<parts {
      let some = share(panels.count, part, parts)
      let first = panels.lowerBound + some.lowerBound
      let column = first * tileColumns
      let columns = min(some.count * tileColumns, plan.columns - column)
      for position in 0..<positions {
        if part == 0 { fetch(plan, following, part: position, inputs(call, nextBlock % plan.groups)) }
        fetch(plan, range, part: position, outputs(call, group * plan.columns + column, columns))
        // To the same panels of the next position, or the panels behind these of the first.
        let ahead = position + 1 < positions ? positionPitch - (some.count - 1) * pitch : pitch - position * positionPitch
        multiply(
          RowWalker(v + position * plan.inPlane, rows: range.count, stride: plan.inPitch),
          Block(
            rows: range.count, panels: first..<first + some.count, runs: Runs(count: plan.depth), depth: plan.depth,
            columns: plan.columns, packed: packed + position * positionPitch, ahead: ahead,
            y: m + position * plan.outPlane - column, yStride: plan.outPitch, residual: nil, residualStride: 0,
            activation: .identity))
      }
      for tile in range {
        outputTile(
          call, tile, channel: group * plan.columns + column, columns,
          m + (tile - range.lowerBound) * plan.outPitch, bias: packed + positions * positionPitch + column, buffers)
      }
    }
    unit = next
  }
}

/// Where a window lies: its image or output slice, and its first row and column of outputs.
@inline(__always)
private func place(_ plan: ConvPlan, _ tile: Int) -> (image: Int, row: Int, column: Int) {
  let line = tile / plan.tilesAcross
  let image = line / plan.tilesDown
  return (image, (line - image * plan.tilesDown) * plan.tileHeight, (tile - line * plan.tilesAcross) * plan.tileWidth)
}

/// The pixels that windows have to themselves: `first` is the first of the first window's. Their rows and columns are those of
/// the outputs, halved so often.
private struct Pixels {
  var first: UnsafePointer<Float>
  var imagePitch: Int, rowPitch: Int, pixelPitch: Int, channels: Int
  var halvings = 0
}

/// Without what the windows before them have read.
private func inputs(_ call: ConvCall, _ group: Int) -> Pixels {
  let plan = call.plan
  let g = plan.geometry
  let slice = (g.kernelDepth - 1) * g.dilationDepth - g.padFront
  func overlap(_ kernel: Int) -> Int { kernel == 1 ? 0 : ceilDivide(kernel, 3) * 3 - 1 }
  let row = overlap(g.kernelHeight) - g.padTop, column = overlap(g.kernelWidth) - g.padLeft
  let rowPitch = g.inWidth * g.inPixelStride
  let imagePitch = g.inHeight * rowPitch
  return Pixels(
    first: call.x + (slice * imagePitch + row * rowPitch + column * g.inPixelStride + group * plan.channels),
    imagePitch: imagePitch, rowPitch: rowPitch, pixelPitch: g.inPixelStride, channels: plan.channels)
}

private func outputs(_ call: ConvCall, _ channel: Int, _ channels: Int) -> Pixels {
  let g = call.plan.geometry
  return Pixels(
    first: call.y + channel, imagePitch: g.outImageStep * g.outPixelStride, rowPitch: g.outRowStep * g.outPixelStride,
    pixelPitch: g.outColumnStep * g.outPixelStride, channels: channels, halvings: g.halvings)
}

/// Asks for the pixels of some windows, a part for each position.
@inline(never) @_optimize(size)
private func fetch(_ plan: ConvPlan, _ tiles: Range<Int>, part: Int, _ pixels: Pixels) {
  let (height, width) = (plan.tileHeight &>> pixels.halvings, plan.tileWidth &>> pixels.halvings)
  for line in share(tiles.count * height, part, plan.positions) {
    let (image, row, column) = place(plan, tiles.lowerBound + line / height)
    let (down, across) = ((row &>> pixels.halvings) + line % height, column &>> pixels.halvings)
    let first = pixels.first + (image * pixels.imagePitch + down * pixels.rowPitch + across * pixels.pixelPitch)
    for j in 0..<width {
      for c in stride(from: 0, to: pixels.channels, by: 16) { dlp_prefetch(first + (j * pixels.pixelPitch + c)) }
    }
  }
}

/// Transforms the channels of a group of one window to v, v + inPlane, …: for each 3×3 part of the filter, those of each
/// slice under the output slice.
@inline(never) @_optimize(size)
private func inputTile(
  _ call: ConvCall, _ tile: Int, _ group: Int, _ v: UnsafeMutablePointer<Float>, _ buffers: UnsafeMutablePointer<Float>
) {
  let plan = call.plan
  let g = plan.geometry
  let (image, row, column) = place(plan, tile)
  let first = image % g.outDepth * g.strideDepth - g.padFront
  var v = v
  for cell in 0..<g.kernelDepth {
    let slice = first + cell * g.dilationDepth
    let exists = slice >= 0 && slice < g.inDepth
    let x = call.x + (image / g.outDepth * g.inDepth + (exists ? slice : 0)) * g.inHeight * g.inWidth * g.inPixelStride
    for i in stride(from: 0, to: g.kernelHeight, by: 3) {
      for j in stride(from: 0, to: g.kernelWidth, by: 3) {
        if exists {
          inputSlice(plan, x + group * plan.channels, row - g.padTop + i, column - g.padLeft + j, v, buffers)
        } else {
          for position in 0..<plan.positions { fill(v + position * plan.inPlane, plan.channels) }
        }
        v += plan.channels
      }
    }
  }
}

/// Transforms some channels of the window of an image that begins at a row and a column, which may lie outside.
@inline(never) @_optimize(size)
private func inputSlice(
  _ plan: ConvPlan, _ x: UnsafePointer<Float>, _ row: Int, _ column: Int, _ v: UnsafeMutablePointer<Float>,
  _ buffers: UnsafeMutablePointer<Float>
) {
  let g = plan.geometry
  let (height, width) = (plan.windowHeight, plan.windowWidth)
  let line = g.inWidth * g.inPixelStride
  let rows = max(0, -row)..<max(max(0, -row), min(height, g.inHeight - row))
  let columns = max(0, -column)..<max(max(0, -column), min(width, g.inWidth - column))
  var window = InputWindow(
    isLine: g.isLine, x: x + (row * line + column * g.inPixelStride), rowPitch: line, pixelPitch: g.inPixelStride,
    channels: plan.channels, v: v, plane: plan.inPlane, buffer: buffers)
  // Over the edge: a copy, some channels at a time, with zeros where there is no image.
  let isCopied = rows.count < height || columns.count < width
  let patch = buffers + plan.positions * lanes
  var c = 0
  repeat {
    if isCopied {
      let count = min(patchChannels, plan.channels - c)
      fill(patch, plan.positions * count)
      for i in rows {
        copyPixels(
          x + (row + i) * line + (column + columns.lowerBound) * g.inPixelStride + c, g.inPixelStride,
          patch + (i * width + columns.lowerBound) * count, count, columns.count)
      }
      (window.x, window.rowPitch, window.pixelPitch, window.channels) = (UnsafePointer(patch), width * count, count, count)
      window.v = v + c
    }
    // A column is taken for a row.
    if width == 1 { window.pixelPitch = window.rowPitch }
    (plan.size == 4 ? input4 : input6)(window)
    c += window.channels
  } while c < plan.channels
}

/// Transforms one window of M back and stores what lies inside the image.
@inline(never) @_optimize(size)
private func outputTile(
  _ call: ConvCall, _ tile: Int, channel: Int, _ columns: Int, _ m: UnsafePointer<Float>, bias: UnsafePointer<Float>,
  _ buffers: UnsafeMutablePointer<Float>
) {
  let plan = call.plan
  let g = plan.geometry
  let (image, row, column) = place(plan, tile)
  let pixel = image * g.outImageStep + (row &>> g.halvings) * g.outRowStep + (column &>> g.halvings) * g.outColumnStep
  let y = call.y + pixel * g.outPixelStride + channel
  let limits = limits(call.activation)
  var window = OutputWindow(
    isLine: g.isLine, m: m, plane: plan.outPlane, bias: bias, y: y, rowPitch: g.outRowStep * g.outPixelStride,
    pixelPitch: g.outColumnStep * g.outPixelStride,
    residual: call.residual.map { $0 + pixel * plan.residualStride + channel },
    residualRowPitch: g.outRowStep * plan.residualStride, residualPitch: g.outColumnStep * plan.residualStride,
    channels: columns, rows: min(plan.tileHeight, g.outHeight - row), columns: min(plan.tileWidth, g.outWidth - column),
    limits: limits ?? Limits(), buffer: buffers)
  if plan.windowWidth == 1 {
    (window.rows, window.columns) = (1, window.rows)
    (window.pixelPitch, window.residualPitch) = (window.rowPitch, window.residualRowPitch)
  }
  // Outputs that are pooled go to a patch, some channels at a time.
  if g.poolsOutputs {
    window.y = buffers + plan.positions * lanes
    (window.rowPitch, window.pixelPitch) = (plan.tileWidth * patchChannels, patchChannels)
  }
  let step = g.poolsOutputs ? patchChannels : columns
  for c in stride(from: 0, to: columns, by: step) {
    window.channels = min(step, columns - c)
    (plan.size == 4 ? output4 : output6)(window)
    if limits == nil {
      for i in 0..<window.rows {
        activateRows(call.activation, window.columns, window.channels, window.y + i * window.rowPitch, window.pixelPitch)
      }
    }
    if g.poolsOutputs { poolPatch(plan, window.y, window.rows, window.columns, window.channels, to: y + c) }
    window.m += step
    window.bias += step
  }
}

/// The largest of each 2×2 pixels of a patch, compared row by row, as `pool` does.
@inline(never) @_optimize(size)
private func poolPatch(
  _ plan: ConvPlan, _ patch: UnsafePointer<Float>, _ rows: Int, _ columns: Int, _ channels: Int,
  to y: UnsafeMutablePointer<Float>
) {
  let g = plan.geometry
  let (right, below) = (patchChannels, plan.tileWidth * patchChannels)
  for i in 0..<rows &>> 1 {
    for j in 0..<columns &>> 1 {
      let from = patch + 2 * (i * below + j * right)
      let to = y + (i * g.outRowStep + j) * g.outPixelStride
      var c = 0
      while c < channels {
        var largest = dlp_larger(load(from + c), load(from + c + right))
        largest = dlp_larger(largest, load(from + c + below))
        store(dlp_larger(largest, load(from + c + below + right)), to + c, count: channels - c)
        c += lanes
      }
    }
  }
}

private struct InputWindow {
  /// Whether it is one row of pixels, or one column taken for a row.
  var isLine: Bool
  var x: UnsafePointer<Float>
  var rowPitch: Int, pixelPitch: Int, channels: Int
  /// The transformed values of a position, and floats to the next position's.
  var v: UnsafeMutablePointer<Float>
  var plane: Int
  /// size² vectors.
  var buffer: UnsafeMutablePointer<Float>

  @inline(__always) func transform<let size: Int>(_ zero: InlineArray<size, Vector>) {
    var c = 0
    while c + lanes <= channels {
      transform(c, WholeVector(), zero)
      c += lanes
    }
    if c < channels { transform(c, VectorHead(count: channels - c), zero) }
  }

  /// Lines first, then columns; whole vectors of v are written.
  @inline(__always)
  private func transform<let size: Int, Part: VectorPart>(_ c: Int, _ part: Part, _ zero: InlineArray<size, Vector>) {
    let step = isLine ? plane : lanes
    // The loops over lines stay loops: unrolled, they would be kilobytes of code.
    for i in 0..<dlp_opaque(isLine ? 1 : size) {
      let from = x + (i * rowPitch + c)
      let to = isLine ? v + c : buffer + i * size * lanes
      let line = transformInput(InlineArray<size, Vector> { part.load(from + $0 * pixelPitch) })
      for j in 0..<size { store(line[unchecked: j], to + j * step) }
    }
    for j in 0..<dlp_opaque(isLine ? 0 : size) {
      let from = buffer + j * lanes
      let to = v + (j * plane + c)
      let column = transformInput(InlineArray<size, Vector> { load(from + $0 * size * lanes) })
      for i in 0..<size { store(column[unchecked: i], to + i * size * plane) }
    }
  }
}

private struct OutputWindow {
  /// Whether it is one row of pixels, or one column taken for a row.
  var isLine: Bool
  var m: UnsafePointer<Float>
  var plane: Int
  var bias: UnsafePointer<Float>
  var y: UnsafeMutablePointer<Float>
  var rowPitch: Int, pixelPitch: Int
  var residual: UnsafePointer<Float>?
  var residualRowPitch: Int, residualPitch: Int
  var channels: Int
  /// Pixels inside the image.
  var rows: Int, columns: Int
  var limits: Limits
  /// size² vectors.
  var buffer: UnsafeMutablePointer<Float>

  @inline(__always) func transform<let size: Int>(_ zero: InlineArray<size, Vector>) {
    var c = 0
    while c + lanes <= channels {
      transform(c, WholeVector(), zero)
      c += lanes
    }
    if c < channels { transform(c, VectorHead(count: channels - c), zero) }
  }

  @inline(__always)
  private func transform<let size: Int, Part: VectorPart>(_ c: Int, _ part: Part, _ zero: InlineArray<size, Vector>) {
    for j in 0..<dlp_opaque(isLine ? 0 : size) {
      let from = m + (j * plane + c)
      let to = buffer + j * lanes
      let column = transformOutput(InlineArray<size, Vector> { load(from + $0 * size * plane) })
      for i in 0..<(size - 2) { store(column[unchecked: i], to + i * size * lanes) }
    }
    let step = isLine ? plane : lanes
    let bias = load(bias + c)
    for i in 0..<rows {
      let from = isLine ? m + c : UnsafePointer(buffer) + i * size * lanes
      var line = transformOutput(InlineArray<size, Vector> { load(from + $0 * step) })
      for j in 0..<(size - 2) { line[unchecked: j] += bias }
      if let residual {
        let row = residual + (i * residualRowPitch + c)
        for j in 0..<(size - 2) where j < columns { line[unchecked: j] += part.load(row + j * residualPitch) }
      }
      if !limits.isNone {
        for j in 0..<(size - 2) { line[unchecked: j] = clip(line[unchecked: j], limits.low, limits.high) }
      }
      let row = y + (i * rowPitch + c)
      for j in 0..<(size - 2) where j < columns { part.store(line[unchecked: j], row + j * pixelPitch) }
    }
  }
}

@inline(never) private func input4(_ w: InputWindow) { w.transform(InlineArray<4, Vector>(repeating: .zero)) }
@inline(never) private func input6(_ w: InputWindow) { w.transform(InlineArray<6, Vector>(repeating: .zero)) }
@inline(never) private func output4(_ w: OutputWindow) { w.transform(InlineArray<4, Vector>(repeating: .zero)) }
@inline(never) private func output6(_ w: OutputWindow) { w.transform(InlineArray<6, Vector>(repeating: .zero)) }
