/// A name in a model, as UTF-8 bytes. Embedded Swift's String comparison would bring the Unicode tables with it.
public struct Name: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  public var utf8: [UInt8]

  public init(utf8: [UInt8]) { self.utf8 = utf8 }
  public init(_ text: String) { utf8 = Array(text.utf8) }
  public init(cString: UnsafePointer<CChar>) {
    utf8 = []
    var byte = cString
    while byte.pointee != 0 {
      utf8.append(UInt8(bitPattern: byte.pointee))
      byte += 1
    }
  }
  public init(stringLiteral text: StaticString) {
    utf8 = Array(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  public var isEmpty: Bool { utf8.isEmpty }
  /// Invalid UTF-8 is shown with replacement characters.
  public var description: String { String(decoding: utf8, as: UTF8.self) }
  /// 'name', as messages quote it.
  public var quoted: Message { "'\(self)'" }

  /// Bytewise order.
  public static func < (a: Name, b: Name) -> Bool {
    for (x, y) in zip(a.utf8, b.utf8) where x != y { return x < y }
    return a.utf8.count < b.utf8.count
  }
}
