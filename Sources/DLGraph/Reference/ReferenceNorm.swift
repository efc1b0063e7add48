func evaluateNorm(_ op: Op, _ inputs: [TensorBuffer?], _ outputs: [TensorBuffer?]) {
}
