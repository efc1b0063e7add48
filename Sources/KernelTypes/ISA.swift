/// Instruction set levels, weakest first. The same kernel sources are compiled once for each.
public enum ISA: Int, Sendable, CaseIterable {
  case baseline = 0
  case neon = 1
  case avx2 = 2
  case avx512 = 3

  /// As in `DLRT_ISA` and `dlrt_model_isa`.
  public var name: StaticString {
    switch self {
    case .baseline: "baseline"
    case .neon: "neon"
    case .avx2: "avx2"
    case .avx512: "avx512"
    }
  }
}
