import KernelTypes

// The tiles of this instruction set: each a concrete function, so that the object file holds no generic code that the
// linker could share with another instruction set's.

/// Most rows of a tile of `vectors` vectors (1, 2, 4 or 8): as many accumulators as the registers hold, and as many
/// row pointers.
@inline(__always) func mostRows(vectors: Int) -> Int {
  #if DLRT_AVX512
    vectors <= 2 ? 12 : vectors == 4 ? 6 : 3
  #elseif DLRT_AVX2
    vectors == 1 ? 12 : vectors == 2 ? 6 : vectors == 4 ? 2 : 1
  #elseif arch(arm64)
    vectors == 1 ? 12 : vectors == 2 ? 8 : vectors == 4 ? 4 : 2
  #else
    vectors == 1 ? 8 : vectors == 2 ? 4 : vectors == 4 ? 2 : 1
  #endif
}

/// Every tile of this instruction set in turn, or nil past the last.
func tileShape(_ index: Int) -> TileShape? {
  var left = index
  var vectors = 1
  while vectors <= 8 {
    let most = mostRows(vectors: vectors)
    if left < most { return TileShape(rows: left + 1, columns: vectors * lanes) }
    left -= most
    vectors *= 2
  }
  return nil
}

/// Runs the tile of 1 ≤ rows ≤ mostRows(vectors) rows and `vectors` vectors.
@inline(__always) func runTile(rows: Int, vectors: Int, _ call: TileCall) {
  switch vectors {
  case 1: runTile1(rows, call)
  case 2: runTile2(rows, call)
  case 4: runTile4(rows, call)
  default: runTile8(rows, call)
  }
}

private func runTile1(_ rows: Int, _ call: TileCall) {
  switch rows {
  case 2: tile2x1(call)
  case 3: tile3x1(call)
  case 4: tile4x1(call)
  case 5: tile5x1(call)
  case 6: tile6x1(call)
  case 7: tile7x1(call)
  case 8: tile8x1(call)
  #if DLRT_AVX512 || DLRT_AVX2 || arch(arm64)
    case 9: tile9x1(call)
    case 10: tile10x1(call)
    case 11: tile11x1(call)
    case 12: tile12x1(call)
  #endif
  default: tile1x1(call)
  }
}

private func runTile2(_ rows: Int, _ call: TileCall) {
  switch rows {
  case 2: tile2x2(call)
  case 3: tile3x2(call)
  case 4: tile4x2(call)
  #if DLRT_AVX512 || DLRT_AVX2 || arch(arm64)
    case 5: tile5x2(call)
    case 6: tile6x2(call)
  #endif
  #if DLRT_AVX512 || arch(arm64)
    case 7: tile7x2(call)
    case 8: tile8x2(call)
  #endif
  #if DLRT_AVX512
    case 9: tile9x2(call)
    case 10: tile10x2(call)
    case 11: tile11x2(call)
    case 12: tile12x2(call)
  #endif
  default: tile1x2(call)
  }
}

private func runTile4(_ rows: Int, _ call: TileCall) {
  switch rows {
  case 2: tile2x4(call)
  #if DLRT_AVX512 || arch(arm64)
    case 3: tile3x4(call)
    case 4: tile4x4(call)
  #endif
  #if DLRT_AVX512
    case 5: tile5x4(call)
    case 6: tile6x4(call)
  #endif
  default: tile1x4(call)
  }
}

private func runTile8(_ rows: Int, _ call: TileCall) {
  switch rows {
  #if DLRT_AVX512 || arch(arm64)
    case 2: tile2x8(call)
  #endif
  #if DLRT_AVX512
    case 3: tile3x8(call)
  #endif
  default: tile1x8(call)
  }
}

