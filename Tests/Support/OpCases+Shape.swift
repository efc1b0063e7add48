import DLGraph

/// A case whose inputs after the first are lists of i64.
private func moved(_ op: Op, _ x: OpArgument, _ lists: [Int]?...) -> OpCase {
  OpCase(op, [x] + lists.map { $0.map { .i64(list: $0) } ?? .absent })
}

private func scalar(_ dtype: DType, _ value: Double) -> OpArgument { .of(dtype, [], [value]) }

/// Types of every element size.
private let widths: [DType] = [.u8, .f16, .f32, .i64]

/// Slices, padding, transposes and other operations that move elements.
public let movementCases: [OpCase] =
  [
    moved(.slice, .f32([20, 10, 5]), [0, 0], [3, 10], [0, 1], [1, 1]),
    moved(.slice, .f32([20, 10, 5]), [20, 10], [0, 1], [0, -2], [-3, -2]),
    moved(.slice, .i64([5, 7]), [-3], [.max], [1], nil),
    moved(.slice, .of(.u8, [5, 7]), [-1, -1], [.min, .min], [1, 0], [-1, -4]),
    moved(.slice, .of(.f16, [3, 4, 5]), [1, 1], [2, -1]),
    moved(.slice, .of(.bool, [3, 4]), [5], [9], [0], nil),  // nothing
    moved(.slice, .f32([0, 4]), [0], [9], [0], [-1]),
    moved(.slice, .f32([2, 8, 5, 6]), [1, 1], [4, 6], [3, 1], [2, 3]),
    moved(.pad(.constant), .f32([2, 3, 4]), [0, 1, 2, 3, 0, 1]),
    moved(.pad(.reflect), .f32([2, 3, 4, 5]), [0, 0, 2, 3, 0, 0, 3, 4]),
    moved(.pad(.reflect), .i64([2, 3]), [0, 7, 0, 5]),  // there and back
    moved(.pad(.edge), .of(.u8, [3, 4]), [2, 1, 1, 3]),
    moved(.pad(.wrap), .of(.f16, [3, 4]), [5, 1, 1, 9]),
    moved(.pad(.edge), .f32([5, 6]), [-2, 1, 1, -3]),
    moved(.pad(.constant), .f32([5, 6]), [-2, 1, 1, -3], nil, nil),
    moved(.pad(.constant), .f32([3, 4]), [-4, 0, 5, 0]),  // more is cut than is there
    OpCase(.pad(.constant), [.of(.i32, [3, 4]), .i64(list: [1, 2]), scalar(.i32, 7), .i64(list: [-1])]),
    OpCase(.pad(.constant), [.f32([2, 0]), .i64(list: [1, 1, 0, 2]), scalar(.f32, -1.5)]),
    moved(.expand, .f32([3, 1]), [2, 1, 6]),
    moved(.expand, .of(.u8, [4]), [3, 4]),
    moved(.expand, .i64([1, 5]), [1, 1]),
    moved(.expand, .f32([]), [2, 3]),
    moved(.expand, .f32([2, 1, 3, 1]), [2, 4, 3, 2]),
    moved(.expand, .of(.f16, [1, 3]), [0, 3]),
    moved(.tile, .f32([2, 3, 4, 5]), [7, 6, 4, 2]),
    moved(.tile, .of(.u8, [3, 2]), [1, 3]),
    moved(.tile, .i64([3, 2]), [0, 2]),
    moved(.squeeze([]), .f32([1, 3, 1, 5]), [0, -2]),
    moved(.squeeze([]), .f32([1, 3]), []),
    moved(.unsqueeze([]), .of(.u16, [3, 5]), [-1, 1]),
    moved(.reshape([]), .of(.u8, [2, 3, 4]), [0, -1, 2]),
    moved(.reshape([], zeroIsSize: true), .f32([0, 3]), [3, 0]),
    moved(.reverseSequence(batchAxis: 1, timeAxis: 0), .f32([4, 4]), [4, 3, 2, 1]),
    moved(.reverseSequence(batchAxis: 0, timeAxis: 1), .of(.u8, [2, 5, 3]), [0, 5]),
    moved(.reverseSequence(batchAxis: -3, timeAxis: -1), .i64([3, 2, 5]), [1, 2, 4]),
    OpCase(.squeeze([]), [[1, 3, 1]]), OpCase(.squeeze([-1]), [[2, 1, 1]]), OpCase(.unsqueeze([0, 2]), [[3, 4]]),
    OpCase(.transpose([]), [[2, 3, 4]]), OpCase(.transpose([]), [[]]), OpCase(.transpose([0, 1]), [[5, 67]]),
    OpCase(.transpose([1, 0]), [[33, 70]]), OpCase(.transpose([0, 2, 3, 1]), [[2, 17, 5, 9]]),
    OpCase(.transpose([0, 3, 1, 2]), [[2, 5, 9, 17]]), OpCase(.transpose([0, 2, 1, 3]), [[2, 7, 5, 16]]),
    OpCase(.transpose([2, 0, 3, 1]), [[3, 4, 5, 6]]), OpCase(.transpose([3, 0, 1, 2, 4]), [[2, 3, 4, 5, 2]]),
    OpCase(.transpose([1, 0, 2]), [[3, 0, 2]]), OpCase(.transpose([5, 3, 1, 0, 2, 4]), [[2, 3, 1, 4, 2, 3]]),
    OpCase(.depthToSpace(block: 2, columnRowDepth: false), [[2, 12, 3, 5]]),
    OpCase(.depthToSpace(block: 3, columnRowDepth: true), [[1, 18, 2, 3]]),
    OpCase(.spaceToDepth(block: 2), [[2, 3, 4, 6]]), OpCase(.spaceToDepth(block: 3), [[1, 1, 9, 3]]),
    OpCase(.split(axis: 1, sizes: [1, 0, 4]), [.f32([2, 5, 3])], outputs: 3),
    OpCase(.split(axis: -1, sizes: []), [.of(.u8, [2, 7])], outputs: 3),
    OpCase(.split(axis: 0, sizes: []), [.i64([5])], outputs: 4),
    OpCase(.split(axis: 0, sizes: []), [.of(.f16, [6, 2]), .i64(list: [2, 4])], outputs: 2),
    OpCase(.concat(axis: 1), [.of(.u8, [2, 0]), .of(.u8, [2, 3]), .of(.u8, [2, 1])]),
    OpCase(.triangle(upper: true), [[4, 5]]), OpCase(.triangle(upper: false), [[2, 5, 3]]),
    OpCase(.triangle(upper: true), [.i64([3, 4, 5]), scalar(.i64, -2)]),
    OpCase(.triangle(upper: false), [.of(.u8, [4, 5]), scalar(.i64, 1)]),
    OpCase(.triangle(upper: false), [.f32([4, 5]), .i64(list: [.max])]),
    OpCase(.triangle(upper: true), [.f32([0, 5]), scalar(.i64, 1)]),
  ]
  + widths.flatMap { dtype in
    [
      OpCase(.transpose([2, 0, 1]), [.of(dtype, [3, 5, 4])]), OpCase(.flatten(axis: 1), [.of(dtype, [3, 5, 4])]),
      OpCase(.depthToSpace(block: 2, columnRowDepth: true), [.of(dtype, [1, 8, 3, 2])]),
      OpCase(.concat(axis: -1), [.of(dtype, [3, 2]), .of(dtype, [3, 5])]),
    ]
  }

