import DLGraph

/// What keeps a model from being converted, each problem once, with the nodes that have it.
public struct Problems: Error, CustomStringConvertible {
  public struct Problem: Sendable {
    public let text: String
    public fileprivate(set) var places: [String]
  }

  public private(set) var list: [Problem] = []
  private var indices: [String: Int] = [:]

  mutating func add(_ text: String, at place: String) {
    if let index = indices[text] {
      list[index].places.append(place)
    } else {
      indices[text] = list.count
      list.append(Problem(text: text, places: [place]))
    }
  }

  /// One line a problem; of many places the first are named.
  public var description: String {
    let shown = 5
    return list.map { problem in
      let names = problem.places.prefix(shown).joined(separator: ", ")
      let more = problem.places.count > shown ? " and \(problem.places.count - shown) more" : ""
      let times = problem.places.count > 1 ? " (\(problem.places.count) times)" : ""
      return "  \(problem.text)\(times): \(names)\(more)"
    }.joined(separator: "\n")
  }
}
