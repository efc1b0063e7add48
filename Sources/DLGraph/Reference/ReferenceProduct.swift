func evaluateProduct(_ op: Op, _ inputs: [TensorBuffer?], _ y: TensorBuffer) {
}
