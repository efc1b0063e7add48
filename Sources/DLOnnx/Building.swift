import DLGraph
import KernelTypes

// What converters build graphs with.
extension Call {
  /// The output of an operation; nil is an input that is left out.
  func add(_ op: Op, _ inputs: [Int?]) throws -> Int { try add(op, inputs, outputs: 1)[0] }
  func add(_ op: Op, _ inputs: Int?...) throws -> Int { try add(op, inputs, outputs: 1)[0] }

  func add(_ op: Op, _ inputs: [Int?], outputs: Int) throws -> [Int] {
    var inputs = inputs
    while inputs.count > op.inputCounts.lowerBound, inputs.last == .some(nil) { inputs.removeLast() }
    // Nothing is done to a single part, of which unrolled layers over one step have many.
    if case .concat = op, inputs.count == 1, case .some(let part?) = inputs.first { return [part] }
    return try importer.append(op, inputs.map { $0 ?? Node.absent }, outputs: outputs)
  }

  func add(_ constant: Constant) throws -> Int { try importer.add(constant, named: node.output.first ?? "") }

  /// A scalar.
  func number(_ value: Double, _ dtype: DType) throws -> Int {
    try add(Constant(filling: TensorType(dtype, []), with: value))
  }
  /// An i64 scalar.
  func number(_ value: Int) throws -> Int { try add(Constant([], integers: [value])) }
  /// An i64 vector.
  func numbers(_ values: [Int]) throws -> Int { try add(Constant([values.count], integers: values)) }

  func unary(_ function: UnaryFunction, _ x: Int) throws -> Int { try add(.unary(function), x) }
  func binary(_ function: BinaryFunction, _ a: Int, _ b: Int) throws -> Int { try add(.binary(function), a, b) }
  /// With a number of x's type.
  func binary(_ function: BinaryFunction, _ x: Int, number: Double) throws -> Int {
    try binary(function, x, self.number(number, dtype(x)))
  }
  func activation(_ activation: Activation, _ x: Int) throws -> Int { try add(.activation(activation), x) }

  func cast(_ x: Int, _ dtype: DType) throws -> Int { self.dtype(x) == dtype ? x : try add(.cast(dtype), x) }

  func reduce(_ reduction: Reduction, _ x: Int, axes: [Int], keepsAxes: Bool = true) throws -> Int {
    try add(.reduce(reduction, axes: axes, keepsAxes: keepsAxes, noAxesIsIdentity: true), x)
  }

  func reshape(_ x: Int, _ sizes: [Int]) throws -> Int { try add(.reshape(sizes), x) }
  func unsqueeze(_ x: Int, _ axes: [Int]) throws -> Int { axes.isEmpty ? x : try add(.unsqueeze(axes), x) }
  func transpose(_ x: Int, _ permutation: [Int]) throws -> Int { try add(.transpose(permutation), x) }

  /// x[start..<end] along an axis.
  func slice(_ x: Int, axis: Int, _ start: Int, _ end: Int) throws -> Int {
    try add(.slice, x, numbers([start]), numbers([end]), numbers([axis]))
  }

  /// The sizes of x as an i64 vector, those of axes in a range.
  func shape(_ x: Int, from start: Int = 0, to end: Int? = nil) throws -> Int {
    try add(.shape(start: start, end: end), x)
  }
  /// The size of x along an axis as an i64 vector of one.
  func size(_ x: Int, _ axis: Int) throws -> Int {
    let axis = axis < 0 ? axis + rank(x) : axis
    return try shape(x, from: axis, to: axis + 1)
  }
}
