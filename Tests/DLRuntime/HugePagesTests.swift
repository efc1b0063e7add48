import CPlatform
import Foundation
import TestSupport
import Testing

@testable import DLRuntime

@Suite struct HugePagesTests {
  private let bytes = 9 << 20

  /// Kilobytes of huge pages in the mappings that begin inside some memory: where some of its pages are huge from the beginning
  /// there are several.
  private func hugeKilobytes(at memory: UnsafeRawPointer) throws -> Int {
    let first = UInt(bitPattern: memory)
    var kilobytes = 0
    var isInside = false
    let text = try #require(try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/smaps")).readToEnd())
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      let range = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      if range.count == 2 { isInside = first..<first + UInt(bytes) ~= range[0] }
      if isInside && words[0] == "AnonHugePages:" { kilobytes += Int(words[1]) ?? 0 }
    }
    return kilobytes
  }

  /// Memory of 2 MB blocks in a mapping of its own, which nothing else can become a part of.
  private func withMemory(_ body: (UnsafeMutableRawPointer) throws -> Void) throws {
    let whole = bytes + (8 << 20)
    let mapping = try #require(mmap(nil, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))
    try #require(mapping != MAP_FAILED)
    defer { munmap(mapping, whole) }
    let memory = (mapping + 1).alignedUp(toMultipleOf: 2 << 20)
    #expect(mprotect(memory, bytes, PROT_READ | PROT_WRITE) == 0)
    try body(memory)
  }

  /// Touched beforehand, pages may be huge from the beginning.
  @Test(arguments: [false, true]) func pagesBecomeHugeAfterTheFirstRun(touched: Bool) throws {
    try withMemory { memory in
      dlp_prepare_pages(memory, bytes, touched)
      let count = bytes / MemoryLayout<Int>.size
      let numbers = UnsafeMutableBufferPointer(start: memory.bindMemory(to: Int.self, capacity: count), count: count)
      for i in numbers.indices { numbers[i] = i }
      var pages = HugePages(generation: dlp_fork_generation(), patience: .max)
      pages.add(memory, bytes)
      pages.add(memory, 100)  // too small
      let before = try hugeKilobytes(at: memory)
      pages.make()
      #expect(try hugeKilobytes(at: memory) == before)
      pages.make()
      #expect(pages.isEmpty)
      #expect(numbers.indices.allSatisfy { numbers[$0] == $0 })
      let after = try hugeKilobytes(at: memory)
      // Whether the system gives huge pages at all shows where one is asked for directly.
      try withMemory { sample in
        memset(sample, 1, bytes)
        if dlp_allows_huge_pages() && madvise(sample, 2 << 20, 25) == 0 { #expect(after == 8192) }
      }
    }
  }

  /// Without patience a call makes one of the four pages, and gives the others up if that was slow.
  @Test(arguments: [0, .max] as [UInt64]) func slowPagesAreGivenUp(slow: UInt64) throws {
    try withMemory { memory in
      dlp_prepare_pages(memory, bytes, false)
      memset(memory, 1, bytes)
      var pages = HugePages(generation: dlp_fork_generation(), patience: 0, slow: slow)
      pages.add(memory, bytes)
      pages.make()
      #expect(!pages.isEmpty)
      pages.make()
      // Where the system gives no huge page the others are given up in any case.
      try withMemory { sample in
        memset(sample, 1, bytes)
        if dlp_allows_huge_pages() && madvise(sample, 2 << 20, 25) == 0 { #expect(pages.isEmpty == (slow == 0)) }
      }
    }
  }

  @Test func freedMemoryIsLeftAlone() throws {
    var pages = HugePages(generation: dlp_fork_generation())
    let memory = try #require(UnsafeRawPointer(bitPattern: 1 << 30))
    pages.add(memory, 8 << 20)
    #expect(!pages.isEmpty)
    pages.remove(memory)
    #expect(pages.isEmpty)
  }

  @Test func memoryFromBeforeAForkStaysShared() throws {
    try withMemory { memory in
      dlp_prepare_pages(memory, bytes, false)
      memset(memory, 1, bytes)
      let before = try hugeKilobytes(at: memory)
      var pages = HugePages(generation: dlp_fork_generation() + 1)
      pages.add(memory, bytes)
      #expect(!pages.isEmpty)
      for _ in 0..<2 { pages.make() }
      #expect(pages.isEmpty)
      #expect(try hugeKilobytes(at: memory) == before)
    }
  }

  @Test func outputsKeepTheirBits() throws {
    var maker = GraphMaker()
    maker.graph.outputs = [try maker.dense(maker.input([1, 1024]), out: 4096)]
    let session = Session(try Model(maker.graph), pool: try ThreadPool(threads: 1))
    let input = [TestTensor(random: [1, 1024], seed: 3)]
    let first = try run(session, input)
    for _ in 0..<200 { #expect(try run(session, input) == first) }
  }
}
