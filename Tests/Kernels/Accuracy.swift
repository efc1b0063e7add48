import Foundation
import KernelTypes
import Testing

/// Activations and functions of one number against their formulas in double precision.
@Suite struct Accuracy {
  struct Function {
    var apply: @Sendable (KernelSet, [Float]) -> [Float]
    var truth: @Sendable (Double) -> Double
    var range: ClosedRange<Double>
    /// In units in the last place of the truth, but at least of this.
    var ulps: Double
    var least: Double = 0
  }

  private func activation(
    _ activation: Activation, _ range: ClosedRange<Double> = -20...20, ulps: Double, least: Double = 0,
    _ truth: @escaping @Sendable (Double) -> Double
  ) -> Function {
    Function(
      apply: { set, x in
        let y = Guarded(x)
        set.activate(activation, x.count, y.base, y.base)
        return y.bandsIntact ? y.values : []
      }, truth: truth, range: range, ulps: ulps, least: least)
  }

  private func unary(
    _ function: UnaryFunction, _ range: ClosedRange<Double>, ulps: Double, least: Double = 0,
    _ truth: @escaping @Sendable (Double) -> Double
  ) -> Function {
    Function(
      apply: { set, x in
        let input = Guarded(x), y = Guarded(count: x.count)
        set.unary(function, x.count, input.base, y.base)
        return y.bandsIntact ? y.values : []
      }, truth: truth, range: range, ulps: ulps, least: least)
  }

  private func check(_ f: Function, _ name: String) {
    let count = 20_000
    let x = (0...count).map { Float(f.range.lowerBound + (f.range.upperBound - f.range.lowerBound) * Double($0) / Double(count)) }
    for set in kernelSets {
      let y = f.apply(set, x)
      #expect(y.count == x.count, "\(set.isa) \(name)")
      var worst = 0.0
      for (x, y) in zip(x, y) {
        let truth = f.truth(Double(x))
        let unit = max(Double(Float(max(abs(truth), f.least)).ulp), Double(Float.leastNormalMagnitude.ulp))
        let error = abs(Double(y) - truth) / unit
        if !(error <= worst) { worst = error.isNaN ? .infinity : error }
      }
      #expect(worst <= f.ulps, "\(set.isa) \(name): \(worst)")
    }
  }

  @Test func activations() {
    @Sendable func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    @Sendable func clip(_ x: Double) -> Double { min(max(x, 0), 1) }
    check(activation(.clip(low: -1.5, high: 6), ulps: 0) { min(max($0, -1.5), 6) }, "clip")
    check(activation(.elu(alpha: 1.3), ulps: 4) { $0 < 0 ? Double(Float(1.3)) * expm1($0) : $0 }, "elu")
    check(
      activation(.selu(alpha: 1.67326, gamma: 1.0507), ulps: 5) {
        Double(Float(1.0507)) * ($0 < 0 ? Double(Float(1.67326)) * expm1($0) : $0)
      }, "selu")
    check(activation(.celu(alpha: 2), ulps: 4) { max(0, $0) + min(0, 2 * expm1($0 / 2)) }, "celu")
    check(activation(.celu(alpha: 0.5), ulps: 4) { max(0, $0) + min(0, 0.5 * expm1($0 / 0.5)) }, "celu 0.5")
    check(activation(.gelu, ulps: 8, least: 1) { $0 / 2 * (1 + erf($0 / 2.squareRoot())) }, "gelu")
    check(
      activation(.geluTanh, ulps: 8, least: 1) {
        $0 / 2 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
      },
      "gelu tanh")
    check(activation(.hardSigmoid(alpha: 0.25, beta: 0.5), ulps: 1) { clip(0.25 * $0 + 0.5) }, "hard sigmoid")
    check(activation(.silu(alpha: 1), ulps: 5) { $0 * sigmoid($0) }, "silu")
    check(activation(.silu(alpha: 1.5), ulps: 20) { $0 * sigmoid(1.5 * $0) }, "silu 1.5")
    check(activation(.hardSwish, ulps: 2, least: 1) { $0 * clip($0 / 6 + 0.5) }, "hard swish")
    check(activation(.mish, -60...60, ulps: 6) { $0 * tanh(log1p(exp($0))) }, "mish")
    check(activation(.softplus, -80...80, ulps: 4) { max($0, 0) + log1p(exp(-abs($0))) }, "softplus")
    check(activation(.softsign, ulps: 2) { $0 / (1 + abs($0)) }, "softsign")
    check(activation(.thresholdedRelu(alpha: 1.25), ulps: 0) { $0 > 1.25 ? $0 : 0 }, "thresholded relu")
    check(
      activation(.shrink(lambda: 1.5, bias: 0.5), ulps: 1) { $0 > 1.5 ? $0 - 0.5 : $0 < -1.5 ? $0 + 0.5 : 0 }, "shrink")
  }

