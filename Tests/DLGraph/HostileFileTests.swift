import DLGraph
import TestSupport
import Testing

/// Damaged files give a status, or a valid graph, and never a trap.
@Suite struct HostileFileTests {
  /// A network with most kinds of records, in about 2 KB.
  private static func model(packed: Bool = true) throws -> [UInt8] {
    var graph = Graph()
    graph.name = "hostile"
    let x = graph.addInput("image", TensorType(.f32, [graph.symbol("N"), .fixed(2), .fixed(6), .unknown]))
    let w = graph.addConstant("w", try Constant([3, 2, 3, 3], (0..<54).map { Float($0) }))
    let bias = graph.addConstant("b", try Constant([3], [1, 2, 3]))
    let conv = try graph.addNode(.conv(Window(pad: 1), groups: 1), [x, w, bias], name: "conv")
    let pool = try graph.addNode(.averagePool(kernel: [2, 2], Window(stride: 2), countPadding: true), [conv], name: "pool")
    let norm = try graph.addNode(.localResponseNorm(size: 3, alpha: 1, beta: 0.75, bias: 1), [pool], name: "norm")
    let both = try graph.addNode(.concat(axis: 1), [pool, norm], name: "concat")
    let flat = try graph.addNode(.reshape([0, -1]), [both], name: "reshape")
    graph.outputs = [try graph.addNode(.softmax(axis: -1), [flat], name: "softmax")]
    graph.setMetadata("labels", .texts(["a", "b"]))
    graph.setMetadata("preprocess.mean", .reals([0.5]))
    return try encodeModel(graph, packed: packed)
  }

  /// The message, or nil for a valid graph. Whatever is read must be sound enough to be written again.
  private func outcome(_ bytes: [UInt8]) -> String? {
    do {
      let graph = try read(bytes)
      _ = try encodeModel(graph)
      return nil
    } catch let error as DLError {
      return error.message
    } catch { return "\(error)" }
  }

  @Test func cutAtEveryLength() throws {
    let bytes = try Self.model()
    #expect(outcome(bytes) == nil)
    for length in 0..<bytes.count {
      let message = try #require(outcome(Array(bytes[..<length])), "a file cut at \(length) was read")
      let expected =
        length == 0 ? "not a .dlrt file" : length < 64 ? "expected 64 bytes, found the file's end" : "it is cut short"
      #expect(message.contains(expected), "cut at \(length): \(message)")
    }
  }

  @Test func everyByteMatters() throws {
    let bytes = try Self.model()
    for i in bytes.indices {
      for bit in [0, 7] {
        var damaged = bytes
        damaged[i] ^= 1 << bit
        #expect(outcome(damaged) != nil, "bit \(bit) of byte \(i)")
      }
    }
  }

  /// With the checksums made right again, the damage reaches the checks behind them.
  @Test(arguments: [false, true]) func seededMutations(repaired: Bool) throws {
    let bytes = try Self.model(packed: false)
    var generator = SplitMix64(seed: repaired ? 1 : 2)
    var messages = Set<String>()
    var valid = 0
    for _ in 0..<5000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &generator) { damage(&damaged, &generator) }
      if repaired { repairChecksums(&damaged) }
      if let message = outcome(damaged) { messages.insert(shape(of: message)) } else { valid += 1 }
    }
    // Behind the checksums there are many different checks; some damage, of a name or a weight, is none.
    #expect(repaired ? messages.count > 40 : messages.count > 5, "\(messages.count) kinds of message")
    #expect(repaired ? valid > 100 : valid < 100, "\(valid) valid")
  }

  @Test func seededMutationsOfPackedSections() throws {
    let bytes = try Self.model()
    var generator = SplitMix64(seed: 3)
    var messages = Set<String>()
    for _ in 0..<5000 {
      var damaged = bytes
      damage(&damaged, &generator)
      repairChecksums(&damaged)
      if let message = outcome(damaged) { messages.insert(shape(of: message)) }
    }
    #expect(messages.count > 20, "\(messages.count) kinds of message")
  }

  private func damage(_ bytes: inout [UInt8], _ generator: inout SplitMix64) {
    let edges: [UInt64] = [0, 1, 63, 0x7F, 0xFF, 0xFFFF, 1 << 31, 0xFFFF_FFFF, 1 << 62, 1 << 63, .max]
    let at = Int.random(in: 0..<bytes.count, using: &generator)
    switch Int.random(in: 0..<5, using: &generator) {
    case 0, 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 2:
      let edge = edges.randomElement(using: &generator)! &+ UInt64.random(in: 0...1, using: &generator)
      for i in 0..<[1, 4, 8].randomElement(using: &generator)! where at + i < bytes.count {
        bytes[at + i] = UInt8(truncatingIfNeeded: edge >> UInt64(8 * i))
      }
    case 3:
      let from = Int.random(in: 0..<bytes.count, using: &generator)
      for i in 0..<8 where at + i < bytes.count && from + i < bytes.count { bytes[at + i] = bytes[from + i] }
    default: bytes[at] = UInt8.random(in: .min ... .max, using: &generator)
    }
  }

  /// A message without its numbers and names.
  private func shape(of message: String) -> String {
    message.split(separator: "'").enumerated().filter { $0.offset % 2 == 0 }.map { $0.element.filter { !$0.isHexDigit } }.joined()
  }

  /// Counts far above what the file could hold are refused before memory is taken for them.
  @Test func memoryIsInProportionToTheFile() {
    let huge: [@Sendable (inout RawModel) -> Void] = [
      { $0.stringFields[0] = .u32(0x7FFF_FFFF) }, { $0.metadata[0] = .u32(0x7FFF_FFFF) }, { $0.tensors[0] = .u32(0x7FFF_FFFF) },
      { $0.graph[1] = .u32(0x7FFF_FFFF) }, { $0.graph[3] = .u32(0x7FFF_FFFF) }, { $0.graph[5] = .u32(0x7FFF_FFFF) },
      { $0.graph[7] = .u32(0x7FFF_FFFF) }, { $0.graph[10] = .u32(0x7FFF_FFFF) }, { $0.graph[14] = .u32(0x7FFF_FFFF) },
    ]
    for change in huge {
      var model = RawModel()
      change(&model)
      #expect(outcome(model.bytes)?.contains("which fit the section, found 2147483647") == true)
    }
  }
}
