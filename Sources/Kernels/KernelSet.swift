import KernelTypes

/// The kernels of the instruction set this module is compiled for.
@export(interface)
public func makeKernelSet() -> KernelSet {
  KernelSet(
    isa: thisISA, tileRows: tileRows, tileColumns: tileColumns, lanes: lanes,
    packedSize: { packedPanelsSize(depth: $0, columns: $1) },
    pack: { packPanels($0, $1, into: $2) },
    gemmUnits: { gemmUnits($0) }, gemm: { gemm($0, $1) },
    convLayer: { convLayer($0, $1, $2, $3) }, packConv: { packConv($0, $1, $2, $3) },
    planConv: { planConv($0, $1, $2, $3) }, conv: { conv($0, $1, $2) },
    pool: { pool($0, $1) }, activate: { activate($0, $1, $2, $3) }, unary: { unary($0, $1, $2, $3) }, binary: { binary($0) },
    keepLargest: { keepLargest($0, $1, $2, $3, $4, $5) }, resample: { resample($0) }, softmax: { softmax($0, $1, $2, $3) },
    normalise: { normalise($0) },
    localResponseNorm: { localResponseNorm($0, $1, $2, $3, $4, $5, $6, $7) },
    transpose: { transpose($0, $1, $2, $3, $4, $5) })
}

/// Their tiles one by one.
@export(interface)
public func makeTileSet() -> TileSet {
  TileSet(
    kernels: makeKernelSet(), tileShape: { tileShape($0) }, runTile: { runTile($0, $1) }, peak: { peak($0, $1) })
}
