import ArgumentParser
import CPlatform
import DLRuntime
import KernelTypes

struct KernelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels",
    abstract: "How fast the matrix tiles of each instruction set are, against what the core can do at most.",
    discussion: """
      Each tile computes rows × columns sums of depth products from operands in the caches. The peak is of independent \
      multiply-adds in registers. Both are measured in turns on one thread, so that a busy core slows both; the fraction \
      is the median over the turns. The tile that large matrices are computed with is marked *.
      """)

  @Option(help: "Products in each sum.")
  var depth = 256

  @Option(help: "Only this instruction set: baseline, avx2, avx512, neon.")
  var isa: String?

  @OptionGroup var measuring: MeasuringOptions

  func validate() throws {
    guard (1...1 << 20).contains(depth) else { throw ValidationError("--depth: expected 1 to \(1 << 20)") }
  }

  func run() throws {
    try measuring.cpu?.pin()
    let sets = availableTiles().filter { isa == nil || "\($0.kernels.isa.name)" == isa }
    guard !sets.isEmpty else { throw ValidationError("--isa: this processor has no \(isa ?? "")") }
    let tiles = sets.flatMap { set in set.tiles.map { TileBench(set, $0.index, $0.shape, depth: depth) } }
    let results = measure(tiles)
    if let path = measuring.json {
      try writeText(json(results), to: path)
      if path == "-" { return }
    }
    print("isa       tile      GFLOP/s      peak   of peak     depth \(depth)")
    for result in results {
      let tile = "\(result.rows)×\(result.columns)\(result.main ? " *" : "")"
      print(
        result.isa.padded(to: 10) + tile.padded(to: 8) + fixed(result.gflops, 1).rightAligned(to: 9)
          + fixed(result.peak, 1).rightAligned(to: 10) + fixed(result.fraction * 100, 1).rightAligned(to: 8) + " %")
    }
  }

  /// Rounds over all tiles and peaks until the time is up.
  private func measure(_ tiles: [TileBench]) -> [TileResult] {
    var speeds = tiles.map { _ in (tile: [Double](), peak: [Double]()) }
    for tile in tiles { tile.calibrate() }
    let end = Deadline(seconds: measuring.seconds)
    repeat {
      for (i, tile) in tiles.enumerated() {
        speeds[i].peak.append(tile.peakSpeed())
        speeds[i].tile.append(tile.speed())
      }
    } while speeds[0].tile.count < 5 || !end.isOver
    return zip(tiles, speeds).map { tile, speed in
      TileResult(
        isa: "\(tile.tiles.kernels.isa.name)", rows: tile.shape.rows, columns: tile.shape.columns, main: tile.isMain,
        depth: depth,
        gflops: median(speed.tile), peak: median(speed.peak), fraction: median(zip(speed.tile, speed.peak).map { $0 / $1 }))
    }
  }
}

private struct TileResult: Encodable {
  var isa: String
  var rows, columns: Int
  /// Large matrices are computed with this tile.
  var main: Bool
  var depth: Int
  /// 10⁹ additions and multiplications in a second.
  var gflops, peak, fraction: Double
}

extension TileSet {
  fileprivate var tiles: [(index: Int, shape: TileShape)] {
    var list: [(index: Int, shape: TileShape)] = []
    while let shape = tileShape(list.count) { list.append((list.count, shape)) }
    return list
  }
}

/// One tile with operands to run it on.
private final class TileBench {
  let tiles: TileSet
  let shape: TileShape
  private let index: Int
  private let depth: Int
  private let x, panels, y: UnsafeMutablePointer<Float>
  /// Chosen so that a measurement takes about half a millisecond.
  private var repeats = 1
  private var peakSteps = 1000

  init(_ tiles: TileSet, _ index: Int, _ shape: TileShape, depth: Int) {
    self.tiles = tiles
    self.index = index
    self.shape = shape
    self.depth = depth
    func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
      let memory = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64).bindMemory(
        to: Float.self, capacity: count)
      for i in 0..<count { memory[i] = Float(i % 17) / 16 - 0.5 }
      return memory
    }
    x = allocate(shape.rows * depth)
    panels = allocate(tiles.kernels.packedSize(depth, shape.columns))
    y = allocate(shape.rows * shape.columns)
    let w = allocate(depth * shape.columns)
    tiles.kernels.pack(
      WeightMatrix(w: w, inner: depth, columns: shape.columns, innerStride: shape.columns, columnStride: 1), nil, panels)
    w.deallocate()
  }

  deinit {
    x.deallocate()
    panels.deallocate()
    y.deallocate()
  }

  var isMain: Bool { shape.rows == tiles.kernels.tileRows && shape.columns == tiles.kernels.tileColumns }

  func speed() -> Double {
    gflops { tiles.runTile(index, TileProbe(depth: depth, repeats: repeats, x: x, panels: panels, y: y)) }
  }

  func peakSpeed() -> Double { gflops { tiles.peak(peakSteps, y) } }

  func calibrate() {
    let wanted = 5e5
    while Timing.time({ _ = speed() }) < wanted { repeats *= 2 }
    while Timing.time({ _ = peakSpeed() }) < wanted { peakSteps *= 2 }
  }

  private func gflops(_ work: () -> Int) -> Double {
    var operations = 0
    let time = Timing.time { operations = work() }
    return Double(operations) / time
  }
}

private func median(_ values: [Double]) -> Double { Timing(values).median }
