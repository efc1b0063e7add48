import DLGraph

// Convolution as a matrix product (Chellapilla et al. 2006), for any number of spatial axes. The patches of an image under the
// window are laid out as a matrix [channels · cells, outputs]; then for each image and group
//   y = w · patches + bias,   dw = Σ dy · patchesᵀ,   dpatches = wᵀ · dy.

func convForward<Scalar: TensorScalar>(
  _ window: Window, _ groups: Int, _ inputs: [Tensor<Scalar>], _ shape: [Int]
) -> Tensor<Scalar> {
  Scalar.backend.conv(ConvShape(window, groups, x: inputs[0].shape, w: inputs[1].shape, y: shape), inputs)
}

func convBackward<Scalar: TensorScalar>(
  _ window: Window, _ groups: Int, _ step: BackwardStep<Scalar>
) -> [Tensor<Scalar>?] {
  let (x, w) = (step.inputs[0], step.inputs[1])
  let conv = ConvShape(window, groups, x: x.shape, w: w.shape, y: step.output.shape)
  var gradients: [Tensor<Scalar>?] = step.inputs.map { _ in nil }
  if step.isNeeded[0] { gradients[0] = convInputGradient(conv, w, step.gradient) }
  if step.isNeeded[1] { gradients[1] = convWeightGradient(conv, x, step.gradient) }
  if step.inputs.count > 2, step.isNeeded[2] { gradients[2] = channelSums(step.gradient) }
  return gradients
}

extension ConvShape {
  /// patches[channel · cells + cell][output] = what the window's cell reads. What is padding must be zero before; it is the
  /// same for every image.
  fileprivate func gather<Scalar: TensorScalar>(
    _ x: UnsafePointer<Scalar>, _ patches: UnsafeMutablePointer<Scalar>, _ runs: WindowRuns
  ) {
    for channel in 0..<channels {
      let x = x + channel * inputs
      let patches = patches + channel * cells * outputs
      for run in runs.runs {
        let from = x + run.input
        let to = patches + run.cell * outputs + run.output
        if run.inputStride == 1 {
          copyRow(from, to, run.count)
        } else {
          for i in 0..<run.count { to[i] = from[i * run.inputStride] }
        }
      }
    }
  }

  /// Adds each patch element to the input it was read from.
  fileprivate func scatter<Scalar: TensorScalar>(
    _ patches: UnsafePointer<Scalar>, _ x: UnsafeMutablePointer<Scalar>, _ runs: WindowRuns
  ) {
    for channel in 0..<channels {
      let x = x + channel * inputs
      let patches = patches + channel * cells * outputs
      for run in runs.runs {
        let from = patches + run.cell * outputs + run.output
        let to = x + run.input
        if run.inputStride == 1 {
          addRow(from, to, run.count)
        } else {
          for i in 0..<run.count { to[i * run.inputStride] += from[i] }
        }
      }
    }
  }
}

func convByPatches<Scalar: TensorScalar>(_ conv: ConvShape, _ inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
  let (x, w, groups) = (inputs[0].start, inputs[1].start, conv.groups)
  let bias = inputs.count > 2 ? inputs[2].start : nil
  let runs = conv.makeRuns()
  return Tensor(uninitialized: conv.y) { y in
    conv.forEachChunk { _, images in
      let scratch = Buffer<Scalar>(conv.depth * conv.outputs)
      defer { withExtendedLifetime(scratch) {} }
      let patches = scratch.start
      patches.initialize(repeating: 0, count: conv.depth * conv.outputs)
      for part in images.lowerBound * groups..<images.upperBound * groups {
        let group = part % groups
        let y = y + part * conv.outputGroup
        conv.gather(x + part * conv.inputGroup, patches, runs)
        Scalar.backend.multiply(
          MatrixProduct(
            rows: conv.outChannels, depth: conv.depth, columns: conv.outputs,
            a: .init(w + group * conv.weightGroup, rowStride: conv.depth), b: .init(patches, rowStride: conv.outputs), y: y))
        guard let bias else { continue }
        for channel in 0..<conv.outChannels {
          let b = bias[group * conv.outChannels + channel]
          for i in channel * conv.outputs..<(channel + 1) * conv.outputs { y[i] += b }
        }
      }
    }
  }
}

