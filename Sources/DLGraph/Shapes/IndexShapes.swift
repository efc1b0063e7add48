// Shapes of operations that select by index.

extension ShapeInference {
  func indexFacts(_ op: Op, _ inputs: [Fact?], outputs: Int) throws(DLError) -> [Fact] {
    throw DLError(.unsupported, "not supported yet")
  }
}
