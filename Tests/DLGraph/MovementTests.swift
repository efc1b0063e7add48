import DLGraph
import TestSupport
import Testing

private let xs: [Double] = [1, 2, 3, 4, 5, 6]

private func x(_ sizes: Int..., dtype: DType = .f32) -> OpArgument {
  .of(dtype, sizes, (0..<sizes.reduce(1, *)).map { Double($0 + 1) })
}
private func list(_ values: Int...) -> OpArgument { .i64(list: values) }
private func real(_ value: Double) -> OpArgument { .f32([], [value]) }

/// Operations that move, make and select elements, against values from ONNX's documentation or worked out by hand.
@Suite struct MovementTests {
  struct Known: Sendable {
    var test: OpCase
    var outputs: [[Double]]

    init(_ op: Op, _ arguments: [OpArgument], _ outputs: [Double]...) {
      test = OpCase(op, arguments, outputs: outputs.count)
      self.outputs = outputs
    }
  }

  @Test(arguments: [
    Known(.slice, [x(2, 4), list(1, 0), list(2, 3), list(0, 1), list(1, 2)], [5, 7]),
    Known(.slice, [x(2, 4), list(0, 1), list(-1, 1000)], [2, 3, 4]),
    Known(.slice, [x(5), list(-1), list(.min), list(0), list(-2)], [5, 3, 1]),
    Known(.slice, [x(5), list(-9), list(.min), list(0), list(-1)], [1]),
    Known(.slice, [x(5), list(3), list(1)], []),
    Known(.pad(.constant), [x(2, 2), list(0, 2, 0, 0), real(9)], [9, 9, 1, 2, 9, 9, 3, 4]),
    Known(.pad(.reflect), [x(3), list(2, 5)], [3, 2, 1, 2, 3, 2, 1, 2, 3, 2]),
    Known(.pad(.edge), [x(2, 2), list(1, 0, 0, 1)], [1, 2, 2, 1, 2, 2, 3, 4, 4]),
    Known(.pad(.wrap), [x(3), list(2, 4)], [2, 3, 1, 2, 3, 1, 2, 3, 1]),
    Known(.pad(.constant), [x(4), list(-1, -1)], [2, 3]),
    Known(.pad(.constant), [x(3), list(-4, 5)], [0, 0, 0, 0]),
    Known(.transpose([]), [x(2, 3)], [1, 4, 2, 5, 3, 6]),
    Known(.transpose([1, 2, 0]), [x(2, 1, 3)], [1, 4, 2, 5, 3, 6]),
    Known(.expand, [x(2, 1), list(2, 2)], [1, 1, 2, 2]),
    Known(.tile, [x(2, 2), list(2, 2)], [1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4]),
    Known(.split(axis: 0, sizes: [2, 4]), [x(6)], [1, 2], [3, 4, 5, 6]),
    Known(.split(axis: 0, sizes: []), [x(7)], [1, 2], [3, 4], [5, 6], [7]),
    Known(.split(axis: 1, sizes: []), [x(2, 4)], [1, 2, 5, 6], [3, 4, 7, 8]),
    Known(.depthToSpace(block: 2, columnRowDepth: false), [x(1, 8, 1, 1)], [1, 3, 5, 7, 2, 4, 6, 8]),
    Known(.depthToSpace(block: 2, columnRowDepth: true), [x(1, 8, 1, 1)], xs + [7, 8]),
    Known(.spaceToDepth(block: 2), [x(1, 2, 2, 2)], [1, 5, 2, 6, 3, 7, 4, 8]),
    Known(.reverseSequence(batchAxis: 0, timeAxis: 1), [x(2, 3), list(2, 3)], [2, 1, 3, 6, 5, 4]),
    Known(.triangle(upper: true), [x(2, 3), list(1)], [0, 2, 3, 0, 0, 6]),
    Known(.triangle(upper: false), [x(2, 3)], [1, 0, 0, 4, 5, 0]),
    Known(.concat(axis: 1), [x(2, 1), x(2, 2)], [1, 1, 2, 2, 3, 4]),
    Known(.squeeze([0]), [x(1, 2)], [1, 2]),
    Known(.shape(start: -2, end: nil), [x(4, 5, 6)], [5, 6]),
    Known(.size, [x(4, 5)], [20]),
    Known(.fill, [list(2, 1), real(7)], [7, 7]),
    Known(.range, [real(1), real(0), real(-0.4)], [1, 0.6, 0.2]),
    Known(.range, [x(1), list(6), list(2)].map { OpArgument.i64([], $0.elements) }, [1, 3, 5]),
    Known(.oneHot(axis: -1), [.i64([3], [0, -1, 5]), real(3), .f32([2], [2, 5])], [5, 2, 2, 2, 2, 5, 2, 2, 2]),
    Known(.eyeLike(.i32, k: -1), [x(2, 2)], [0, 0, 1, 0]),
    Known(.gather(axis: 1), [x(2, 3), list(2, -3)], [3, 1, 6, 4]),
    Known(.gatherElements(axis: 1), [x(2, 2), .i64([2, 2], [0, 0, 1, 0])], [1, 1, 4, 3]),
    Known(.gatherND(batch: 0), [x(2, 2), .i64([2, 2], [0, 0, 1, -1])], [1, 4]),
    Known(.gatherND(batch: 1), [x(2, 2, 2), .i64([2, 1], [1, 0])], [3, 4, 5, 6]),
    Known(
      .scatterElements(axis: 1, .replace), [x(1, 5), .i64([1, 2], [1, -2]), .f32([1, 2], [1.1, 2.1])], [1, 1.1, 3, 2.1, 5]),
    Known(.scatterElements(axis: 1, .add), [x(1, 3), .i64([1, 2], [1, 1]), .f32([1, 2], [10, 20])], [1, 32, 3]),
    Known(.scatterND(.maximum), [x(4), .i64([3, 1], [0, 3, 0]), .f32([3], [5, 1, 2])], [5, 2, 3, 4]),
    Known(.scatterND(.multiply), [x(2, 2), .i64([1, 1], [-1]), .f32([1, 2], [2, 3])], [1, 2, 6, 12]),
    Known(
      .topK(axis: 0, largest: true, sorted: true), [.of(.u64, [4], [3, 0x1p63, 3, 0]), list(3)], [0x1p63, 3, 3], [1, 0, 2]),
    Known(
      .topK(axis: 1, largest: false, sorted: true), [.f32([2, 3], [3, 1, 2, 5, 5, 4]), list(2)], [1, 2, 4, 5], [1, 2, 2, 0]),
    Known(
      .unique(axis: nil, sorted: true), [.f32([6], [2, 1, 1, 3, 4, 3])], [1, 2, 3, 4], [1, 0, 3, 4], [1, 0, 0, 2, 3, 2],
      [2, 1, 2, 1]),
    Known(
      .unique(axis: nil, sorted: false), [.f32([6], [2, 1, 1, 3, 4, 3])], [2, 1, 3, 4], [0, 1, 3, 4], [0, 1, 1, 2, 3, 2],
      [1, 2, 2, 1]),
    Known(
      .unique(axis: 0, sorted: true), [.f32([3, 3], [1, 0, 0, 1, 0, 0, 2, 3, 4])], [1, 0, 0, 2, 3, 4], [0, 2], [0, 0, 1],
      [2, 1]),
    Known(.nonZero, [.of(.bool, [2, 2], [1, 0, 1, 1])], [0, 1, 1, 0, 0, 1]),
    Known(.compress(axis: 1), [x(3, 2), .of(.bool, [2], [0, 1])], [2, 4, 6]),
    Known(.compress(axis: nil), [x(3, 2), .of(.bool, [5], [0, 1, 0, 0, 1])], [2, 5]),
    Known(
      .nonMaxSuppression(centres: false),
      [
        .f32([1, 3, 4], [0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 10, 1, 11]), .f32([1, 1, 3], [0.8, 0.9, 0.7]), list(3), real(0.5),
        real(0),
      ], [0, 0, 1, 0, 0, 2]),
    Known(
      .nonMaxSuppression(centres: true),
      [.f32([1, 2, 4], [0.5, 0.5, 1, 1, 0.5, 1.4, 1, 1]), .f32([1, 1, 2], [0.8, 0.9]), list(9), real(0.5)],
      [0, 0, 1, 0, 0, 0]),
    Known(.nonMaxSuppression(centres: false), [.f32([1, 1, 4], [0, 0, 1, 1]), .f32([1, 1, 1], [1])], []),
  ])
  func computes(_ known: Known) throws {
    let found = try known.test.references()
    #expect(found.count == known.outputs.count, "\(known.test)")
    for (a, b) in zip(found, known.outputs) {
      #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 }, "\(known.test): \(a), expected \(b)")
    }
  }