func convInputGradient<Scalar: TensorScalar>(
  _ conv: ConvShape, _ w: Tensor<Scalar>, _ gradient: Tensor<Scalar>
) -> Tensor<Scalar> {
  let transposed = transposedWeights(conv, w)
  let dy = gradient.start
  let runs = conv.makeRuns()
  return Tensor(conv.x) { dx in
    conv.forEachChunk { _, images in
      let scratch = Buffer<Scalar>(conv.depth * conv.outputs)
      defer { withExtendedLifetime(scratch) {} }
      let patches = scratch.start
      for part in images.lowerBound * conv.groups..<images.upperBound * conv.groups {
        let group = part % conv.groups
        Scalar.backend.multiply(
          MatrixProduct(
            rows: conv.depth, depth: conv.outChannels, columns: conv.outputs,
            a: .init(transposed.start + group * conv.weightGroup, rowStride: conv.outChannels),
            b: .init(dy + part * conv.outputGroup, rowStride: conv.outputs), y: patches))
        conv.scatter(patches, dx + part * conv.inputGroup, runs)
      }
    }
  }
}

/// Each group's [outChannels, depth] as [depth, outChannels].
private func transposedWeights<Scalar: TensorScalar>(_ conv: ConvShape, _ w: Tensor<Scalar>) -> Tensor<Scalar> {
  Tensor(uninitialized: w.shape) { to in
    for group in 0..<conv.groups {
      let (w, to) = (w.start + group * conv.weightGroup, to + group * conv.weightGroup)
      for m in 0..<conv.outChannels {
        for k in 0..<conv.depth { to[k * conv.outChannels + m] = w[m * conv.depth + k] }
      }
    }
  }
}

/// The product is taken transposed, [depth, outputs] · [outputs, outChannels], because the second factor is the one that a
/// fast product rearranges, and dy is smaller than the patches.
func convWeightGradient<Scalar: TensorScalar>(
  _ conv: ConvShape, _ x: Tensor<Scalar>, _ gradient: Tensor<Scalar>
) -> Tensor<Scalar> {
  let (x, dy) = (x.start, gradient.start)
  let runs = conv.makeRuns()
  return sumOfImages(conv) { images, add in
    let scratch = Buffer<Scalar>(conv.depth * conv.outputs + conv.weightGroup)
    defer { withExtendedLifetime(scratch) {} }
    let patches = scratch.start
    let product = patches + conv.depth * conv.outputs
    patches.initialize(repeating: 0, count: conv.depth * conv.outputs)
    for part in images.lowerBound * conv.groups..<images.upperBound * conv.groups {
      conv.gather(x + part * conv.inputGroup, patches, runs)
      Scalar.backend.multiply(
        MatrixProduct(
          rows: conv.depth, depth: conv.outputs, columns: conv.outChannels, a: .init(patches, rowStride: conv.outputs),
          b: .init(dy + part * conv.outputGroup, rowStride: 1, columnStride: conv.outputs), y: product))
      add(part % conv.groups, product)
    }
  }
}

/// The gradient of the weights from those of single images: `body` gets the images of a chunk, and a function that adds the
/// transposed gradient [depth, outChannels] of a group. The chunks' sums are added in order, whatever thread made them.
private func sumOfImages<Scalar: TensorScalar>(
  _ conv: ConvShape, _ body: (_ images: Range<Int>, _ add: (_ group: Int, UnsafePointer<Scalar>) -> Void) -> Void
) -> Tensor<Scalar> {
  let count = conv.groups * conv.weightGroup
  let sums = Tensor<Scalar>([ConvShape.chunks, count]) { sums in
    conv.forEachChunk { chunk, images in
      body(images) { group, product in
        let sum = sums + chunk * count + group * conv.weightGroup
        addRow(product, sum, conv.weightGroup)
      }
    }
  }
  return Tensor(conv.w) { dw in
    for chunk in 0..<ConvShape.chunks {
      for group in 0..<conv.groups {
        let sum = sums.start + chunk * count + group * conv.weightGroup
        let dw = dw + group * conv.weightGroup
        for k in 0..<conv.depth {
          for m in 0..<conv.outChannels { dw[m * conv.depth + k] += sum[k * conv.outChannels + m] }
        }
      }
    }
  }
}

/// x [N, C, …] → [C], the sum over all but the channels.
func channelSums<Scalar: TensorScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
  let (batch, channels) = (x.shape[0], x.shape[1])
  let plane = x.shape[2...].reduce(1, *)
  return Tensor([channels]) { sums in
    parallel(channels) { channel in
      // A sum for each plane keeps the rounding error of long sums down.
      for image in 0..<batch { sums[channel] += sumRow(x.start + (image * channels + channel) * plane, plane) }
    }
  }
}
