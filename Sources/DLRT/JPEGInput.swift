import DLGraph
import DLImage
import DLRuntime

extension SessionHandle {
  /// Decodes a JPEG and sets it as the model's metadata say.
  func setJPEG(_ index: Int, _ jpeg: UnsafeRawBufferPointer) throws(DLError) {
    let graph = model.model.graph
    guard graph.inputs.indices.contains(index) else {
      throw DLError(.outOfRange, "input \(index): the model has \(graph.inputs.count) inputs")
    }
    let known: Preprocessing
    if let found = preprocessing[index] { known = found } else { known = try Preprocessing(graph: graph, input: index) }
    preprocessing[index] = known
    let tensor = try withOwnFloatingPointState { () throws(DLError) in try known.prepare(jpeg: jpeg) }
    defer { withExtendedLifetime(tensor) {} }  // setInput copies from its memory
    try session.setInput(index, tensor.dtype, tensor.sizes, tensor.bytes)
  }
}
