// Shapes of resize and grid sample.

extension ShapeInference {
  func samplingFacts(_ op: Op, _ inputs: [Fact?]) throws(DLError) -> [Fact] {
    throw DLError(.unsupported, "not supported yet")
  }
}
