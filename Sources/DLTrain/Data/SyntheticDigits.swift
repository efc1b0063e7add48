import Foundation

/// Digits drawn from strokes, every one a little different: like handwritten ones, for when no data are at hand. 28×28 pixels,
/// white on black, as MNIST's.
public enum SyntheticDigits {
  public static let side = 28

  /// `count` digits, the classes in turn. Equal seeds give equal digits, and a longer set begins with the shorter one.
  public static func dataset(count: Int, seed: UInt64) -> ImageDataset {
    let size = side * side
    var pixels = [UInt8](repeating: 0, count: count * size)
    pixels.withUnsafeMutableBufferPointer { pixels in
      let start = pixels.baseAddress!
      parallel(count) { i in
        var generator = Generator(seed: seed &+ UInt64(i) &* 0x9E37_79B9_7F4A_7C15)
        draw(digit: i % 10, start + i * size, &generator)
      }
    }
    return ImageDataset([1, side, side], fitting: pixels, (0..<count).map { $0 % 10 }, .mnist)
  }

  private static func draw(digit: Int, _ pixels: UnsafeMutablePointer<UInt8>, _ generator: inout Generator) {
    let hand = Hand(&generator)
    let forms = strokes(of: digit)
    let strokes = forms[generator.integer(below: forms.count)].map { $0.map { hand.place($0, &generator) } }
    for stroke in strokes {
      for (a, b) in zip(stroke, stroke.dropFirst()) { ink(pixels, a, b, radius: hand.radius) }
    }
  }

  /// Draws a line with round ends; the edge falls off over one pixel.
  private static func ink(_ pixels: UnsafeMutablePointer<UInt8>, _ a: Point, _ b: Point, radius: Double) {
    func range(_ p: Double, _ q: Double) -> ClosedRange<Int> {
      let low = max(0, Int((min(p, q) - radius - 1).rounded(.down)))
      let high = min(side - 1, Int((max(p, q) + radius + 1).rounded(.up)))
      return min(low, high)...high
    }
    let (dx, dy) = (b.x - a.x, b.y - a.y)
    let length = max(dx * dx + dy * dy, 1e-12)
    for y in range(a.y, b.y) {
      for x in range(a.x, b.x) {
        let (px, py) = (Double(x) + 0.5 - a.x, Double(y) + 0.5 - a.y)
        let t = min(1, max(0, (px * dx + py * dy) / length))
        let distance = hypot(px - t * dx, py - t * dy)
        let value = UInt8(255 * min(1, max(0, radius + 0.5 - distance)))
        pixels[y * side + x] = max(pixels[y * side + x], value)
      }
    }
  }
}

/// A point of a glyph: x to the right, y down, both 0 to 1; or in pixels once placed.
private struct Point {
  var x, y: Double
  init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
}

/// How one writer writes one digit: slant, size, place, pen and an unsteady hand.
private struct Hand {
  let radius: Double
  private let xx, xy, yx, yy, left, top, wobble, phase: Double

  init(_ generator: inout Generator) {
    let angle = generator.uniform(-0.22...0.22)
    let slant = generator.uniform(-0.1...0.35)
    let width = generator.uniform(14...20)
    let height = generator.uniform(17...21)
    xx = cos(angle) * width
    xy = (-sin(angle) - slant * cos(angle)) * height
    yx = sin(angle) * width
    yy = (cos(angle) - slant * sin(angle)) * height
    left = 14 + generator.uniform(-1.5...1.5)
    top = 14 + generator.uniform(-1.5...1.5)
    radius = generator.uniform(0.75...1.7)
    wobble = generator.uniform(0...0.05)
    phase = generator.uniform(0...(2 * .pi))
  }

  func place(_ p: Point, _ generator: inout Generator) -> Point {
    let x = p.x - 0.5 + wobble * sin(5 * p.y + phase) + generator.uniform(-0.012...0.012)
    let y = p.y - 0.5 + wobble * cos(5 * p.x + phase) + generator.uniform(-0.012...0.012)
    return Point(left + xx * x + xy * y, top + yx * x + yy * y)
  }
}