let makingCases: [OpCase] = [
  OpCase(.shape(start: 0, end: nil), [[2, 3, 4]]), OpCase(.shape(start: -2, end: nil), [[2, 3, 4]]),
  OpCase(.shape(start: 1, end: -1), [[2, 3, 4]]), OpCase(.shape(start: 2, end: 1), [[2, 3, 4]]),
  OpCase(.shape(start: -9, end: 9), [[0, 3]]), OpCase(.size, [[2, 3, 4]]), OpCase(.size, [[]]), OpCase(.size, [[3, 0]]),
  OpCase(.fill, [.i64(list: [4, 3, 2]), .f32([1], [1.5])]), OpCase(.fill, [.i64(list: []), scalar(.i64, -7)]),
  OpCase(.fill, [.i64(list: [3, 0]), scalar(.u8, 1)]), OpCase(.fill, [.i64(list: [5]), scalar(.f16, 0.25)]),
  OpCase(.range, [scalar(.f32, 1), scalar(.f32, 5), scalar(.f32, 2)]),
  OpCase(.range, [scalar(.i64, 10), scalar(.i64, 4), scalar(.i64, -2)]),
  OpCase(.range, [scalar(.i32, 0), scalar(.i32, 7), scalar(.i32, 3)]),
  OpCase(.range, [scalar(.i16, 3), scalar(.i16, 3), scalar(.i16, 1)]),
  OpCase(.oneHot(axis: -1), [.i64([2, 3], [0, 1, -1, 4, 5, -6]), scalar(.i64, 5), .f32([2], [-1, 2])]),
  OpCase(.oneHot(axis: 1), [.of(.i32, [2, 2], [0, 3, -4, -5]), scalar(.f32, 4), .of(.u8, [2], [0, 1])]),
  OpCase(.oneHot(axis: 0), [.f32([3], [1, 2, 0]), .i64(list: [3]), .i64([2], [5, 6])]),
  OpCase(.eyeLike(.f32, k: 1), [[4, 5]]), OpCase(.eyeLike(.u8, k: -2), [[4, 3]]), OpCase(.eyeLike(.f64, k: .max), [[2, 2]]),
]

