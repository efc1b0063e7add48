/// An equation of Einstein's summation such as "bij,bjk->bik", with the sizes of its inputs. Every label is an axis to loop over:
/// the output's in order, then those summed over. What "..." stands for are labels of their own, matched from the right.
/// Without "->", the output has those and then, in alphabetical order, the labels that occur once (numpy's einsum).
public struct Einsum {
  /// The label of each axis, by input.
  public var inputs: [[Int]]
  public var output: [Int]
  /// The labels that are not in the output.
  var summed: [Int]

  /// Labels: letters by their ASCII code, axes of "..." from here on, the last one first.
  private static let firstEllipsis = 128

  /// ranks: of the inputs. Throws invalidModel for an equation that is none, shapeMismatch where it does not fit the ranks.
  public init(_ equation: Name, ranks: [Int]) throws(DLError) {
    let text = equation.utf8.filter { $0 != UInt8(ascii: " ") }
    var terms: [[UInt8]] = [[]]
    var outputTerm: [UInt8]?
    var at = 0
    while at < text.count {
      if text[at] == UInt8(ascii: "-"), at + 1 < text.count, text[at + 1] == UInt8(ascii: ">"), outputTerm == nil {
        outputTerm = Array(text[(at + 2)...])
        break
      }
      if text[at] == UInt8(ascii: ",") { terms.append([]) } else { terms[terms.count - 1].append(text[at]) }
      at += 1
    }
    guard terms.count == ranks.count else {
      throw DLError(
        .invalidModel, "equation \(equation.quoted): expected \(ranks.count) terms, one an input, found \(terms.count)")
    }
    var inputs: [[Int]] = []
    var broadcast = 0
    for (i, term) in terms.enumerated() {
      let (labels, hidden) = try Einsum.labels(term, equation, rank: ranks[i])
      broadcast = max(broadcast, hidden)
      inputs.append(labels)
    }
    let all = inputs.flatMap { $0 }
    if let outputTerm {
      output = try Einsum.labels(outputTerm, equation, ellipsis: broadcast).labels
    } else {
      output = Einsum.ellipsis(broadcast)
      for label in 0..<Einsum.firstEllipsis where all.filter({ $0 == label }).count == 1 { output.append(label) }
    }
    for (i, label) in output.enumerated() {
      guard all.contains(label), !output[..<i].contains(label) else {
        throw DLError(.invalidModel, "equation \(equation.quoted): expected each label of the output once in it and in an input")
      }
    }
    var summed: [Int] = []
    for label in all where !output.contains(label) && !summed.contains(label) { summed.append(label) }
    self.inputs = inputs
    self.summed = summed
  }

  private static func ellipsis(_ count: Int) -> [Int] { (0..<count).map { firstEllipsis + count - 1 - $0 } }

  /// The labels of a term's axes, and how many of them "..." stands for: `ellipsis`, or what is left of the rank.
  private static func labels(
    _ term: [UInt8], _ equation: Name, rank: Int? = nil, ellipsis given: Int = 0
  ) throws(DLError) -> (labels: [Int], hidden: Int) {
    var letters = 0
    for byte in term where isLetter(byte) { letters += 1 }
    var result: [Int] = []
    var hidden = 0
    var hasEllipsis = false
    var at = 0
    while at < term.count {
      if isLetter(term[at]) {
        result.append(Int(term[at]))
        at += 1
      } else if !hasEllipsis, term[at...].prefix(3).elementsEqual([0x2E, 0x2E, 0x2E]) {
        hasEllipsis = true
        hidden = rank.map { max(0, $0 - letters) } ?? given
        result += ellipsis(hidden)
        at += 3
      } else {
        throw DLError(.invalidModel, "equation \(equation.quoted): expected letters and one '...' in a term")
      }
    }
    if let rank, result.count != rank {
      throw DLError(.shapeMismatch, "equation \(equation.quoted): a term has \(result.count) labels for an input of rank \(rank)")
    }
    return (result, hidden)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
  }

  /// The size of a label, given those of the inputs: 1 where all have 1.
  func size(of label: Int, _ sizes: [[Int]]) -> Int {
    var size = 1
    for (i, labels) in inputs.enumerated() {
      for (axis, other) in labels.enumerated() where other == label && sizes[i][axis] != 1 { size = sizes[i][axis] }
    }
    return size
  }

  /// Elements from one place of each loop to the next in an input: of a label that occurs twice both steps, 0 where the size is 1.
  func strides(_ input: Int, _ sizes: [Int]) -> [Int] {
    let own = broadcastStrides(sizes, rank: sizes.count)
    return (output + summed).map { label in
      inputs[input].indices.reduce(0) { $0 + (inputs[input][$1] == label ? own[$1] : 0) }
    }
  }
}
