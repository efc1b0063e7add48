import DLGraph
import KernelTypes

/// Functions that follow a layer.
let activationConverters: [String: Converter] =
  functions.mapValues { function -> Converter in
    { call in
      call.ignore("consumed_inputs")
      return [try call.activation(function(call), call.input(0))]
    }
  }
  .merging([
    "Clip": { call in [try call.clip()] },
    "SwiGLU": { call in
      let gate = try call.activation(.silu(alpha: call.float("alpha", default: 1)), call.input(0))
      return [try call.binary(.multiply, gate, call.input(1))]
    },
  ]) { first, _ in first }

private let functions: [String: @Sendable (Call) throws -> Activation] = [
  "LeakyRelu": { call in .leakyRelu(slope: try call.float("alpha", default: 0.01)) },
  "Sigmoid": { call in .sigmoid },
  "Tanh": { call in .tanh },
  "Elu": { call in .elu(alpha: try call.float("alpha", default: 1)) },
  "Selu": { call in
    // Version 1 had the constants with fewer digits.
    let (alpha, gamma): (Float, Float) =
      call.version < 6 ? (1.6732, 1.0507) : (1.67326319217681884765625, 1.05070102214813232421875)
    return .selu(alpha: try call.float("alpha", default: alpha), gamma: try call.float("gamma", default: gamma))
  },
  "Celu": { call in .celu(alpha: try call.float("alpha", default: 1)) },
  "Gelu": { call in
    try call.choice("approximate", ["none": Activation.gelu, "tanh": .geluTanh], default: "none")
  },
  "HardSigmoid": { call in
    .hardSigmoid(alpha: try call.float("alpha", default: 0.2), beta: try call.float("beta", default: 0.5))
  },
  "Swish": { call in .silu(alpha: try call.float("alpha", default: 1)) },
  "HardSwish": { call in .hardSwish },
  "Mish": { call in .mish },
  "Softplus": { call in .softplus },
  "Softsign": { call in .softsign },
  "ThresholdedRelu": { call in .thresholdedRelu(alpha: try call.float("alpha", default: 1)) },
  "Shrink": { call in
    .shrink(lambda: try call.float("lambd", default: 0.5), bias: try call.float("bias", default: 0))
  },
]

extension Call {
  /// Bounds are attributes before version 11, inputs from then on. Known bounds become those of an activation.
  fileprivate func clip() throws -> Int {
    ignore("consumed_inputs")
    let x = try input(0)
    var bounds = (low: optional(1), high: optional(2))
    if version < 11 {
      bounds.low = try float("min").map { bound in try number(Double(bound), dtype(x)) }
      bounds.high = try float("max").map { bound in try number(Double(bound), dtype(x)) }
    }
    if dtype(x).isFloat, let low = bounds.low.flatMap(knownNumber), let high = bounds.high.flatMap(knownNumber), low <= high,
      let low = Float(exactly: low), let high = Float(exactly: high)
    {
      return try activation(low == 0 && high == .infinity ? .relu : .clip(low: low, high: high), x)
    }
    if dtype(x).isFloat, bounds.high == nil, bounds.low.flatMap(knownNumber) == 0 { return try activation(.relu, x) }
    let atLeast = try bounds.low.map { low in try binary(.maximum, x, low) } ?? x
    return try bounds.high.map { high in try binary(.minimum, atLeast, high) } ?? atLeast
  }
}
