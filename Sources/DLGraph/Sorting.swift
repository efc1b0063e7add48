/// 0..<count in the order of `before`; those it does not tell apart stay in theirs. One function, so that the library holds one
/// sort.
@inline(never)
public func sortedIndices(_ count: Int, _ before: (Int, Int) -> Bool) -> [Int] { (0..<count).sorted(by: before) }
