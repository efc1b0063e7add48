func evaluateIndex(_ op: Op, _ inputs: [TensorBuffer?], _ outputs: inout [TensorBuffer?]) throws(DLError) {
}
