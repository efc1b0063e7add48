import DLGraph

/// One node of a graph on its way into ONNX. What ONNX cannot express is thrown as unsupported.
struct NodeExporter {
  let node: Node
  private let exporter: Exporter

  init(_ node: Node, _ exporter: Exporter) {
    self.node = node
    self.exporter = exporter
  }

  // MARK: inputs

  func has(_ i: Int) -> Bool { i < node.inputs.count && node.inputs[i] != Node.absent }
  /// Of an input that is there, as all before the first optional one are.
  func type(_ i: Int) -> TensorType { exporter.graph.values[node.inputs[i]].type }
  var dtype: DType { type(0).dtype }
  var outputType: TensorType { exporter.graph.values[node.outputs[0]].type }

  /// The name of an input, empty where it is left out.
  func input(_ i: Int) -> String { has(i) ? exporter.name(of: node.inputs[i]) : "" }
  var inputs: [String] { node.inputs.indices.map { input($0) } }

  /// Input i, integers, as a list of i64.
  func list(_ i: Int) throws(DLError) -> String {
    guard has(i) else { return "" }
    let name = cast(input(i), from: type(i).dtype, to: .i64)
    return type(i).rank == 0 ? add("Unsqueeze", [name, try numbers([0])]) : name
  }

  /// Input i, of one element, as a scalar.
  func scalar(_ i: Int, as wanted: DType? = nil) throws(DLError) -> String {
    guard has(i) else { return "" }
    let name = cast(input(i), from: type(i).dtype, to: wanted ?? type(i).dtype)
    return type(i).rank == 0 ? name : add("Reshape", [name, try numbers([])])
  }

  // MARK: building

  /// The output of a node of ONNX.
  func add(_ type: String, _ inputs: [String], _ attributes: Onnx_AttributeProto...) -> String {
    let output = exporter.freshName(node.name)
    exporter.append(type, inputs, attributes, to: [output], named: node.name)
    return output
  }

  func cast(_ x: String, from own: DType, to wanted: DType) -> String {
    own == wanted ? x : add("Cast", [x], .int("to", Int(wanted.onnx)))
  }

  /// A scalar.
  func number(_ value: Double, _ dtype: DType) throws(DLError) -> String {
    exporter.append(try Constant(filling: TensorType(dtype, []), with: value), named: node.name)
  }

  /// A list of i64.
  func numbers(_ values: [Int]) throws(DLError) -> String {
    exporter.append(try Constant([values.count], integers: values), named: node.name)
  }

  /// Appends the node that computes the outputs. outputs: how many it must have, whether or not anybody reads them.
  func emit(_ type: String, _ inputs: [String], _ attributes: [Onnx_AttributeProto] = [], outputs: Int = 1) {
    var names = node.outputs.map { $0 == Node.absent ? exporter.freshName(node.name) : exporter.name(of: $0) }
    while names.count < outputs { names.append(exporter.freshName(node.name)) }
    exporter.append(type, inputs, attributes, to: names, named: node.name)
  }

  /// With the inputs as they are.
  func emit(_ type: String, _ attributes: Onnx_AttributeProto...) { emit(type, inputs, attributes) }

  /// In another type, for which ONNX has the operation; nil: in the inputs' own. Integers wrap to the same.
  func emit(_ type: String, in wide: DType?, _ inputs: [String]? = nil, _ attributes: [Onnx_AttributeProto] = []) {
    let inputs = inputs ?? self.inputs
    guard let wide else { return emit(type, inputs, attributes) }
    var widened = inputs
    for i in node.inputs.indices where has(i) && self.type(i).dtype == dtype {
      widened[i] = cast(inputs[i], from: dtype, to: wide)
    }
    let output = exporter.freshName(node.name)
    exporter.append(type, widened, attributes, to: [output], named: node.name)
    emit("Cast", [output], [.int("to", Int(dtype.onnx))])
  }
}

extension DType {
  /// The type that stands in for one of the integers of 8 and 16 bits, which many operations of ONNX do not take.
  var wider: DType? {
    switch self {
    case .i8, .i16, .u8, .u16: .i64
    case .f32, .f16, .bf16, .f64, .i32, .i64, .u32, .u64, .bool: nil
    }
  }
}
