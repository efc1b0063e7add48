import DLGraph

/// Operations that read between the elements of a tensor.
let samplingConverters: [String: Converter] = [
  "Resize": { call in [try call.resize()] },
  "Upsample": { call in
    let x = try call.input(0)
    var mode = try call.string("mode", default: "nearest")
    if mode == "bilinear" { mode = "linear" }
    guard let interpolation = modes[mode] else { throw DLError(.unsupported, "mode '\(mode)'") }
    let op = Resize(interpolation, .asymmetric, rounding: .floor)
    if call.version >= 9 { return [try call.add(.resize(op), x, nil, call.input(1))] }
    var scales = try call.floats("scales")
    if call.version < 7, let height = try call.float("height_scale"), let width = try call.float("width_scale") {
      scales = [1, 1, height, width]
    }
    let given = try call.required(scales, "scales")
    return [try call.add(.resize(op), x, nil, call.add(Constant([given.count], given)))]
  },
  "GridSample": { call in
    let sample = GridSample(
      try call.choice("mode", gridModes, default: call.version < 20 ? "bilinear" : "linear"),
      padding: try call.choice("padding_mode", words(of: GridSample.Padding.self), default: "zeros"),
      alignCorners: try call.bool("align_corners"))
    return [try call.add(.gridSample(sample), call.input(0), call.input(1))]
  },
  "AffineGrid": { call in [try call.affineGrid()] },
]

private let modes = words(of: Resize.Mode.self)
private let gridModes = modes.merging(["bilinear": .linear, "bicubic": .cubic]) { first, _ in first }

extension Call {
  fileprivate func resize() throws -> Int {
    let x = try input(0)
    let mode = try choice("mode", modes, default: "nearest")
    // Version 10 is that of the older Upsample.
    if version < 11 { return try add(.resize(Resize(mode, .asymmetric, rounding: .floor)), x, nil, input(1)) }
    let op = Resize(
      mode, try choice("coordinate_transformation_mode", words(of: Resize.Coordinates.self), default: "half_pixel"),
      rounding: try choice("nearest_mode", words(of: Resize.Rounding.self), default: "round_prefer_floor"),
      aspect: try choice("keep_aspect_ratio_policy", words(of: Resize.Aspect.self), default: "stretch"),
      cubic: try float("cubic_coeff_a", default: -0.75), excludesOutside: try bool("exclude_outside"),
      antialias: try bool("antialias"), extrapolation: try float("extrapolation_value", default: 0),
      axes: try ints("axes") ?? [])
    // Version 11 leaves inputs out by giving them no elements.
    func given(_ index: Int) -> Int? { optional(index).flatMap { type($0).sizes?.contains(0) == true ? nil : $0 } }
    return try add(.resize(op), x, op.coordinates == .cropAndResize ? given(1) : nil, given(2), given(3))
  }

  /// Positions between −1 and 1 of the cells of an image, moved by an affine map for each image of the batch.
  fileprivate func affineGrid() throws -> Int {
    let (theta, size) = (try input(0), try input(1))
    let align = try bool("align_corners")
    guard let axes = type(theta).dims.dropFirst().first?.size, axes == 2 || axes == 3 else {
      throw DLError(.shapeMismatch, "expected maps [N, 2, 3] or [N, 3, 4]")
    }
    let dtype = dtype(theta)
    let spatial = try slice(size, axis: 0, 2, 2 + axes)
    let column = try add(.concat(axis: 0), spatial, numbers([1]))
    var coordinates: [Int] = []
    // x, the last axis, comes first.
    for axis in (0..<axes).reversed() {
      let count = try cast(reshape(slice(spatial, axis: 0, axis, axis + 1), []), dtype)
      let places = try add(.range, number(0, dtype), count, number(1, dtype))
      let doubled = try binary(.multiply, places, number: 2)
      let line =
        try align
        ? binary(.divide, doubled, binary(.subtract, count, number: 1))
        : binary(.divide, binary(.add, doubled, number: 1), count)
      let along = try unsqueeze(binary(.subtract, line, number: 1), Array(1..<(axes - axis + 1)))
      coordinates.append(try add(.expand, along, column))
    }
    coordinates.append(try add(.expand, number(1, dtype), column))
    let base = try add(.concat(axis: axes), coordinates.map { $0 })
    let points = try reshape(base, [-1, axes + 1])
    let moved = try add(.matmul, points, transpose(theta, [0, 2, 1]))
    let batch = try slice(size, axis: 0, 0, 1)
    return try add(.reshape([]), moved, add(.concat(axis: 0), batch, spatial, numbers([axes])))
  }
}
