import DLGraph
import TestSupport
import Testing

private let n = Dim.symbol(0)
private let h = Dim.symbol(1)
private let any = Dim.unknown

private func f(_ dims: Dim...) -> Fact { Fact(TensorType(.f32, dims)) }
/// A list of i64 whose elements are known so far.
private func list(_ elements: Dim...) -> Fact { Fact(TensorType(.i64, [.fixed(elements.count)]), elements: elements) }
/// Integers of which only the sizes are known.
private func data(_ dims: Dim..., dtype: DType = .i64) -> Fact { Fact(TensorType(dtype, dims)) }
private func scalar(_ element: Dim) -> Fact { Fact(TensorType(.i64, []), elements: [element]) }

/// Shapes of operations that move, make and select elements, of free sizes and of small tensors that sizes are computed from.
@Suite struct MovementShapeTests {
  struct Good: Sendable {
    var op: Op
    var inputs: [Fact?]
    var dims: [Dim]
    var elements: [Dim]?

    init(_ op: Op, _ inputs: [Fact?], _ dims: [Dim], elements: [Dim]? = nil) {
      self.op = op
      self.inputs = inputs
      self.dims = dims
      self.elements = elements
    }
  }

  @Test(arguments: [
    Good(.slice, [f(n, 10, h), list(0, 2), list(.fixed(.max), -1), list(0, 1)], [n, 7, h]),
    Good(.slice, [f(n, 10), list(1), list(4), list(0)], [any, 10]),
    Good(.slice, [f(n, 10), list(0), list(n), list(0)], [n, 10]),
    Good(.slice, [f(n, 10), list(-1), list(.fixed(.min)), list(0), list(-1)], [n, 10]),
    Good(.slice, [f(n, 10), data(1), data(1), list(1)], [n, any]),
    Good(.slice, [f(n, 10), data(1), data(1), data(1)], [any, any]),
    Good(.slice, [f(n, 10), data(any), data(any)], [any, any]),
    Good(.pad(.constant), [f(n, 3, h), list(0, 1, -1, 0, 2, 1)], [n, 6, h]),
    Good(.pad(.edge), [f(n, 3), data(2), nil, list(-1)], [n, any]),
    Good(.pad(.edge), [f(n, 3), data(2), nil, data(1)], [any, any]),
    Good(.transpose([]), [f(n, 3, h)], [h, 3, n]),
    Good(.transpose([1, 2, 0]), [f(n, 3, h)], [3, h, n]),
    Good(.reshape([]), [f(n, 3), list(n, -1)], [n, 3]),
    Good(.reshape([]), [f(n, 3, h), list(n, -1)], [n, any]),
    Good(.reshape([]), [f(n, 6), list(2, n, -1)], [2, n, 3]),
    Good(.reshape([]), [f(n, 6), data(3)], [any, any, any]),
    Good(.reshape([]), [f(n, h), list(h, n)], [h, n]),
    Good(.squeeze([]), [f(n, 1, 3), list(1)], [n, 3]),
    Good(.squeeze([]), [f(n, 1, 3), data(1)], [any, any]),
    Good(.squeeze([]), [f(2, 1, 1)], [2]),
    Good(.squeeze([0]), [f(n, 1)], [1]),
    Good(.unsqueeze([]), [f(n, 3), list(-1, 0)], [1, n, 3, 1]),
    Good(.unsqueeze([]), [f(n, 3), data(1)], [any, any, any]),
    Good(.expand, [f(3, 1), list(n, 1, h)], [n, 3, h]),
    Good(.expand, [f(3), data(2)], [any, 3]),
    Good(.tile, [f(n, 3, h), list(1, 2, 3)], [n, 6, any]),
    Good(.tile, [f(n, 3), data(2)], [any, any]),
    Good(.split(axis: 1, sizes: [1, 2]), [f(n, 3)], [n, 1]),
    Good(.depthToSpace(block: 2, columnRowDepth: false), [f(n, 8, h, 3)], [n, 2, any, 6]),
    Good(.spaceToDepth(block: 2), [f(n, 2, h, 4)], [n, 8, any, 2]),
    Good(.reverseSequence(batchAxis: 1, timeAxis: 0), [f(h, n), data(n)], [h, n]),
    Good(.triangle(upper: true), [f(n, h), scalar(any)], [n, h]),

    Good(.shape(start: 0, end: nil), [f(n, 3, h)], [3], elements: [n, 3, h]),
    Good(.shape(start: 1, end: -1), [f(n, 3, h)], [1], elements: [3]),
    Good(.size, [f(2, 3)], [], elements: [6]),
    Good(.fill, [list(n, 3), scalar(7)], [n, 3]),
    Good(.fill, [list(2), scalar(n)], [2], elements: [n, n]),
    Good(.range, [scalar(0), scalar(n), scalar(1)], [n]),
    Good(.range, [scalar(2), scalar(9), scalar(3)], [3], elements: [2, 5, 8]),
    Good(.range, [scalar(1), scalar(n), scalar(1)], [any]),
    Good(.oneHot(axis: 1), [data(n, h), scalar(10), f(2)], [n, 10, h]),
    Good(.oneHot(axis: -1), [data(n), scalar(any), f(2)], [n, any]),
    Good(.eyeLike(.f32, k: 0), [f(n, 3)], [n, 3]),

    Good(.gather(axis: 0), [list(n, 3, h), scalar(-1)], [], elements: [h]),
    Good(.gather(axis: 0), [list(n, 3, h), list(0, 2)], [2], elements: [n, h]),
    Good(.gather(axis: 1), [f(n, 5, h), data(2, 3)], [n, 2, 3, h]),
    Good(.gather(axis: 0), [list(n, 3), scalar(any)], []),
    Good(.slice, [list(n, 3, h), list(1), list(3)], [2], elements: [3, h]),
    Good(.concat(axis: 0), [list(n), list(-1)], [2], elements: [n, -1]),
    Good(.concat(axis: 0), [list(n), data(1)], [2], elements: [n, any]),
    Good(.unsqueeze([0]), [scalar(n)], [1], elements: [n]),
    Good(.squeeze([0]), [list(n)], [], elements: [n]),
    Good(.reshape([1]), [scalar(n)], [1], elements: [n]),
    Good(.reshape([]), [scalar(n), list(1, 1)], [1, 1], elements: [n]),
    Good(.split(axis: 0, sizes: [1, 2]), [list(n, 3, h)], [1], elements: [n]),
    Good(.expand, [list(n), list(2)], [2], elements: [n, n]),
    Good(.tile, [list(n, 3), list(2)], [4], elements: [n, 3, n, 3]),
    Good(.transpose([]), [Fact(TensorType(.i32, [1, 2]), elements: [n, 2])], [2, 1], elements: [n, 2]),

    Good(.gatherElements(axis: 1), [f(n, 5), data(n, 2)], [n, 2]),
    Good(.gatherND(batch: 1), [f(n, 5, 6, h), data(n, 3, 2)], [n, 3, h]),
    Good(.scatterElements(axis: 0, .add), [f(n, 5), data(2, 5), f(2, 5)], [n, 5]),
    Good(.scatterND(.add), [f(n, 5), data(h, 1), f(h, 5)], [n, 5]),
    Good(.topK(axis: -1, largest: true, sorted: true), [f(n, 100), list(5)], [n, 5]),
    Good(.topK(axis: 0, largest: true, sorted: true), [f(n, 100), data(1)], [any, 100]),
    Good(.unique(axis: 1, sorted: true), [f(n, 3)], [n, any]),
    Good(.unique(axis: nil, sorted: true), [f(n, 3)], [any]),
    Good(.nonZero, [f(n, 3)], [2, any]),
    Good(.compress(axis: 0), [f(n, 3), data(2, dtype: .bool)], [any, 3]),
    Good(.nonMaxSuppression(centres: false), [f(n, 100, 4), f(n, 80, 100)], [any, 3]),
  ])
  func infers(_ good: Good) throws {
    let fact = try inferFacts(of: good.op, good.inputs, outputs: splitOutputs(good.op))[0]
    #expect(fact.type.dims == good.dims, "\(good.op): \(describe(fact.type))")
    #expect(fact.integers == good.elements, "\(good.op)")
  }

