import DLGraph

/// A piece of a page. Written like a string; what is put in between is text and is escaped, unless it is HTML itself:
///
///     let cell: HTML = "<td>\(name)</td>"
struct HTML: ExpressibleByStringInterpolation {
  private(set) var text = ""

  init() {}
  init(stringLiteral text: String) { self.text = text }
  init(stringInterpolation: StringInterpolation) { text = stringInterpolation.html.text }

  static func += (a: inout HTML, b: HTML) { a.text += b.text }

  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var html = HTML()

    init(literalCapacity: Int, interpolationCount: Int) { html.text.reserveCapacity(literalCapacity + 16 * interpolationCount) }
    mutating func appendLiteral(_ text: String) { html.text += text }
    mutating func appendInterpolation(_ html: HTML) { self.html.text += html.text }
    mutating func appendInterpolation(_ pieces: [HTML]) { for piece in pieces { html.text += piece.text } }
    mutating func appendInterpolation(_ text: String) { html.appendEscaped(text) }
    mutating func appendInterpolation(_ name: Name) { html.appendEscaped(visible(name)) }
    mutating func appendInterpolation(_ text: StaticString) { html.appendEscaped("\(text)") }
    mutating func appendInterpolation(_ number: Int) { html.text += String(number) }
    /// To a tenth: enough of a place in a drawing.
    mutating func appendInterpolation(_ number: Double) {
      let tenths = (number * 10).rounded()
      html.text += Int(exactly: tenths / 10).map { "\($0)" } ?? "\(tenths / 10)"
    }
  }

  private mutating func appendEscaped(_ string: String) {
    for character in string.unicodeScalars {
      switch character {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      default: text.unicodeScalars.append(character)
      }
    }
  }
}
