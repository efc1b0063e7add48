import Foundation
import FuzzTargets
import Testing

/// Tests/fuzz/corpus.txt: files of which each reaches something the others do not, and those that a fault was found with.
@Suite struct CorpusTests {
  @Test func everyFileIsTakenOrRefused() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../fuzz/corpus.txt")
    let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
    var ran = 0
    for line in lines where attempt(try #require(Data(base64Encoded: String(line)))) { ran += 1 }
    #expect(lines.count > 100 && ran > lines.count / 10)
  }
}
