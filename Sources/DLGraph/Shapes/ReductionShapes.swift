// Shapes of reductions.

extension ShapeInference {
  func reductionFacts(_ op: Op, _ inputs: [Fact?]) throws(DLError) -> [Fact] {
    throw DLError(.unsupported, "not supported yet")
  }
}
