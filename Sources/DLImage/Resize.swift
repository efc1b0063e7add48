import CPlatform
import DLGraph

public enum ResizeFilter: Hashable, Sendable {
  /// The pixel whose area holds the centre of the new one.
  case nearest
  /// Straight lines between pixel centres (a triangle of two pixels' width); when shrinking, the triangle grows with the
  /// pixels it replaces, so that all of them count. This is Pillow's BILINEAR and PyTorch's antialiased bilinear.
  case bilinear
}

extension Image {
  /// The whole image at another size. Pixel centres lie at halves: new (x + ½) corresponds to old (x + ½) · old/new.
  /// Bilinear works along rows first, rounds to 8 bits, then along columns, as Pillow did to version 11: results are equal
  /// to the last bit. (Later versions take the cheaper order, which may differ by 1.)
  /// Throws: as `init`.
  public func resized(width newWidth: Int, height newHeight: Int, _ filter: ResizeFilter = .bilinear) throws(DLError) -> Image {
    if newWidth == width, newHeight == height { return self }
    switch filter {
    case .nearest:
      return try derived(width: newWidth, height: newHeight, channels: channels) { pixels, result in
        var target = result
        for y in 0..<newHeight {
          let row = pixels + nearest(y, newHeight, height) * width * channels
          for x in 0..<newWidth {
            let source = row + nearest(x, newWidth, width) * channels
            for c in 0..<channels { target[c] = source[c] }
            target += channels
          }
        }
      }
    case .bilinear:
      _ = try Image.pixelCount(newWidth, newHeight)  // before any work
      return try resampledAlongRows(newWidth).resampledAlongColumns(newHeight)
    }
  }

  private func resampledAlongRows(_ newWidth: Int) throws(DLError) -> Image {
    if newWidth == width { return self }
    let taps = try Taps(from: width, to: newWidth)
    return try derived(width: newWidth, height: height, channels: channels) { pixels, result in
      var target = result
      for y in 0..<height {
        let row = pixels + y * width * channels
        for x in 0..<newWidth {
          let (first, count, weights) = taps[x]
          for c in 0..<channels {
            var source = row + first * channels + c
            var sum: Int32 = Taps.half
            for i in 0..<count {
              sum &+= Int32(source.pointee) &* weights[i]
              source += channels
            }
            target[c] = Taps.round(sum)
          }
          target += channels
        }
      }
    }
  }

  private func resampledAlongColumns(_ newHeight: Int) throws(DLError) -> Image {
    if newHeight == height { return self }
    let taps = try Taps(from: height, to: newHeight)
    let rowBytes = width * channels
    return try derived(width: width, height: newHeight, channels: channels) { pixels, result in
      for y in 0..<newHeight {
        let (first, count, weights) = taps[y]
        let top = pixels + first * rowBytes
        let target = result + y * rowBytes
        for x in 0..<rowBytes {
          var sum: Int32 = Taps.half
          for i in 0..<count { sum &+= Int32(top[i * rowBytes + x]) &* weights[i] }
          target[x] = Taps.round(sum)
        }
      }
    }
  }
}

/// The old pixel at the centre of new pixel `index`.
private func nearest(_ index: Int, _ new: Int, _ old: Int) -> Int {
  // (index + ½) · old/new in whole numbers; the sizes are below 2^28.
  Int((2 * Int64(index) + 1) * Int64(old) / (2 * Int64(new)))
}

/// For each new pixel of a row: which old pixels count, and how much, in 22-bit fixed point.
private final class Taps {
  static let bits: Int32 = 22
  static let half: Int32 = 1 << (bits - 1)
  /// sum / 2^22 as a byte. The weights of a pixel add up to 1 within their rounding.
  static func round(_ sum: Int32) -> UInt8 { UInt8(truncatingIfNeeded: min(max(sum >> bits, 0), 255)) }

  private let stride: Int
  private let first: UnsafeMutablePointer<Int32>
  private let count: UnsafeMutablePointer<Int32>
  private let weights: UnsafeMutablePointer<Int32>

  private init(_ memory: UnsafeMutableRawPointer, new: Int, stride: Int) {
    self.stride = stride
    first = memory.bindMemory(to: Int32.self, capacity: new * (stride + 2))
    count = first + new
    weights = count + new
  }

  // A convenience, because Embedded Swift (6.3) leaks an object whose designated initialiser throws halfway.
  convenience init(from old: Int, to new: Int) throws(DLError) {
    let scale = Double(old) / Double(new)
    let radius = scale > 1 ? scale : 1  // half the width of the triangle, in old pixels
    let stride = min(Int(radius) * 2 + 3, old)
    let (total, overflow) = new.multipliedReportingOverflow(by: stride + 2)
    guard !overflow, total <= Int.max / 4, let memory = dlp_allocate(total * 4) else {
      throw DLError(.outOfMemory, "no memory to resize \(old) to \(new) pixels")
    }
    self.init(memory, new: new, stride: stride)
    for x in 0..<new {
      let center = (Double(x) + 0.5) * scale
      let begin = max(Int(center - radius + 0.5), 0)
      let end = min(Int(center + radius + 0.5), old)
      var sum = 0.0
      for i in begin..<end { sum += triangle((Double(i) - center + 0.5) / radius) }
      let row = weights + x * stride
      for i in begin..<end {
        let weight = triangle((Double(i) - center + 0.5) / radius) / sum
        row[i - begin] = Int32(weight * Double(1 << Taps.bits) + 0.5)
      }
      first[x] = Int32(begin)
      count[x] = Int32(end - begin)
    }
  }

  deinit { dlp_free(first) }

  subscript(_ x: Int) -> (first: Int, count: Int, weights: UnsafePointer<Int32>) {
    (Int(first[x]), Int(count[x]), UnsafePointer(weights + x * stride))
  }
}

private func triangle(_ x: Double) -> Double {
  let distance = x < 0 ? -x : x
  return distance < 1 ? 1 - distance : 0
}
