import DLGraph
import Testing

@Test func smoke() throws {
  var g = Graph()
  let n = g.symbol("N")
  let x = g.addInput("x", TensorType(.f32, [n, .fixed(1), .fixed(4), .fixed(4)]))
  let w = g.addConstant("w", try Constant([2, 1, 3, 3], (0..<18).map { Float($0) }))
  let c = try g.addNode(.conv(Window(pad: 1), groups: 1), [x, w], name: "c")
  let y = try g.addNode(.activation(.leakyRelu(slope: 0.1)), [c], name: "y")
  g.outputs = [y]
  g.setMetadata("labels", .texts(["a", "b"]))
  let bytes = try encodeModel(g)
  let back = try bytes.withUnsafeBytes { try readModel(.copy($0)) }
  #expect(back.nodes.map(\.op) == g.nodes.map(\.op))
  #expect(back.values.map(\.type) == g.values.map(\.type))
  #expect(Array(back.values[1].constant!.floats) == (0..<18).map { Float($0) })
  #expect(try encodeModel(back) == bytes)
}