@inline(never) private func tile1x1(_ c: TileCall) { tile(c, Sums<1, 1>.self) }
@inline(never) private func tile2x1(_ c: TileCall) { tile(c, Sums<2, 1>.self) }
@inline(never) private func tile3x1(_ c: TileCall) { tile(c, Sums<3, 1>.self) }
@inline(never) private func tile4x1(_ c: TileCall) { tile(c, Sums<4, 1>.self) }
@inline(never) private func tile5x1(_ c: TileCall) { tile(c, Sums<5, 1>.self) }
@inline(never) private func tile6x1(_ c: TileCall) { tile(c, Sums<6, 1>.self) }
@inline(never) private func tile7x1(_ c: TileCall) { tile(c, Sums<7, 1>.self) }
@inline(never) private func tile8x1(_ c: TileCall) { tile(c, Sums<8, 1>.self) }
#if DLRT_AVX512 || DLRT_AVX2 || arch(arm64)
  @inline(never) private func tile9x1(_ c: TileCall) { tile(c, Sums<9, 1>.self) }
  @inline(never) private func tile10x1(_ c: TileCall) { tile(c, Sums<10, 1>.self) }
  @inline(never) private func tile11x1(_ c: TileCall) { tile(c, Sums<11, 1>.self) }
  @inline(never) private func tile12x1(_ c: TileCall) { tile(c, Sums<12, 1>.self) }
#endif
@inline(never) private func tile1x2(_ c: TileCall) { tile(c, Sums<1, 2>.self) }
@inline(never) private func tile2x2(_ c: TileCall) { tile(c, Sums<2, 2>.self) }
@inline(never) private func tile3x2(_ c: TileCall) { tile(c, Sums<3, 2>.self) }
@inline(never) private func tile4x2(_ c: TileCall) { tile(c, Sums<4, 2>.self) }
#if DLRT_AVX512 || DLRT_AVX2 || arch(arm64)
  @inline(never) private func tile5x2(_ c: TileCall) { tile(c, Sums<5, 2>.self) }
  @inline(never) private func tile6x2(_ c: TileCall) { tile(c, Sums<6, 2>.self) }
#endif
#if DLRT_AVX512 || arch(arm64)
  @inline(never) private func tile7x2(_ c: TileCall) { tile(c, Sums<7, 2>.self) }
  @inline(never) private func tile8x2(_ c: TileCall) { tile(c, Sums<8, 2>.self) }
#endif
#if DLRT_AVX512
  @inline(never) private func tile9x2(_ c: TileCall) { tile(c, Sums<9, 2>.self) }
  @inline(never) private func tile10x2(_ c: TileCall) { tile(c, Sums<10, 2>.self) }
  @inline(never) private func tile11x2(_ c: TileCall) { tile(c, Sums<11, 2>.self) }
  @inline(never) private func tile12x2(_ c: TileCall) { tile(c, Sums<12, 2>.self) }
#endif
@inline(never) private func tile1x4(_ c: TileCall) { tile(c, Sums<1, 4>.self) }
@inline(never) private func tile2x4(_ c: TileCall) { tile(c, Sums<2, 4>.self) }
#if DLRT_AVX512 || arch(arm64)
  @inline(never) private func tile3x4(_ c: TileCall) { tile(c, Sums<3, 4>.self) }
  @inline(never) private func tile4x4(_ c: TileCall) { tile(c, Sums<4, 4>.self) }
#endif
#if DLRT_AVX512
  @inline(never) private func tile5x4(_ c: TileCall) { tile(c, Sums<5, 4>.self) }
  @inline(never) private func tile6x4(_ c: TileCall) { tile(c, Sums<6, 4>.self) }
#endif
@inline(never) private func tile1x8(_ c: TileCall) { tile(c, Sums<1, 8>.self) }
#if DLRT_AVX512 || arch(arm64)
  @inline(never) private func tile2x8(_ c: TileCall) { tile(c, Sums<2, 8>.self) }
#endif
#if DLRT_AVX512
  @inline(never) private func tile3x8(_ c: TileCall) { tile(c, Sums<3, 8>.self) }
#endif
