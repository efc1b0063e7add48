import DLGraph
import KernelTypes
import Synchronization
import TestSupport
import Testing

@testable import DLRuntime

extension Model {
  /// The kernels a run with these input sizes calls, in order.
  func stepKernels(inputSizes: [[Int]], threads: Int = 1) throws -> [String] {
    try Plan(program, kernels, inputSizes: inputSizes, threads: threads).steps.map { "\($0.kernel)" }
  }
}

@Suite struct PlanTests {
  /// No two pieces that live at the same time overlap, and a chain needs no more than its two largest neighbours.
  @Test func piecesThatLiveTogetherLieApart() throws {
    var random = SplitMix64(seed: 11)
    for _ in 0..<200 {
      let pieces = (0..<Int.random(in: 1...40, using: &random)).map { _ in
        let first = Int.random(in: 0..<30, using: &random)
        return Lifetime(
          bytes: Int.random(in: 1...5000, using: &random), first: first, last: first + Int.random(in: 0..<10, using: &random))
      }
      let plan = try #require(MemoryPlan(pieces))
      for (i, a) in pieces.enumerated() {
        #expect(plan.offsets[i] % MemoryPlan.alignment == 0)
        #expect(plan.offsets[i] + a.bytes <= plan.bytes)
        for (j, b) in pieces.enumerated() where j > i && a.first <= b.last && b.first <= a.last {
          #expect(plan.offsets[i] + a.bytes <= plan.offsets[j] || plan.offsets[j] + b.bytes <= plan.offsets[i])
        }
      }
    }
    let chain = (0..<10).map { Lifetime(bytes: 640, first: $0, last: $0 + 1) }
    #expect(try #require(MemoryPlan(chain)).bytes == 1280)
    #expect(MemoryPlan([Lifetime(bytes: .max - 10, first: 0, last: 1)]) == nil)
  }

  @Test func activationsFuseAndLayoutsChangeAtTheEdges() throws {
    var maker = GraphMaker()
    let x = maker.input([1, 3, 12, 12])
    var y = try maker.node(.activation(.relu), [try maker.conv(x, out: 8, kernel: 3)])
    y = try maker.node(.maxPool(kernel: [2, 2], Window(stride: 2)), [y])
    y = try maker.node(.activation(.tanh), [try maker.conv(y, out: 8, kernel: 3)])
    // The rows of the weights move in place of the pixels.
    y = try maker.dense(try maker.node(.flatten(axis: 1), [y]), out: 5)
    maker.graph.outputs = [try maker.node(.softmax(axis: 1), [y])]
    #expect(
      try Model(maker.graph).stepKernels(inputSizes: [[1, 3, 12, 12]]) == [
        "transpose", "conv", "pool", "conv", "gemm", "softmax",
      ])
  }

  /// The convolutions before a dense layer ask for its weights, the last one for the first of them; none asks before a transformed
  /// convolution, and none for few weights or where many rows share them.
  @Test func convolutionsAskForTheWeightsOfADenseLayer() throws {
    for (batch, channels, out, transformed, asking) in [
      (1, 64, 32, false, 2), (1, 64, 32, true, 1), (1, 64, 2, false, 0), (5, 64, 32, false, 0), (1, 64, 512, false, 2),
      // So few weights that the last convolution asks for all.
      (1, 512, 300, false, 1),
      // More than are asked for.
      (1, 512, 1000, false, 1),
    ] {
      var maker = GraphMaker()
      var y = try maker.conv(maker.input([batch, channels, 14, 14]), out: channels, kernel: 1)
      if transformed { y = try maker.conv(y, out: channels, kernel: 3, pad: 1) }
      y = try maker.conv(y, out: channels, kernel: 1)
      if channels > 64 { y = try maker.node(.globalAveragePool, [y]) }
      y = try maker.node(.flatten(axis: 1), [y])
      maker.graph.outputs = [try maker.dense(y, out: out)]
      let model = try Model(maker.graph)
      let (program, inputSizes) = (model.program, [[batch, channels, 14, 14]])
      let asked = Asked()
      var kernels = model.kernels
      kernels.conv = { call, _, _ in
        asked.regions.append((call.panels + call.later, call.laterOfUnit * call.plan.units, call.plan))
      }
      let plan = try Plan(program, kernels, inputSizes: inputSizes, threads: 1)
      #expect(plan.steps.contains { "\($0.kernel)" == "winograd_conv" } == transformed)
      let anything = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
      defer { anything.deallocate() }
      let slots = [UnsafeMutableRawPointer](repeating: anything, count: plan.locations.count)
      for step in plan.steps where "\(step.kernel)".hasSuffix("conv") {
        step.body(slots, anything.assumingMemoryBound(to: Float.self), 0..<step.units, 0)
      }
      guard case .gemm(let panels, let depth, let columns) = try #require(program.nodes.last).operation else {
        Issue.record("no dense layer")
        continue
      }
      var next = panels.floats, left = min(depth * columns, 1 << 18)
      let found = asked.regions.reversed().filter { $0.floats > 0 }
      #expect(found.count == asking, "\(channels) channels, batch of \(batch), \(out) outputs")
      for (base, floats, plan) in found {
        let most = plan.freeTiles * plan.units * (plan.columns * plan.depth / 2 / plan.panelUnits)
        #expect(base == next && floats <= most)
        #expect(floats == most || left..<left + plan.units ~= floats)
        next += floats
        left -= floats
      }
    }
  }

  private final class Asked: @unchecked Sendable {
    var regions: [(base: UnsafePointer<Float>, floats: Int, plan: ConvPlan)] = []
  }

  @Test func everyUnitIsDoneOnce() throws {
    for threads in [1, 2, 3, 7] {
      let pool = try ThreadPool(threads: threads)
      for units in [0, 1, 2, 63, 64, 1000, 4097] {
        for grain in [1, 5, 2000] {
          let done = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: max(units, 1))
          for i in 0..<units { (done + i).initialize(to: Atomic(0)) }
          let step = Step(name: "count", kernel: "count", reads: [], write: 0, units: units) { _, _, range, worker in
            #expect(0..<threads ~= worker)
            for i in range { done[i].add(1, ordering: .relaxed) }
          }
          let nothing = UnsafeMutableRawPointer(done)
          withUnsafePointer(to: nothing) { slots in
            pool.run(step, slots, nothing.assumingMemoryBound(to: Float.self), grain: grain)
          }
          #expect((0..<units).allSatisfy { done[$0].load(ordering: .relaxed) == 1 }, "\(threads) threads, \(units) units")
          done.deallocate()
        }
      }
    }
  }

  @Test func poolsOfImpossibleSizesAreRefused() {
    #expect(throws: DLError.self) { try ThreadPool(threads: -1) }
    #expect(throws: DLError.self) { try ThreadPool(threads: 257) }
  }
}