  /// Every element size moves by the same code: the bytes of each type arrive where those of f32 do.
  @Test(arguments: [DType.u8, .i16, .f64]) func everyElementSize(dtype: DType) throws {
    for op in [Op.transpose([2, 0, 1]), .depthToSpace(block: 2, columnRowDepth: false), .unsqueeze([1]), .nonZero] {
      let sizes = if case .depthToSpace = op { [2, 4, 2, 3] } else { [3, 4, 2] }
      let values = (0..<sizes.reduce(1, *)).map { Double($0) }
      let expected = try OpCase(op, [.f32(sizes, values)]).references()
      #expect(try OpCase(op, [.of(dtype, sizes, values)]).references() == expected, "\(op)")
    }
  }

  struct Bad: Sendable {
    var test: OpCase
    var message: String

    init(_ op: Op, _ arguments: [OpArgument], _ message: String) {
      test = OpCase(op, arguments)
      self.message = message
    }
  }

  /// Elements that are wrong are errors that say where.
  @Test(arguments: [
    Bad(.gather(axis: 0), [x(3, 2), list(0, 3)], "index 3 at 1 is outside an axis of 3"),
    Bad(.gather(axis: 0), [x(3, 2), list(-4)], "index -4 at 0 is outside an axis of 3"),
    Bad(.gather(axis: 0), [x(3, 2), list(.min, .max)], "index -9223372036854775808 at 0 is outside"),
    Bad(.gatherElements(axis: 1), [x(2, 2), .i64([1, 2], [0, 2])], "index 2 at 1 is outside an axis of 2"),
    Bad(.gatherND(batch: 0), [x(2, 3), .i64([1, 2], [1, 3])], "index 3 at 1 is outside an axis of 3"),
    Bad(.scatterElements(axis: 0, .add), [x(2), list(5), x(1)], "index 5 at 0 is outside an axis of 2"),
    Bad(.scatterND(.replace), [x(2), .i64([1, 1], [-3]), x(1)], "index -3 at 0 is outside an axis of 2"),
    Bad(.reverseSequence(batchAxis: 0, timeAxis: 1), [x(2, 3), list(1, 4)], "lengths: expected 0 to 3 at 1, found 4"),
    Bad(.reverseSequence(batchAxis: 0, timeAxis: 1), [x(2, 3), list(-1, 2)], "lengths: expected 0 to 3 at 0, found -1"),
  ])
  func refuses(_ bad: Bad) {
    let error = #expect(throws: DLError.self) { try bad.test.references() }
    #expect(error?.status == .invalidArgument)
    #expect(error?.message.contains(bad.message) == true, "found: \(error?.message ?? "no error")")
  }
}
