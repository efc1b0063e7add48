import DLGraph
import KernelTypes

// Convolution on the runtime's kernels, which read images as NHWC; for one or two spatial axes.

/// w · x + bias. Every image is turned to NHWC, convolved, and turned back, a chunk of images at a time so that they stay in cache.
func convOnKernels(_ conv: ConvShape, _ inputs: [Tensor<Float>]) -> Tensor<Float> {
  guard var geometry = WindowGeometry(conv) else { return convByPatches(conv, inputs) }
  let (channels, outChannels) = (conv.x[1], conv.y[1])
  geometry.channels = channels
  geometry.inPixelStride = channels
  geometry.outPixelStride = outChannels
  let layer = kernels.convLayer(geometry, conv.groups, outChannels, ConvOptions(exact: true))
  let panels = Buffer<Float>(layer.packedSize)
  kernels.packConv(layer, inputs[1].start, inputs.count > 2 ? inputs[2].start : nil, panels.start)
  let (inputSize, outputSize) = (channels * conv.inputs, outChannels * conv.outputs)
  let x = inputs[0].start
  return Tensor(uninitialized: conv.y) { y in
    conv.forEachChunk { _, images in
      guard !images.isEmpty else { return }
      var geometry = geometry
      geometry.batch = images.count
      let plan = kernels.planConv(layer, geometry, 0, 1)
      let scratch = Buffer<Float>(images.count * (inputSize + outputSize) + plan.scratch)
      defer { withExtendedLifetime((scratch, panels)) {} }
      let input = scratch.start
      let output = input + images.count * inputSize
      for (i, image) in images.enumerated() {
        kernels.transpose(
          channels, conv.inputs, x + image * inputSize, conv.inputs, input + i * inputSize, channels)
      }
      let call = ConvCall(
        plan: plan, x: input, panels: panels.start, y: output, activation: .identity,
        scratch: output + images.count * outputSize)
      kernels.conv(call, 0..<plan.units, 0)
      for (i, image) in images.enumerated() {
        kernels.transpose(
          conv.outputs, outChannels, output + i * outputSize, outChannels, y + image * outputSize, conv.outputs)
      }
    }
  }
}

extension WindowGeometry {
  /// Sizes, strides, dilations and padding of a convolution; nil for more than two spatial axes. One axis is a row.
  fileprivate init?(_ conv: ConvShape) {
    guard conv.x.count <= 4 else { return nil }
    func pair(_ values: some Sequence<Int>, _ missing: Int) -> (Int, Int) {
      let values = Array(values)
      return values.count == 1 ? (missing, values[0]) : (values[0], values[1])
    }
    self.init()
    (inHeight, inWidth) = pair(conv.x[2...], 1)
    (outHeight, outWidth) = pair(conv.y[2...], 1)
    (kernelHeight, kernelWidth) = pair(conv.w[2...], 1)
    (strideHeight, strideWidth) = pair(conv.window.strides, 1)
    (dilationHeight, dilationWidth) = pair(conv.window.dilations, 1)
    (padTop, padLeft) = pair(conv.window.padBegin, 0)
    (padBottom, padRight) = pair(conv.window.padEnd, 0)
  }
}
