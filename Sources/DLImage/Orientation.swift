import DLGraph

// How a camera was held, as EXIF tells it in tag 0x0112 of the first image file directory (CIPA DC-008, 4.6.4):
//   1 upright   2 mirrored   3 upside down   4 mirrored and upside down
//   5 transposed   6 to be turned 90° clockwise   7 transposed over the other diagonal   8 to be turned 90° anticlockwise

extension Image {
  /// The image as it was seen. orientation: 1 to 8; others leave it as it is.
  func upright(_ orientation: Int) throws(DLError) -> Image {
    guard (2...8).contains(orientation) else { return self }
    // Pixel (x, y) of the result is pixel (x, y) of the image, or (y, x), counted from the left or right, top or bottom.
    let swapped = orientation >= 5
    let fromRight = [2, 3, 7, 8].contains(orientation)
    let fromBottom = [3, 4, 6, 7].contains(orientation)
    let columnStep = fromRight ? -channels : channels
    let rowStep = (fromBottom ? -width : width) * channels
    let corner = ((fromBottom ? height - 1 : 0) * width + (fromRight ? width - 1 : 0)) * channels
    let (xStep, yStep) = swapped ? (rowStep, columnStep) : (columnStep, rowStep)
    let (newWidth, newHeight) = swapped ? (height, width) : (width, height)
    return try derived(width: newWidth, height: newHeight, channels: channels) { pixels, result in
      var target = result
      for y in 0..<newHeight {
        for x in 0..<newWidth {
          let source = pixels + (corner + y * yStep + x * xStep)
          for c in 0..<channels { target[c] = source[c] }
          target += channels
        }
      }
    }
  }
}

/// The orientation in a JPEG file's EXIF segment: 1 to 8, or 1 when there is none or it makes no sense.
func exifOrientation(_ jpeg: UnsafeRawBufferPointer) -> Int {
  var position = 2  // after the start-of-image marker
  while let marker = nextMarker(jpeg, &position) {
    if marker == 0xDA || marker == 0xD9 { break }  // start of scan, end of image: no more segments of metadata
    if marker == 0x01 || (0xD0...0xD8).contains(marker) { continue }  // markers without a segment
    guard jpeg.count - position >= 2 else { break }
    let length = Int(jpeg[position]) << 8 | Int(jpeg[position + 1])
    guard length >= 2, length <= jpeg.count - position else { break }
    let segment = UnsafeRawBufferPointer(rebasing: jpeg[position + 2..<position + length])
    if marker == 0xE1, segment.count > 6, segment[..<6].elementsEqual([0x45, 0x78, 0x69, 0x66, 0, 0]) {  // "Exif\0\0"
      return tiffOrientation(UnsafeRawBufferPointer(rebasing: segment[6...])) ?? 1
    }
    position += length
  }
  return 1
}

/// Moves past the next marker and returns its second byte, skipping stray bytes and fill bytes before it as libjpeg does.
private func nextMarker(_ jpeg: UnsafeRawBufferPointer, _ position: inout Int) -> UInt8? {
  while position < jpeg.count - 1 {
    let (first, second) = (jpeg[position], jpeg[position + 1])
    position += 1
    if first == 0xFF, second != 0xFF, second != 0 {
      position += 1
      return second
    }
  }
  return nil
}

/// Tag 0x0112 of the first directory of a TIFF structure, if it is there and between 1 and 8.
private func tiffOrientation(_ tiff: UnsafeRawBufferPointer) -> Int? {
  guard tiff.count >= 8 else { return nil }
  let littleEndian = tiff[0] == 0x49 && tiff[1] == 0x49  // "II"
  guard littleEndian || (tiff[0] == 0x4D && tiff[1] == 0x4D) else { return nil }  // "MM"
  func u16(_ at: Int) -> Int {
    littleEndian ? Int(tiff[at + 1]) << 8 | Int(tiff[at]) : Int(tiff[at]) << 8 | Int(tiff[at + 1])
  }
  // A segment is shorter than 64 KB: an offset with its upper half set lies outside.
  let (low, high) = littleEndian ? (u16(4), u16(6)) : (u16(6), u16(4))
  guard u16(2) == 42, high == 0, low <= tiff.count - 2 else { return nil }
  for entry in 0..<u16(low) {
    let at = low + 2 + 12 * entry
    guard at + 12 <= tiff.count else { return nil }
    if u16(at) == 0x0112 {
      let orientation = u16(at + 8)
      let isShort = u16(at + 2) == 3
      return isShort && (1...8).contains(orientation) ? orientation : nil
    }
  }
  return nil
}
