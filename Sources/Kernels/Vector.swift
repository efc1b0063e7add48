import CPlatform
import KernelTypes

// The vector of this compilation of the kernels, and the sizes that follow from it.

#if DLRT_AVX512
  typealias Vector = SIMD16<Float>
  typealias IntVector = SIMD16<Int32>
  @inline(__always) var thisISA: ISA { .avx512 }
  @inline(__always) var lanes: Int { 16 }
  /// Rows of the full tile: 12 × 2 accumulators, 2 vectors of b and 1 of a fit 32 registers, and the 12 row pointers
  /// fit the 15 integer registers.
  @inline(__always) var tileRows: Int { 12 }
#elseif DLRT_AVX2
  typealias Vector = SIMD8<Float>
  typealias IntVector = SIMD8<Int32>
  @inline(__always) var thisISA: ISA { .avx2 }
  @inline(__always) var lanes: Int { 8 }
  @inline(__always) var tileRows: Int { 6 }
#else
  typealias Vector = SIMD4<Float>
  typealias IntVector = SIMD4<Int32>
  @inline(__always) var lanes: Int { 4 }
  #if arch(arm64)
    @inline(__always) var thisISA: ISA { .neon }
    @inline(__always) var tileRows: Int { 8 }
  #else
    @inline(__always) var thisISA: ISA { .baseline }
    @inline(__always) var tileRows: Int { 4 }
  #endif
#endif

/// Columns of a full panel and of the full tile.
@inline(__always) var tileColumns: Int { 2 * lanes }

@inline(__always) func roundUp(_ n: Int, to multiple: Int) -> Int { (n + multiple - 1) / multiple * multiple }
@inline(__always) func ceilDivide(_ n: Int, _ d: Int) -> Int { (n + d - 1) / d }

@inline(__always) func splat(_ x: Float) -> Vector { Vector(repeating: x) }

@inline(__always) func load(_ p: UnsafePointer<Float>) -> Vector {
  UnsafeRawPointer(p).loadUnaligned(as: Vector.self)
}
@inline(__always) func store(_ v: Vector, _ p: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(p).storeBytes(of: v, as: Vector.self)
}
/// The first n ≤ lanes floats; other lanes are 0, their memory is not read.
@inline(__always) func load(_ p: UnsafePointer<Float>, count n: Int) -> Vector {
  n >= lanes ? load(p) : dlp_load_head(p, n)
}
@inline(__always) func store(_ v: Vector, _ p: UnsafeMutablePointer<Float>, count n: Int) {
  if n >= lanes { store(v, p) } else { dlp_store_head(p, v, n) }
}

/// A whole vector, or the first lanes of one: what a loop over channels reads and writes.
protocol VectorPart {
  func load(_ p: UnsafePointer<Float>) -> Vector
  func store(_ v: Vector, _ p: UnsafeMutablePointer<Float>)
}

struct WholeVector: VectorPart {
  @inline(__always) func load(_ p: UnsafePointer<Float>) -> Vector { UnsafeRawPointer(p).loadUnaligned(as: Vector.self) }
  @inline(__always) func store(_ v: Vector, _ p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: Vector.self)
  }
}

struct VectorHead: VectorPart {
  var count: Int
  @inline(__always) func load(_ p: UnsafePointer<Float>) -> Vector { dlp_load_head(p, count) }
  @inline(__always) func store(_ v: Vector, _ p: UnsafeMutablePointer<Float>) { dlp_store_head(p, v, count) }
}

/// a · b + c. One rounding where the instruction set has it; the x86 baseline has not, and would call fmaf.
@inline(__always) func multiplyAdd(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector {
  #if DLRT_AVX512 || DLRT_AVX2 || arch(arm64)
    c.addingProduct(a, b)
  #else
    c + a * b
  #endif
}

/// max(x, 0); a NaN stays NaN.
@_transparent func relu(_ x: Vector) -> Vector { dlp_raise(x, .zero) }

/// The sum of the lanes, always added in the same tree.
@inline(__always) func sum(_ v: Vector) -> Float {
  #if DLRT_AVX512
    let half = v.lowHalf + v.highHalf
    let quarter = half.lowHalf + half.highHalf
  #elseif DLRT_AVX2
    let quarter = v.lowHalf + v.highHalf
  #else
    let quarter = v
  #endif
  let pair = quarter.lowHalf + quarter.highHalf
  return pair[0] + pair[1]
}

/// The largest lane; a NaN counts as small.
@inline(__always) func largest(_ v: Vector) -> Float {
  var result = -Float.infinity
  for i in 0..<lanes where v[i] > result { result = v[i] }
  return result
}
