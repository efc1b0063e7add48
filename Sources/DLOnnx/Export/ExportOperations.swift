import DLGraph

extension NodeExporter {
  /// Appends the nodes of ONNX that compute the outputs of the node, one for nearly every operation.
  func export() throws(DLError) {
    switch node.op {
    case .conv(let window, let groups): emit("Conv", inputs, window.attributes + [.int("group", groups)])
    case .convTranspose(let window, let groups, let outputPadding):
      try convTranspose(window, groups, outputPadding)
    case .maxPool(let kernel, let window): emit("MaxPool", inputs, window.attributes(kernel: kernel))
    case .averagePool(let kernel, let window, let countPadding):
      emit("AveragePool", inputs, window.attributes(kernel: kernel) + [.flag("count_include_pad", countPadding)])
    case .lpPool(let kernel, let window, let p): emit("LpPool", inputs, window.attributes(kernel: kernel) + [.int("p", p)])
    case .globalMaxPool: emit("GlobalMaxPool")
    case .globalAveragePool: emit("GlobalAveragePool")
    case .globalLpPool(let p): emit("GlobalLpPool", .int("p", p))
    case .maxUnpool(let kernel, let window):
      emit(
        "MaxUnpool", [input(0), input(1), try list(2)],
        [.ints("kernel_shape", kernel), .ints("strides", window.strides), .ints("pads", window.padBegin + window.padEnd)])
    case .roiMaxPool(let height, let width, let scale):
      emit("MaxRoiPool", .ints("pooled_shape", [height, width]), .float("spatial_scale", scale))
    case .roiAlign(let align): emit("RoiAlign", [input(0), input(1), try list(2)], align.attributes)

    case .gemm(let transposeA, let transposeB): emit("Gemm", .flag("transA", transposeA), .flag("transB", transposeB))
    case .matmul: emit("MatMul", in: dtype.wider)
    case .einsum(let equation): emit("Einsum", .text("equation", equation.description))

    case .activation(let activation): try export(activation)
    case .unary(let function): try export(function)
    case .binary(let function): try export(function)
    case .select: emit("Where")
    case .cast(let dtype): emit("Cast", .int("to", Int(dtype.onnx)))
    case .dropout(let rate): emit("Dropout", [input(0), try number(Double(rate), .f32)])

    case .softmax(let axis): emit("Softmax", .int("axis", axis))
    case .logSoftmax(let axis): emit("LogSoftmax", .int("axis", axis))
    case .hardmax(let axis): emit("Hardmax", .int("axis", axis))
    case .localResponseNorm(let size, let alpha, let beta, let bias):
      emit("LRN", .int("size", size), .float("alpha", alpha), .float("beta", beta), .float("bias", bias))
    case .batchNorm(let epsilon): emit("BatchNormalization", .float("epsilon", epsilon))
    case .instanceNorm(let epsilon): emit("InstanceNormalization", .float("epsilon", epsilon))
    case .groupNorm(let groups, let epsilon):
      emit("GroupNormalization", .int("num_groups", groups), .float("epsilon", epsilon))
    case .layerNorm(let axis, let epsilon):
      if node.outputs.count > 1 && dtype == .f64 { throw DLError(.unsupported, "mean and deviation of f64 are f32 in ONNX") }
      emit("LayerNormalization", .int("axis", axis), .float("epsilon", epsilon))
    case .rmsNorm(let axis, let epsilon): emit("RMSNormalization", .int("axis", axis), .float("epsilon", epsilon))
    case .lpNormalise(let axis, let p): emit("LpNormalization", .int("axis", axis), .int("p", p))

    case .reduce(let reduction, let axes, let keepsAxes, let noAxesIsIdentity):
      let axes = axes.isEmpty ? try list(1) : try numbers(axes)
      let ordered = reduction == .maximum || reduction == .minimum
      emit(
        reduction.onnx, in: ordered && dtype.size == 1 ? nil : dtype.wider, [input(0), axes],
        [.flag("keepdims", keepsAxes), .flag("noop_with_empty_axes", noAxesIsIdentity)])
    case .argMax(let axis, let keepsAxis, let last):
      emit("ArgMax", .int("axis", axis), .flag("keepdims", keepsAxis), .flag("select_last_index", last))
    case .argMin(let axis, let keepsAxis, let last):
      emit("ArgMin", .int("axis", axis), .flag("keepdims", keepsAxis), .flag("select_last_index", last))
    case .cumulativeSum(let exclusive, let reverse):
      let attributes: [Onnx_AttributeProto] = [.flag("exclusive", exclusive), .flag("reverse", reverse)]
      emit("CumSum", in: dtype.wider, [input(0), try scalar(1)], attributes)
    case .distance(let distance): try export(distance)

    case .concat(let axis): emit("Concat", .int("axis", axis))
    case .split(let axis, let sizes):
      let parts = sizes.isEmpty ? try list(1) : try numbers(sizes)
      let count: [Onnx_AttributeProto] = parts.isEmpty ? [.int("num_outputs", node.outputs.count)] : []
      emit("Split", [input(0), parts], [.int("axis", axis)] + count)
    case .slice: emit("Slice", [input(0), try list(1), try list(2), try list(3), try list(4)])
    case .pad(let mode): emit("Pad", [input(0), try list(1), try scalar(2), try list(3)], [.text("mode", mode.onnx)])
    case .transpose(let permutation): emit("Transpose", inputs, permutation.isEmpty ? [] : [.ints("perm", permutation)])
    case .flatten(let axis): emit("Flatten", .int("axis", axis))
    case .reshape(let sizes, let zeroIsSize):
      emit("Reshape", [input(0), has(1) ? try list(1) : try numbers(sizes)], [.flag("allowzero", zeroIsSize)])
    case .squeeze(let axes): emit("Squeeze", [input(0), axes.isEmpty ? try list(1) : try numbers(axes)])
    case .unsqueeze(let axes): emit("Unsqueeze", [input(0), has(1) ? try list(1) : try numbers(axes)])
    case .expand: emit("Expand", [input(0), try list(1)])
    case .tile: emit("Tile", [input(0), try list(1)])
    case .depthToSpace(let block, let columnRowDepth):
      emit("DepthToSpace", .int("blocksize", block), .text("mode", columnRowDepth ? "CRD" : "DCR"))
    case .spaceToDepth(let block): emit("SpaceToDepth", .int("blocksize", block))
    case .reverseSequence(let batchAxis, let timeAxis): try reverseSequence(batchAxis, timeAxis)
    case .triangle(let upper): emit("Trilu", [input(0), try scalar(1, as: .i64)], [.flag("upper", upper)])

    case .shape(let start, let end): emit("Shape", inputs, [.int("start", start)] + (end.map { [.int("end", $0)] } ?? []))
    case .size: emit("Size")
    case .fill: emit("Expand", [try scalar(1), try list(0)])
    case .range: try range()
    case .oneHot(let axis): emit("OneHot", .int("axis", axis))
    case .eyeLike(let dtype, let k): emit("EyeLike", .int("dtype", Int(dtype.onnx)), .int("k", k))

    case .gather(let axis): emit("Gather", .int("axis", axis))
    case .gatherElements(let axis): emit("GatherElements", .int("axis", axis))
    case .gatherND(let batch): emit("GatherND", [input(0), try list(1)], [.int("batch_dims", batch)])
    case .scatterElements(let axis, let reduction):
      emit("ScatterElements", .int("axis", axis), .text("reduction", reduction.onnx))
    case .scatterND(let reduction): emit("ScatterND", [input(0), try list(1), input(2)], [.text("reduction", reduction.onnx)])
    case .topK(let axis, let largest, let sorted):
      emit(
        "TopK", [input(0), try list(1)], [.int("axis", axis), .flag("largest", largest), .flag("sorted", sorted)], outputs: 2)
    case .unique(let axis, let sorted):
      emit("Unique", inputs, (axis.map { [.int("axis", $0)] } ?? []) + [.flag("sorted", sorted)])
    case .nonZero: emit("NonZero")
    case .compress(let axis): emit("Compress", inputs, axis.map { [.int("axis", $0)] } ?? [])
    case .nonMaxSuppression(let centres): emit("NonMaxSuppression", .flag("center_point_box", centres))

    case .resize(let resize): emit("Resize", [input(0), input(1), input(2), try list(3)], resize.attributes)
    case .gridSample(let sample): emit("GridSample", inputs, sample.attributes)
    }
  }