  @Test func functionsOfOneNumber() {
    check(unary(.negate, -9...9, ulps: 0) { -$0 }, "negate")
    check(unary(.absolute, -9...9, ulps: 0) { abs($0) }, "absolute")
    check(unary(.sign, -9...9, ulps: 0) { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }, "sign")
    for (range, name) in [(-9.0...9.0, "small"), (-2e9...2e9, "large"), (8_388_600.0...8_388_620.0, "at 2^23")] {
      check(unary(.floor, range, ulps: 0) { floor($0) }, "floor \(name)")
      check(unary(.ceil, range, ulps: 0) { ceil($0) }, "ceil \(name)")
      check(unary(.round, range, ulps: 0) { $0.rounded(.toNearestOrEven) }, "round \(name)")
    }
    check(unary(.exp, -87...88, ulps: 2) { exp($0) }, "exp")
    check(unary(.log, 1e-3...50, ulps: 3, least: 0.1) { log($0) }, "log")
    check(unary(.sqrt, 0...1e6, ulps: 0.5) { $0.squareRoot() }, "sqrt")
    check(unary(.reciprocal, 0.01...100, ulps: 0.5) { 1 / $0 }, "reciprocal")
    check(unary(.sin, -100...100, ulps: 2, least: 0.5) { sin($0) }, "sin")
    check(unary(.cos, -100...100, ulps: 2, least: 0.5) { cos($0) }, "cos")
    check(unary(.sin, -8192...8192, ulps: 4, least: 1) { sin($0) }, "sin far")
    check(unary(.erf, -5...5, ulps: 8) { erf($0) }, "erf")
  }

  @Test func halvesAndZeros() {
    let x: [Float] = [0.5, 1.5, 2.5, -0.5, -1.5, 0, -0.0, 0.49999997, -0.2, .infinity, -.infinity]
    for set in kernelSets {
      let round = unary(.round, 0...1, ulps: 0) { $0 }.apply(set, x)
      #expect(round.map { $0.bitPattern } == x.map { $0.rounded(.toNearestOrEven).bitPattern }, "\(set.isa)")
      let ceil = unary(.ceil, 0...1, ulps: 0) { $0 }.apply(set, x)
      #expect(ceil.map { $0.bitPattern } == x.map { $0.rounded(.up).bitPattern }, "\(set.isa)")
      let floor = unary(.floor, 0...1, ulps: 0) { $0 }.apply(set, x)
      #expect(floor == x.map { $0.rounded(.down) }, "\(set.isa)")
    }
  }

  @Test func specialValues() {
    let infinity = Float.infinity
    let x: [Float] = [infinity, -infinity, .nan, 1e30, -1e30]
    for set in kernelSets {
      func y(_ a: Activation) -> [Float] { activation(a, ulps: 0) { $0 }.apply(set, x) }
      for a: Activation in [
        .clip(low: 0, high: 6), .elu(alpha: 1), .celu(alpha: 1), .gelu, .geluTanh, .hardSigmoid(alpha: 1, beta: 0),
        .silu(alpha: 1), .hardSwish, .mish, .softplus, .softsign,
      ] { #expect(y(a)[2].isNaN, "\(set.isa) \(a)") }
      #expect(y(.clip(low: 0, high: 6))[0] == 6 && y(.clip(low: 0, high: 6))[1] == 0)
      #expect(y(.elu(alpha: 2))[1] == -2 && y(.elu(alpha: 2))[0] == infinity)
      #expect(y(.softplus)[0] == infinity && y(.softplus)[1] == 0)
      #expect(y(.mish)[0] == infinity && y(.mish)[3] == 1e30)
      #expect(y(.silu(alpha: 1))[0] == infinity && y(.silu(alpha: 1))[4] == 0)
      #expect(y(.hardSigmoid(alpha: 1, beta: 0))[0] == 1 && y(.hardSigmoid(alpha: 1, beta: 0))[1] == 0)
      func u(_ f: UnaryFunction) -> [Float] { unary(f, 0...1, ulps: 0) { $0 }.apply(set, x) }
      #expect(u(.erf)[0] == 1 && u(.erf)[1] == -1 && u(.erf)[2].isNaN)
      #expect(u(.exp)[0] == infinity && u(.exp)[1] == 0 && u(.sqrt)[1].isNaN)
      #expect(u(.sin)[0].isNaN && u(.cos)[1].isNaN && u(.floor)[3] == 1e30)
    }
  }
}

/// Functions of two numbers over every way of stepping.
@Suite struct BinaryRows {
  private func truth(_ f: BinaryFunction, _ a: Float, _ b: Float) -> Float {
    switch f {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .minimum: a.isNaN || b.isNaN ? .nan : min(a, b)
    case .maximum: a.isNaN || b.isNaN ? .nan : max(a, b)
    default: a < 0 ? a * b : a
    }
  }

  @Test func everyStep() {
    for function in BinaryFunction.allCases where function.hasKernel {
      for set in kernelSets {
        for (rows, columns) in [(1, 1), (3, 5), (4, 16), (2, 37), (7, 64)] {
          let values = (0..<rows * columns).map { i -> Float in i % 11 == 10 ? .nan : Float((i * 37) % 23) - 11.5 }
          let a = Guarded(values), b = Guarded(values.reversed())
          for (aRow, aColumn) in [(columns, 1), (0, 1), (1, 0), (0, 0)] {
            for (bRow, bColumn) in [(columns, 1), (0, 1), (1, 0), (0, 0)] {
              let y = Guarded(count: rows * columns)
              set.binary(
                BinaryCall(
                  function, rows: rows, columns: columns, a: a.base, aRow: aRow, aColumn: aColumn, b: b.base, bRow: bRow,
                  bColumn: bColumn, y: y.base))
              var isRight = y.bandsIntact
              for r in 0..<rows {
                for c in 0..<columns {
                  let expected = truth(function, a.base[r * aRow + c * aColumn], b.base[r * bRow + c * bColumn])
                  let found = y.base[r * columns + c]
                  if !(found == expected || found.isNaN && expected.isNaN) { isRight = false }
                }
              }
              #expect(isRight, "\(set.isa) \(function): \(rows) × \(columns), \(aRow) \(aColumn) \(bRow) \(bColumn)")
            }
          }
        }
      }
    }
  }
}
