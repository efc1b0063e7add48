import DLGraph

/// Builds in the graph what a node of the model computes, and returns the values of its outputs.
typealias Converter = @Sendable (Call) throws(DLError) -> [Int]

/// How each operation of ONNX is converted. Its meaning in every version: https://onnx.ai/onnx/operators
let converters: [String: Converter] =
  [spatialConverters, elementwiseConverters, shapeConverters, matrixConverters, normalisationConverters].reduce(into: [:]) {
    $0.merge($1) { first, _ in first }
  }
