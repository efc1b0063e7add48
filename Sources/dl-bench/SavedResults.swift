import DLGraph
import FoundationEssentials

/// What `run --json` writes and `compare` reads.
struct SavedResults: Codable {
  /// Raised when a field changes its meaning or goes away.
  var format = 1
  var results: [Measurement]

  init(results: [Measurement]) { self.results = results }

  init(path: String) throws {
    let storage: Storage
    do { storage = try Storage.mapping(path) } catch { throw BenchError(error.message) }
    defer { withExtendedLifetime(storage) {} }
    do {
      self = try JSONDecoder().decode(SavedResults.self, from: Data(bytes: storage.base, count: storage.byteCount))
    } catch { throw BenchError("'\(path)': not what dl-bench run --json writes") }
    guard format == 1 else { throw BenchError("'\(path)': expected results of format 1, found \(format)") }
  }
}