  /// ONNX's rules of padding leave open what lies beyond the last window; explicit padding does not.
  private func convTranspose(_ window: Window, _ groups: Int, _ outputPadding: [Int]) throws(DLError) {
    guard let weights = type(1).sizes else { throw DLError(.unsupported, "weights of free sizes") }
    let (window, outputPadding) = window.resolvedTransposed(kernel: Array(weights[2...]), outputPadding: outputPadding)
    emit("ConvTranspose", inputs, window.attributes + [.int("group", groups), .ints("output_padding", outputPadding)])
  }

  /// ONNX has the batch and the time on the first two axes only.
  private func reverseSequence(_ batchAxis: Int, _ timeAxis: Int) throws(DLError) {
    let rank = type(0).rank
    let (batch, time) = (try resolveAxis(batchAxis, rank: rank), try resolveAxis(timeAxis, rank: rank))
    if max(batch, time) == 1 { return emit("ReverseSequence", .int("batch_axis", batch), .int("time_axis", time)) }
    let order = [batch, time] + (0..<rank).filter { $0 != batch && $0 != time }
    let moved = add("Transpose", [input(0)], .ints("perm", order))
    let reversed = add("ReverseSequence", [moved, input(1)], .int("batch_axis", 0), .int("time_axis", 1))
    emit("Transpose", [reversed], [.ints("perm", (0..<rank).map { axis in order.firstIndex(of: axis) ?? 0 })])
  }

  private func range() throws(DLError) {
    let wide: DType?
    switch dtype {
    case .f32, .f64, .i16, .i32, .i64: wide = nil
    case .f16, .bf16: wide = .f32
    case .i8, .u8, .u16, .u32, .u64, .bool: wide = .i64
    }
    emit("Range", in: wide, [try scalar(0), try scalar(1), try scalar(2)])
  }

  private func export(_ distance: Distance) throws(DLError) {
    let axis = try numbers([-1])
    let keep = Onnx_AttributeProto.flag("keepdims", false)
    switch distance {
    case .squaredL2: emit("ReduceSumSquare", [add("Sub", inputs), axis], [keep])
    case .cosineSimilarity:
      let product = add("ReduceSum", [add("Mul", inputs), axis], keep)
      let lengths = add("Mul", [add("ReduceL2", [input(0), axis], keep), add("ReduceL2", [input(1), axis], keep)])
      let zero = try number(0, dtype)
      emit("Where", [add("Equal", [lengths, zero]), zero, add("Div", [product, lengths])])
    }
  }
}