/// Points on an ellipse from one angle to another, in degrees, clockwise from the right.
private func arc(_ x: Double, _ y: Double, _ rx: Double, _ ry: Double, _ from: Double, _ to: Double) -> [Point] {
  (0...12).map { i in
    let angle = (from + (to - from) * Double(i) / 12) * .pi / 180
    return Point(x + rx * cos(angle), y + ry * sin(angle))
  }
}

private func line(_ points: (Double, Double)...) -> [Point] { points.map { Point($0.0, $0.1) } }

/// The ways to write a digit, each a list of strokes.
private func strokes(of digit: Int) -> [[[Point]]] {
  switch digit {
  case 0: [[arc(0.5, 0.5, 0.32, 0.44, -100, 260)], [arc(0.5, 0.5, 0.24, 0.44, -70, 290)]]
  case 1: [[line((0.5, 0.06), (0.5, 0.94))], [line((0.34, 0.26), (0.52, 0.06), (0.52, 0.94))]]
  case 2:
    [
      [arc(0.5, 0.3, 0.28, 0.24, -165, 30) + line((0.2, 0.92), (0.82, 0.92))],
      [arc(0.48, 0.28, 0.26, 0.22, -180, 50) + arc(0.3, 0.84, 0.12, 0.1, -60, -290) + line((0.84, 0.9))],
    ]
  case 3:
    [
      [arc(0.45, 0.28, 0.27, 0.22, -150, 85) + arc(0.45, 0.71, 0.31, 0.23, -85, 150)],
      [line((0.22, 0.08), (0.74, 0.08), (0.45, 0.44)) + arc(0.45, 0.69, 0.3, 0.25, -90, 150)],
    ]
  case 4:
    [
      [line((0.6, 0.06), (0.16, 0.62), (0.84, 0.62)), line((0.62, 0.06), (0.62, 0.94))],
      [line((0.24, 0.08), (0.22, 0.54), (0.76, 0.54)), line((0.74, 0.08), (0.7, 0.94))],
    ]
  case 5:
    [
      [line((0.76, 0.08), (0.3, 0.08), (0.26, 0.46)) + arc(0.46, 0.67, 0.3, 0.25, -115, 150)],
      [line((0.3, 0.1), (0.28, 0.44)) + arc(0.46, 0.68, 0.27, 0.24, -110, 160), line((0.3, 0.1), (0.78, 0.08))],
    ]
  case 6:
    [
      [line((0.66, 0.06)) + arc(0.62, 0.56, 0.4, 0.48, -115, -180) + arc(0.49, 0.69, 0.27, 0.24, 180, -180)],
      [arc(0.66, 0.52, 0.42, 0.44, -90, -190) + arc(0.5, 0.72, 0.26, 0.2, 200, -150)],
    ]
  case 7:
    [
      [line((0.18, 0.1), (0.8, 0.1), (0.42, 0.94))],
      [line((0.18, 0.1), (0.8, 0.1), (0.42, 0.94)), line((0.34, 0.5), (0.74, 0.5))],
    ]
  case 8:
    [
      [arc(0.5, 0.28, 0.23, 0.21, 90, 450), arc(0.5, 0.72, 0.28, 0.22, -90, 270)],
      [arc(0.5, 0.28, 0.22, 0.22, 0, -250) + arc(0.5, 0.72, 0.27, 0.22, -70, 240) + line((0.72, 0.28))],
    ]
  default:
    [
      [arc(0.48, 0.31, 0.26, 0.24, 0, -360) + line((0.74, 0.4), (0.68, 0.94))],
      [arc(0.48, 0.3, 0.26, 0.23, -20, -370) + arc(0.4, 0.5, 0.34, 0.44, -10, 100)],
    ]
  }
}