let indexCases: [OpCase] =
  widths.flatMap { dtype in
    [
      OpCase(.gather(axis: 1), [.of(dtype, [3, 5, 4]), .i64([2, 2], [0, -1, 4, -5])]),
      OpCase(.gatherElements(axis: 0), [.of(dtype, [3, 3]), .i64([2, 3], [1, 2, 0, -1, 0, -3])]),
      OpCase(.gatherND(batch: 1), [.of(dtype, [2, 3, 4]), .i64([2, 2, 1], [1, -1, 0, 2])]),
      OpCase(.scatterElements(axis: 1, .replace), [.of(dtype, [3, 5]), .i64([2, 2], [1, 3, -1, 0]), .of(dtype, [2, 2])]),
      OpCase(.scatterND(.replace), [.of(dtype, [4, 3]), .i64([2, 1], [3, -4]), .of(dtype, [2, 3])]),
      OpCase(.topK(axis: -1, largest: true, sorted: true), [.of(dtype, [3, 9]), .i64(list: [4])], outputs: 2),
      OpCase(.unique(axis: nil, sorted: true), [.of(dtype, [3, 6])], outputs: 4),
      OpCase(.nonZero, [.of(dtype, [2, 3, 2])]),
      OpCase(.compress(axis: 1), [.of(dtype, [3, 4, 2]), .of(.bool, [3], [0, 1, 1])]),
    ]
  }
  + [ScatterReduction.add, .multiply, .minimum, .maximum].flatMap { reduction in
    [DType.f32, .i32, .u64, .bf16].flatMap { dtype in
      [
        OpCase(
          .scatterElements(axis: 0, reduction), [.of(dtype, [3, 2]), .i64([3, 2], [1, 0, 1, 0, -1, 2]), .of(dtype, [3, 2])]),
        OpCase(.scatterND(reduction), [.of(dtype, [4]), .i64([3, 1], [1, 1, 3]), .of(dtype, [3])]),
      ]
    }
  } + [
    OpCase(.gather(axis: 0), [.f32([4, 3]), scalar(.i64, -2)]),
    OpCase(.gather(axis: -1), [.f32([2, 8, 3, 4]), .of(.i32, [3], [3, 0, 1])]),
    OpCase(.gather(axis: 1), [.f32([2, 8, 3, 4]), .i64(list: [7, 2])]),
    OpCase(.gather(axis: 0), [.f32([4, 3]), .i64([0, 2], [])]),
    OpCase(.gatherND(batch: 0), [.f32([2, 2, 3]), .i64([2, 2], [0, 1, -1, 0])]),
    OpCase(.gatherND(batch: 0), [.f32([2, 2]), .i64([3, 0], [])]),
    OpCase(
      .topK(axis: 0, largest: false, sorted: true),
      [.f32([5, 3], [3, 1, 2, 3, 0, 2, 1, 1, 1, 1, 0, 9, 7, 7, 7]), .i64(list: [3])], outputs: 2),
    OpCase(
      .topK(axis: 1, largest: true, sorted: false), [.of(.u64, [2, 4], [1, 0x1p63, 5, 0x1p62, 0, 0, 0, 1]), .i64(list: [4])],
      outputs: 2),
    OpCase(.topK(axis: 0, largest: true, sorted: true), [.f32([3]), .i64(list: [0])]),
    OpCase(
      .topK(axis: 1, largest: true, sorted: true), [.f32([2, 300], (0..<600).map { Double($0 * 7919 % 97) }), .i64(list: [7])],
      outputs: 2),
    OpCase(
      .topK(axis: 0, largest: false, sorted: true),
      [.f32([300, 2], (0..<600).map { (i: Int) -> Double in i % 50 < 4 ? .nan : Double(i * 7919 % 97) }), .i64(list: [7])],
      outputs: 2),
    OpCase(.unique(axis: 0, sorted: true), [.f32([4, 2], [1, 0, 0, 5, 1, 0, 0, 2])], outputs: 4),
    OpCase(.unique(axis: -1, sorted: false), [.i64([2, 4], [2, 1, 1, 2, 0, 1, 1, 0])], outputs: 4),
    OpCase(.unique(axis: nil, sorted: false), [.f32([6], [2, 1, 1, 3, 4, 3])], outputs: 4),
    OpCase(.nonZero, [.of(.bool, [2, 2], [1, 0, 1, 1])]), OpCase(.nonZero, [.f32([0, 3])]), OpCase(.nonZero, [.f32([], [2])]),
    OpCase(.compress(axis: nil), [.f32([3, 2]), .of(.bool, [5], [0, 1, 0, 0, 1])]),
    OpCase(
      .nonMaxSuppression(centres: false),
      [boxes, .f32([1, 1, 6], [0.9, 0.75, 0.6, 0.95, 0.5, 0.3]), scalar(.i64, 3), scalar(.f32, 0.5), scalar(.f32, 0.4)]),
    OpCase(
      .nonMaxSuppression(centres: true),
      [
        .f32([2, 3, 4], [0.5, 0.5, 1, 1, 0.5, 0.6, 1, 1, 0.5, 10.5, 1, 1, 0, 0, 2, 2, 0, 0, 2, 1, 9, 9, 1, 1]), .f32([2, 2, 3]),
        .i64(list: [2]), .f32([1], [0.5]),
      ]),
    OpCase(.nonMaxSuppression(centres: false), [boxes, .f32([1, 2, 6])]),
  ]

/// Three pairs of boxes that overlap.
private let boxes = OpArgument.f32(
  [1, 6, 4], [0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, -0.1, 1, 0.9, 0, 10, 1, 11, 1, 11.1, 0, 10.1, 0, 100, 1, 101])
