import DLGraph
import KernelTypes

// Steps that compare, choose and convert.

extension StepBuilder {
  /// Whether numbers are equal or less, to bool.
  func compare(_ node: ProgramNode, _ function: BinaryFunction) -> Step {
    let isTurned = function == .greater || function == .greaterOrEqual
    let (a, b) = isTurned ? (node.inputs[1], node.inputs[0]) : (node.inputs[0], node.inputs[1])
    let y = node.output
    let walk = walk(a, b, y)
    return Step(name: node.name, kernel: function.name, reads: [a, b], write: y, units: walk.units, cost: 4 * elements(y)) {
      slots, _, units, _ in
      let (a, b, y) = (slots[a].floats, slots[b].floats, slots[y].assumingMemoryBound(to: Bool.self))
      walk.eachPiece(units) { piece in
        switch function {
        case .equal: piece.eachElement { y[$2] = a[$0] == b[$1] }
        case .less, .greater: piece.eachElement { y[$2] = a[$0] < b[$1] }
        default: piece.eachElement { y[$2] = a[$0] <= b[$1] }
        }
      }
    }
  }

  /// The third input everywhere, then the second where the first says so; of 4 bytes each.
  func select(_ node: ProgramNode) -> [Step] {
    let (condition, a, b, y) = (node.inputs[0], node.inputs[1], node.inputs[2], node.output)
    let spread = walk(b, b, y)
    let choice = walk(condition, a, y)
    return [
      Step(name: node.name, kernel: "select", reads: [b], write: y, inPlace: 0, units: spread.units, cost: 4 * elements(y)) {
        slots, _, units, _ in
        let (b, y) = (slots[b].words, slots[y].words)
        if b != y { spread.eachPiece(units) { piece in piece.eachElement { y[$2] = b[$0] } } }
      },
      Step(
        name: node.name, kernel: "select", reads: [y, condition, a], write: y, units: choice.units,
        cost: 4 * elements(y)
      ) { slots, _, units, _ in
        let (condition, a, y) = (slots[condition].assumingMemoryBound(to: UInt8.self), slots[a].words, slots[y].words)
        choice.eachPiece(units) { piece in
          piece.eachElement {
            // No branch: conditions are hard to guess.
            let mask = 0 &- UInt32(condition[$0] == 0 ? 0 : 1)
            y[$2] = a[$1] & mask | y[$2] & ~mask
          }
        }
      },
    ]
  }

  /// Images and masks to f32.
  func widenBytes(_ node: ProgramNode) -> Step {
    let (x, y) = (node.inputs[0], node.output)
    let total = count(y)
    return Step(name: node.name, kernel: "cast", reads: [x], write: y, units: (total + 4095) / 4096, cost: 4 * elements(y)) {
      slots, _, units, _ in
      let (from, to) = (slots[x].assumingMemoryBound(to: UInt8.self), slots[y].floats)
      for i in units.lowerBound * 4096..<min(units.upperBound * 4096, total) { to[i] = Float(from[i]) }
    }
  }
}

extension UnsafeMutableRawPointer {
  fileprivate var words: UnsafeMutablePointer<UInt32> { assumingMemoryBound(to: UInt32.self) }
}
