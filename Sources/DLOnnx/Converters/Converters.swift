import DLGraph

/// Builds in the graph what a node of the model computes, and returns the values of its outputs. One of `Node.absent` is an
/// output that the model does not ask for.
typealias Converter = @Sendable (Call) throws -> [Int]

/// How each operation of ONNX is converted. Its meaning in every version: https://onnx.ai/onnx/operators
let converters: [String: Converter] =
  [
    spatialConverters, elementwiseConverters, activationConverters, shapeConverters, makingConverters, indexingConverters,
    matrixConverters,
    normalisationConverters, reductionConverters, samplingConverters, controlConverters, quantisationConverters,
    lossConverters, attentionConverters, signalConverters, recurrentConverters,
  ].reduce(into: [:]) { $0.merge($1) { first, _ in first } }
