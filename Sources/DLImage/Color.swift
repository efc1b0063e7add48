import DLGraph

extension Image {
  /// One channel: the luma of ITU-R BT.601, Y = 0.299 R + 0.587 G + 0.114 B, rounded as libjpeg does (16-bit fixed point).
  public func gray() throws(DLError) -> Image {
    if channels == 1 { return self }
    return try derived(width: width, height: height, channels: 1) { source, target in
      for i in 0..<width * height {
        let r = Int32(source[3 * i])
        let g = Int32(source[3 * i + 1])
        let b = Int32(source[3 * i + 2])
        target[i] = UInt8(truncatingIfNeeded: (19595 &* r &+ 38470 &* g &+ 7471 &* b &+ 32768) >> 16)
      }
    }
  }

  /// Three channels: grey is repeated.
  public func rgb() throws(DLError) -> Image {
    if channels == 3 { return self }
    return try derived(width: width, height: height, channels: 3) { source, target in
      for i in 0..<width * height {
        for c in 0..<3 { target[3 * i + c] = source[i] }
      }
    }
  }
}
