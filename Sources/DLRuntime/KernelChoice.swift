import CPlatform
import DLGraph
import KernelTypes
import Kernels

#if arch(x86_64)
  import KernelsAVX2
  import KernelsAVX512
#endif

/// The kernel sets this processor and its operating system can run, weakest first.
public func availableKernels() -> [KernelSet] {
  var sets = [Kernels.makeKernelSet()]
  #if arch(x86_64)
    if dlp_cpu_has_avx2() { sets.append(KernelsAVX2.makeKernelSet()) }
    if dlp_cpu_has_avx512() { sets.append(KernelsAVX512.makeKernelSet()) }
  #endif
  return sets
}

/// The tiles of those kernel sets.
public func availableTiles() -> [TileSet] {
  var sets = [Kernels.makeTileSet()]
  #if arch(x86_64)
    if dlp_cpu_has_avx2() { sets.append(KernelsAVX2.makeTileSet()) }
    if dlp_cpu_has_avx512() { sets.append(KernelsAVX512.makeTileSet()) }
  #endif
  return sets
}

/// The best kernel set that neither `limit` nor the environment variable DLRT_ISA forbids.
public func bestKernels(limit: ISA? = nil) throws(DLError) -> KernelSet {
  var most = limit
  if let text = dlp_environment("DLRT_ISA"), text.pointee != 0 {
    let level = try isa(named: text, place: "the environment variable DLRT_ISA")
    if most.map({ level.rawValue < $0.rawValue }) ?? true { most = level }
  }
  let sets = availableKernels()
  guard let most else { return sets[sets.count - 1] }
  return sets.last { $0.isa.rawValue <= most.rawValue } ?? sets[0]
}

/// Reads "baseline", "neon", "avx2" or "avx512".
public func isa(named text: UnsafePointer<CChar>, place: StaticString) throws(DLError) -> ISA {
  let name = Name(cString: text)
  for level in ISA.allCases where Name(stringLiteral: level.name) == name { return level }
  throw DLError(.invalidArgument, "\(place): expected baseline, neon, avx2 or avx512, found \(name.quoted)")
}
