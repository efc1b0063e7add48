import CPlatform

/// The text of an error. It is written like a string, `"axis \(i): expected \(n)"`, but appends to bytes through functions that
/// are not inlined: checks are everywhere in the runtime, and as String interpolation their messages were half of the library.
public struct Message: ExpressibleByStringInterpolation, Sendable, CustomStringConvertible {
  public private(set) var utf8: [UInt8] = []

  fileprivate init() {}
  public init(stringLiteral text: StaticString) { append(text.utf8Start) }
  public init(stringInterpolation: StringInterpolation) { utf8 = stringInterpolation.message.utf8 }

  public var description: String { String(decoding: utf8, as: UTF8.self) }

  public static func + (a: Message, b: Message) -> Message {
    var sum = a
    sum += b
    return sum
  }

  public static func += (a: inout Message, b: Message) { a.append(b.utf8) }

  /// A text that ends with 0, as every StaticString does.
  @inline(never)
  fileprivate mutating func append(_ text: UnsafePointer<UInt8>) {
    var byte = text
    while byte.pointee != 0 {
      utf8.append(byte.pointee)
      byte += 1
    }
  }

  @inline(never)
  fileprivate mutating func append(_ bytes: [UInt8]) { utf8.append(contentsOf: bytes) }

  @inline(never)
  fileprivate mutating func append(decimal number: Int64) {
    if number < 0 { utf8.append(UInt8(ascii: "-")) }
    append(decimal: number.magnitude)
  }

  @inline(never)
  fileprivate mutating func append(decimal magnitude: UInt64) {
    let start = utf8.count
    var rest = magnitude
    repeat {
      utf8.insert(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10), at: start)
      rest /= 10
    } while rest > 0
  }

  @inline(never)
  fileprivate mutating func append(hex number: UInt64) {
    let digits = max(1, (64 - number.leadingZeroBitCount + 3) / 4)
    for i in (0..<digits).reversed() {
      let digit = UInt8(truncatingIfNeeded: number >> UInt64(4 * i) & 15)
      utf8.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }

  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var message = Message()

    public init(literalCapacity: Int, interpolationCount: Int) {}
    public mutating func appendLiteral(_ text: StaticString) { appendInterpolation(text) }
    public mutating func appendInterpolation(_ text: StaticString) {
      if text.utf8CodeUnitCount > 0 { message.append(text.utf8Start) }
    }
    public mutating func appendInterpolation(_ message: Message) { self.message.append(message.utf8) }
    public mutating func appendInterpolation(_ name: Name) { message.append(name.utf8) }
    public mutating func appendInterpolation(cString text: UnsafePointer<CChar>) { message.append(Name(cString: text).utf8) }
    public mutating func appendInterpolation(hex number: UInt64) { message.append(hex: number) }
    #if !hasFeature(Embedded)
      // String alone would be 14 KB of the library.
      public mutating func appendInterpolation(_ text: String) { message.append(Array(text.utf8)) }
    #endif
    public mutating func appendInterpolation(_ number: Double) {
      var text = InlineArray<32, CChar>(repeating: 0)
      withUnsafeMutablePointer(to: &text) { memory in
        let text = UnsafeMutableRawPointer(memory).assumingMemoryBound(to: CChar.self)
        dlp_format_real(number, text, 32)
        appendInterpolation(cString: text)
      }
    }
    public mutating func appendInterpolation<T: FixedWidthInteger>(_ number: T) {
      if T.isSigned {
        message.append(decimal: Int64(truncatingIfNeeded: number))
      } else {
        message.append(decimal: UInt64(truncatingIfNeeded: number))
      }
    }
  }
}
