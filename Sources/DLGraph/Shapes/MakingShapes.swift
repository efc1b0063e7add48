// Shapes of operations that make tensors.

extension ShapeInference {
  func makingFacts(_ op: Op, _ inputs: [Fact?]) throws(DLError) -> [Fact] {
    throw DLError(.unsupported, "not supported yet")
  }
}
