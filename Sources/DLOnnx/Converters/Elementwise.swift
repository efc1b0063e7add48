import DLGraph
import KernelTypes

/// Operations that take elements one by one.
let elementwiseConverters: [String: Converter] = [
  "Relu": { call throws(DLError) in
    call.ignore("consumed_inputs")
    return [try call.add(.activation(.relu), call.input(0))]
  },
  "LeakyRelu": { call throws(DLError) in
    call.ignore("consumed_inputs")
    return [try call.add(.activation(.leakyRelu(slope: call.float("alpha", default: 0.01))), call.input(0))]
  },
  "Sigmoid": { call throws(DLError) in
    call.ignore("consumed_inputs")
    return [try call.add(.activation(.sigmoid), call.input(0))]
  },
  "Tanh": { call throws(DLError) in
    call.ignore("consumed_inputs")
    return [try call.add(.activation(.tanh), call.input(0))]
  },
  "Add": { call throws(DLError) in [try call.add(.add, call.broadcast())] },
  "Mul": { call throws(DLError) in [try call.add(.multiply, call.broadcast())] },
  "Identity": { call throws(DLError) in [try call.input(0)] },
  "Dropout": { call throws(DLError) in
    call.ignore("ratio", "seed", "is_test")
    return [try call.input(0)]
  },
]

extension Call {
  /// Two operands. Before version 7 their axes were matched up only on demand.
  fileprivate func broadcast() throws(DLError) -> [Int] {
    if version < 7 { throw DLError(.unsupported, "operator set \(version), before broadcasting by numpy's rules") }
    return [try input(0), try input(1)]
  }
}