  private func splitOutputs(_ op: Op) -> Int { if case .split(_, let sizes) = op { sizes.count } else { 1 } }

  /// How exporters write "keep the batch, flatten the rest".
  @Test func sizesFlowFromShapeToReshape() throws {
    var graph = Graph()
    let batch = graph.symbol("N")
    let x = graph.addInput("x", TensorType(.f32, [batch, 3, 4]))
    let zero = graph.addConstant("zero", try Constant([], integers: [0]))
    let rest = graph.addConstant("rest", try Constant([1], integers: [-1]))
    let axes = graph.addConstant("axes", try Constant([1], integers: [0]))
    let shape = try graph.addNode(.shape(start: 0, end: nil), [x], name: "shape")
    let first = try graph.addNode(.gather(axis: 0), [shape, zero], name: "gather")
    let size = try graph.addNode(.unsqueeze([]), [first, axes], name: "unsqueeze")
    let sizes = try graph.addNode(.concat(axis: 0), [size, rest], name: "concat")
    graph.outputs = [try graph.addNode(.reshape([]), [x, sizes], name: "reshape")]
    try graph.validate()
    #expect(graph.values[graph.outputs[0]].type == TensorType(.f32, [batch, 12]))
  }

  struct Bad: Sendable {
    var op: Op
    var inputs: [Fact?]
    var outputs: Int
    var message: String

