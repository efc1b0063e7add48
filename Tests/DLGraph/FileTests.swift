import DLGraph
import Foundation
import Testing

@Suite struct FileTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("dlrt-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func withFolder(_ body: () throws -> Void) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try body()
  }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
  private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

  private func write(_ texts: [String], to name: String) throws {
    try writeFile(path(name)) { write throws(DLError) in
      for text in texts {
        try Array(text.utf8).withUnsafeBufferPointer { piece throws(DLError) in try write(UnsafeRawBufferPointer(piece)) }
      }
    }
  }

  @Test func writesPiecesAndReplaces() throws {
    try withFolder {
      try write(["before"], to: "a")
      try write(["one ", "", "two"], to: "a")
      #expect(try String(contentsOfFile: path("a"), encoding: .utf8) == "one two")
      #expect(try names() == ["a"])
    }
  }

  @Test func anErrorLeavesWhatWasThere() throws {
    try withFolder {
      try write(["before"], to: "a")
      let error = #expect(throws: DLError.self) {
        try writeFile(path("a")) { write throws(DLError) in
          try [UInt8](repeating: 1, count: 10).withUnsafeBufferPointer { piece throws(DLError) in
            try write(UnsafeRawBufferPointer(piece))
          }
          throw DLError(.invalidArgument, "changed my mind")
        }
      }
      #expect(error?.message == "changed my mind")
      #expect(try String(contentsOfFile: path("a"), encoding: .utf8) == "before")
      #expect(try names() == ["a"])
    }
  }

  @Test func errorsNameThePath() throws {
    try withFolder {
      for (target, reason) in [("absent/a", "no such file or directory"), (".", "it is a directory")] {
        let error = #expect(throws: DLError.self) { try write(["x"], to: target) }
        #expect(error?.status == .ioError)
        #expect(error?.message.contains(reason) == true)
        #expect(error?.message.contains(folder.lastPathComponent) == true)
      }
      let left = try names()
      #expect(left.isEmpty)
    }
  }

  @Test func writesDevicesDirectly() throws {
    try writeFile("/dev/null") { write throws(DLError) in try write(UnsafeRawBufferPointer(start: nil, count: 0)) }
    var info = stat()
    #expect(stat("/dev/null", &info) == 0 && info.st_mode & S_IFMT == S_IFCHR)
  }

  @Test func mapsWhatItWrote() throws {
    try withFolder {
      let model = RawModel().bytes
      try writeFile(path("m.dlrt")) { write throws(DLError) in
        try model.withUnsafeBufferPointer { piece throws(DLError) in try write(UnsafeRawBufferPointer(piece)) }
      }
      let storage = try Storage.mapping(path("m.dlrt"))
      #expect(storage.byteCount == model.count)
      let constant = try #require(try readModel(storage).values[2].constant)
      #expect(constant.storage === storage)
    }
  }
}
