// Shapes of matrix products and distances.

extension ShapeInference {
  func productFacts(_ op: Op, _ inputs: [Fact?]) throws(DLError) -> [Fact] {
    throw DLError(.unsupported, "not supported yet")
  }
}