    init(_ op: Op, _ inputs: [Fact?], outputs: Int = 1, _ message: String) {
      self.op = op
      self.inputs = inputs
      self.outputs = outputs
      self.message = message
    }
  }

  @Test(arguments: [
    Bad(.slice, [f(3), list(0), list(1, 2)], "starts, ends, axes and steps differ in length"),
    Bad(.slice, [f(3), list(0), list(1), list(0), list(0)], "steps: 0 at 0"),
    Bad(.slice, [f(3), list(0), list(1), list(1)], "axis: expected -1 to 0, found 1"),
    Bad(.slice, [f(3, 4), list(0, 0), list(1, 1), list(0, -2)], "axes: axis 0 is there twice"),
    Bad(.slice, [f(3), f(1), list(1)], "starts: expected a list of i64, found f32 [1]"),
    Bad(.slice, [f(3), data(1, 1), list(1)], "starts: expected a list of i64, found i64 [1, 1]"),
    Bad(.pad(.constant), [f(3), list(1)], "pads: expected 2, two for each axis, found 1"),
    Bad(.pad(.constant), [f(3), list(-2, -2)], "pads of axis 0: -2 and -2 do not fit a size of 3"),
    Bad(.pad(.constant), [f(3), list(.fixed(.max), 0)], "pads of axis 0: expected at most 2147483647"),
    Bad(.pad(.constant), [f(.fixed(.max - 5)), list(9, 9)], "do not fit a size of"),
    Bad(.pad(.reflect), [f(0), list(1, 0)], "leave nothing to repeat"),
    Bad(.pad(.constant), [f(3), list(1, 1), scalar(0)], "value: expected f32, found i64"),
    Bad(.transpose([0, 0]), [f(3, 4)], "permutation: expected each of 0 to 1 once, found [0, 0]"),
    Bad(.reshape([]), [f(3), data(any)], "sizes: expected a list of known length"),
    Bad(.reshape([]), [f(n, 6), list(n, 4)], "cannot reshape"),
    Bad(.squeeze([]), [f(n, 3)], "axes: must be given where sizes are free"),
    Bad(.squeeze([1]), [f(n, 3)], "dimension 1: expected 1, found 3"),
    Bad(.unsqueeze([0, 0]), [f(3)], "axes: axis 0 is there twice"),
    Bad(.unsqueeze([2]), [f(3)], "axis: expected -2 to 1, found 2"),
    Bad(.unsqueeze(Array(0..<9)), [f()], "rank 9 is above 8"),
    Bad(.expand, [f(3), list(2)], "cannot broadcast f32 [3] with f32 [2]"),
    Bad(.expand, [f(1), list(-1)], "sizes: expected 0 or more at 0, found -1"),
    Bad(.expand, [f(1), list(.fixed(1 << 40), .fixed(1 << 40))], "is larger than memory can be"),
    Bad(.tile, [f(3), list(1, 2)], "repeats: expected 1, one for each axis, found 2"),
    Bad(.tile, [f(3), list(.fixed(.max))], "the number of elements overflows"),
    Bad(.tile, [f(3), list(-1)], "repeats: expected 0 or more at 0, found -1"),
    Bad(.split(axis: 0, sizes: [1, 1]), [f(3)], outputs: 2, "the sum of sizes: expected 3, found 2"),
    Bad(.split(axis: 0, sizes: [1, 2]), [f(3)], outputs: 1, "sizes: expected 1, one for each output, found 2"),
    Bad(.split(axis: 0, sizes: [-1, 4]), [f(3)], outputs: 2, "sizes: expected 0 or more at 0, found -1"),
    Bad(.depthToSpace(block: 2, columnRowDepth: true), [f(1, 6, 2, 2)], "channels: expected a multiple of 4, found 6"),
    Bad(.depthToSpace(block: 0, columnRowDepth: true), [f(1, 6, 2, 2)], "block: expected 1 to 32767, found 0"),
    Bad(.spaceToDepth(block: 2), [f(1, 1, 3, 2)], "dimension 2: expected a multiple of 2, found 3"),
    Bad(.spaceToDepth(block: 2), [f(1, 3, 2)], "expected rank 4, found f32 [1, 3, 2]"),
    Bad(.reverseSequence(batchAxis: 1, timeAxis: -1), [f(3, 3), data(3)], "batch and time are both axis 1"),
    Bad(.reverseSequence(batchAxis: 0, timeAxis: 1), [f(3, 4), data(4)], "lengths: expected 3, found 4"),
    Bad(.triangle(upper: true), [f(3)], "expected rank 2 or more"),
    Bad(.fill, [list(-1), scalar(0)], "sizes: expected 0 or more at 0, found -1"),
    Bad(.fill, [list(.fixed(1 << 40), .fixed(1 << 40)), scalar(0)], "is larger than memory can be"),
    Bad(.range, [scalar(0), scalar(5), scalar(0)], "delta: 0 never leads from 0 to 5"),
    Bad(.range, [scalar(.fixed(.min)), scalar(.fixed(.max)), scalar(1)], "is larger than memory can be"),
    Bad(.range, [scalar(0), list(1, 2), scalar(0)], "limit: expected one number, found i64 [2]"),
    Bad(.oneHot(axis: 3), [data(2), scalar(3), f(2)], "axis: expected -2 to 1, found 3"),
    Bad(.oneHot(axis: 0), [data(2), scalar(-3), f(2)], "depth: expected 0 or more at 0, found -3"),
    Bad(.eyeLike(.f32, k: 0), [f(3)], "expected rank 2, found f32 [3]"),
    Bad(.gather(axis: 0), [f(3), f(1)], "indices: expected i64 or i32, found f32"),
    Bad(.gatherElements(axis: 0), [f(3, 2), data(3)], "indices: expected rank 2, found i64 [3]"),
    Bad(.gatherElements(axis: 0), [f(3, 2), data(3, 3)], "indices: expected at most 2 in dimension 1, found 3"),
    Bad(.gatherND(batch: 1), [f(3), data(3)], "batch: expected fewer axes"),
    Bad(.gatherND(batch: 0), [f(3), data(2, 2)], "indices: expected tuples of at most 1, found 2"),
    Bad(.gatherND(batch: 0), [f(3), data(2, any)], "indices: expected a known last size"),
    Bad(.scatterND(.add), [f(3, 4), data(2, 1), f(2, 3)], "updates: expected 4, found 3"),
    Bad(.scatterElements(axis: 0, .add), [f(3), data(2), data(2)], "updates: expected f32, found i64"),
    Bad(.topK(axis: 0, largest: true, sorted: true), [f(3), list(4)], "k: expected at most the axis's 3, found 4"),
    Bad(.topK(axis: 0, largest: true, sorted: true), [f(3), list(-1)], "k: expected 0 or more at 0, found -1"),
    Bad(.compress(axis: 0), [f(3), data(4, dtype: .bool)], "condition: expected at most 3, found 4"),
    Bad(.compress(axis: nil), [f(3), data(3)], "condition: expected a list of bool, found i64 [3]"),
    Bad(.nonMaxSuppression(centres: true), [f(1, 3, 5), f(1, 1, 3)], "boxes: expected 4, found 5"),
    Bad(.nonMaxSuppression(centres: true), [f(1, 3, 4), f(1, 1, 4)], "scores: expected 3, found 4"),
  ])
  func refuses(_ bad: Bad) {
    let error = #expect(throws: DLError.self) {
      try inferFacts(of: bad.op, bad.inputs, outputs: bad.outputs, symbols: ["N", "H"])
    }
    #expect(error?.message.contains(bad.message) == true, "found: \(error?.message ?? "no error")")
  }

  /// What a planner allocates where only a run tells the size.
  @Test func mostSizesBoundWhatARunGives() throws {
    func most(_ op: Op, _ inputs: [Fact?], outputs: Int = 1) throws -> [[Int]]? {
      try mostSizes(of: op, inputs, outputs: outputs)
    }
    #expect(try most(.nonZero, [f(4, 3)]) == [[2, 12]])
    #expect(try most(.unique(axis: 1, sorted: true), [f(4, 3)], outputs: 4) == [[4, 3], [3], [3], [3]])
    #expect(try most(.unique(axis: nil, sorted: true), [f(4, 3)], outputs: 4) == [[12], [12], [12], [12]])
    #expect(try most(.compress(axis: 0), [f(4, 3), data(2, dtype: .bool)]) == [[4, 3]])
    #expect(try most(.nonMaxSuppression(centres: false), [f(2, 9, 4), f(2, 5, 9), list(3)]) == [[30, 3]])
    #expect(try most(.nonMaxSuppression(centres: false), [f(2, 9, 4), f(2, 5, 9)]) == [[0, 3]])
    #expect(try most(.nonMaxSuppression(centres: false), [f(2, 9, 4), f(2, 5, 9), data(1)]) == [[90, 3]])
    #expect(try most(.topK(axis: 1, largest: true, sorted: true), [f(4, 9), data(1)], outputs: 2) == [[4, 9], [4, 9]])
    #expect(try most(.transpose([]), [f(4, 3)]) == [[3, 4]])
    #expect(try most(.nonZero, [f(n, 3)]) == nil)
    #expect(try most(.expand, [f(3), data(2)]) == nil)
    for test in opCases {
      let inputs = try test.arguments.indices.map { test.arguments[$0].isAbsent ? nil : Fact(try test.constant($0)) }
      let actual = try fold(test.op, inputs, try inferFacts(of: test.op, inputs, outputs: test.outputs), limit: .max - 1)
      let bound = try #require(try mostSizes(of: test.op, inputs, outputs: test.outputs))
      for (constant, sizes) in zip(try #require(actual), bound) {
        #expect(constant.count <= sizes.reduce(1, *), "\(test)")
      }
    }
  }
}
