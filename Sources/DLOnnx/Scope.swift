/// What names mean within a graph of the model. Subgraphs see the names of the graphs around them.
final class Scope {
  enum Entry {
    /// A value of the graph that is built.
    case value(Int)
    /// An initializer that nothing has asked for yet.
    case tensor(Onnx_TensorProto)
    case sparseTensor(Onnx_SparseTensorProto)
    /// An optional input of a function that its caller leaves out.
    case absent
    /// The output of a node that could not be converted.
    case failed
  }

  var entries: [String: Entry] = [:]
  private let outer: Scope?

  init(within outer: Scope? = nil) { self.outer = outer }

  /// Makes the initializers of a graph known.
  func define(_ source: Onnx_GraphProto) {
    for tensor in source.initializer { entries[tensor.name] = .tensor(tensor) }
    for tensor in source.sparseInitializer { entries[tensor.values.name] = .sparseTensor(tensor) }
  }

  /// The innermost scope that knows the name.
  func owner(of name: String) -> Scope? {
    var scope: Scope? = self
    while let known = scope, known.entries[name] == nil { scope = known.outer }
    return scope
  }
}
