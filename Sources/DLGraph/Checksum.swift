import CPlatform

/// XXH64 with seed 0 (Yann Collet, "XXH64 algorithm description"): four 64-bit lanes of multiply and rotate, which keeps up
/// with memory on every CPU. It finds damage, not forgery. FORMAT.md gives the algorithm and test values.
public func checksum(of bytes: UnsafeRawBufferPointer) -> UInt64 { Checksum.of(bytes) }

/// The same, of bytes that come in pieces.
struct Checksum {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  /// Bytes that `addStripes` takes at a time.
  static let stripe = 32

  private var a = prime1 &+ prime2
  private var b = prime2
  private var c: UInt64 = 0
  private var d = 0 &- prime1
  private var count: UInt64 = 0

  /// The checksum of bytes.
  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var checksum = Checksum()
    let whole = bytes.count & ~(stripe - 1)
    checksum.addStripes(UnsafeRawBufferPointer(rebasing: bytes[..<whole]))
    return checksum.finish(tail: UnsafeRawBufferPointer(rebasing: bytes[whole...]))
  }

  /// Adds bytes, a multiple of `stripe`.
  mutating func addStripes(_ bytes: UnsafeRawBufferPointer) {
    var (a, b, c, d) = (a, b, c, d)
    var i = 0
    while i < bytes.count {
      // Processors read ahead only to the end of a page.
      dlp_prefetch(bytes.baseAddress! + i + 4096)
      a = Checksum.round(a, load(bytes, i))
      b = Checksum.round(b, load(bytes, i + 8))
      c = Checksum.round(c, load(bytes, i + 16))
      d = Checksum.round(d, load(bytes, i + 24))
      i += Checksum.stripe
    }
    (self.a, self.b, self.c, self.d) = (a, b, c, d)
    count &+= UInt64(bytes.count)
  }

  /// The checksum of all that was added and of the last bytes, fewer than `stripe`.
  func finish(tail: UnsafeRawBufferPointer) -> UInt64 {
    var h: UInt64
    if count > 0 {
      h = rotate(a, 1) &+ rotate(b, 7) &+ rotate(c, 12) &+ rotate(d, 18)
      for lane in [a, b, c, d] { h = (h ^ Checksum.round(0, lane)) &* Checksum.prime1 &+ Checksum.prime4 }
    } else {
      h = Checksum.prime5
    }
    h &+= count &+ UInt64(tail.count)
    var i = 0
    while i + 8 <= tail.count {
      h = rotate(h ^ Checksum.round(0, load(tail, i)), 27) &* Checksum.prime1 &+ Checksum.prime4
      i += 8
    }
    if i + 4 <= tail.count {
      let word = UInt64(UInt32(littleEndian: tail.loadUnaligned(fromByteOffset: i, as: UInt32.self)))
      h = rotate(h ^ (word &* Checksum.prime1), 23) &* Checksum.prime2 &+ Checksum.prime3
      i += 4
    }
    while i < tail.count {
      h = rotate(h ^ (UInt64(tail[i]) &* Checksum.prime5), 11) &* Checksum.prime1
      i += 1
    }
    h = (h ^ (h >> 33)) &* Checksum.prime2
    h = (h ^ (h >> 29)) &* Checksum.prime3
    return h ^ (h >> 32)
  }

  @inline(__always)
  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 { rotate(lane &+ word &* prime2, 31) &* prime1 }
}

@inline(__always)
private func rotate(_ x: UInt64, _ n: UInt64) -> UInt64 { x &<< n | x &>> (64 &- n) }

@inline(__always)
private func load(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
  UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
}
