import DLGraph
import Foundation
import KernelTypes
import TestSupport
import Testing

/// Largest |a − b|, in units of 1 + |b|; infinite if the counts differ or a value is NaN.
func difference(_ a: [Float], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  var worst = 0.0
  for (x, y) in zip(a, b) where Double(x) != y {
    let d = abs(Double(x) - y) / (1 + abs(y))
    if !(d <= worst) { worst = d.isNaN ? .infinity : d }
  }
  return worst
}

/// Rounding grows with the terms of a sum.
func tolerance(_ c: OpCase) -> Double {
  let terms: Int =
    switch c.op {
    case .conv: c.inputs[1][1...].reduce(1, *)
    case .gemm(let transposeA, _): c.inputs[0][transposeA ? 0 : 1]
    case .averagePool, .globalAveragePool: 64
    default: 8
    }
  // Winograd's transforms add to what a sum of that length has.
  let growth: Double = if case .conv = c.op { 4 } else { 3 }
  return 1.2e-7 * (4 + growth * Double(terms).squareRoot())
}

@Suite struct KernelValues {
  @Test func everyKernelAgreesWithTheReference() throws {
    var ran: Set<String> = []
    for c in opCases {
      let expected = try c.reference()
      for set in kernelSets {
        guard let y = try run(c, set) else { continue }
        ran.insert("\(c.op.name)")
        #expect(difference(y, expected) <= tolerance(c), "\(set.isa): \(c)")
      }
    }
    let expected: Set<String> = [
      "conv", "max_pool", "average_pool", "global_max_pool", "global_average_pool", "gemm", "identity", "relu", "leaky_relu",
      "sigmoid", "tanh", "softmax", "local_response_norm", "add", "multiply",
    ]
    #expect(ran.isSuperset(of: expected), "\(expected.subtracting(ran))")
  }

  @Test func theSameBitsInAnyRangesOfUnits() throws {
    for c in opCases {
      for set in kernelSets {
        guard let whole = try run(c, set) else { continue }
        for slice in [1, 2, 5] { #expect(try run(c, set, Manner(slice: slice)) == whole, "\(set.isa), \(slice) units: \(c)") }
      }
    }
  }

  @Test func pixelsApart() throws {
    for c in opCases {
      for set in kernelSets {
        guard let dense = try run(c, set) else { continue }
        for manner in [Manner(inGap: 3), Manner(outGap: 5), Manner(inGap: 1, outGap: 1)] {
          #expect(try run(c, set, manner) == dense, "\(set.isa), gaps \(manner.inGap) and \(manner.outGap): \(c)")
        }
      }
    }
  }

  @Test func activationsInTheEpilogue() throws {
    for c in opCases {
      switch c.op {
      case .conv, .gemm: break
      default: continue
      }
      let plain = try c.reference()
      for set in kernelSets {
        for activation: Activation in [.relu, .leakyRelu(slope: 0.1), .sigmoid, .tanh, .clip(low: -0.2, high: 0.3)] {
          guard let y = try run(c, set, Manner(outGap: 2, activation: activation)) else { continue }
          #expect(
            difference(y, plain.map { activated(activation, $0) }) <= tolerance(c), "\(set.isa) \(activation): \(c)")
        }
      }
    }
  }

  private func activated(_ activation: Activation, _ x: Double) -> Double {
    if case .clip(let low, let high) = activation { return min(max(x, Double(low)), Double(high)) }
    return referenceActivation(activation, x)
  }

  @Test func residualsBeforeTheActivation() throws {
    for c in opCases {
      switch c.op {
      case .conv, .gemm: break
      default: continue
      }
      let expected = zip(try c.reference(), try residualValues(c)).map { $0 + Double($1) }
      for set in kernelSets {
        for (gap, activation) in [(0, Activation.identity), (0, .relu), (3, .relu), (1, .sigmoid)] {
          let manner = Manner(slice: gap > 0 ? 1 : nil, outGap: gap / 2, residualGap: gap, activation: activation)
          guard let y = try run(c, set, manner) else { continue }
          #expect(
            difference(y, expected.map { referenceActivation(activation, $0) }) <= tolerance(c),
            "\(set.isa), residual gap \(gap), \(activation): \(c)")
        }
      }
    }
  }
}
