/// A protobuf message as the fields it is made of, whatever they mean: when one of them changes, the lengths around it stay right.
struct Message {
  struct Field {
    /// Its number, shifted by 3, and its wire type.
    var key: UInt64
    /// What it holds, without its length; of a varint the eight bytes of its number.
    var value: [UInt8]

    var isFixed: Bool { key & 7 != 2 }
  }

  var fields: [Field] = []

  /// nil for bytes that are no message.
  init?(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      guard let key = takeVarint(&rest), key >> 3 > 0, let value = takeValue(&rest, wireType: key & 7) else { return nil }
      fields.append(Field(key: key, value: value))
    }
  }

  var bytes: [UInt8] {
    fields.flatMap { field in
      switch field.key & 7 {
      case 0: varint(field.key) + varint(number(field.value))
      case 2: varint(field.key) + varint(UInt64(field.value.count)) + field.value
      default: varint(field.key) + field.value
      }
    }
  }

  /// Its fields, and those of the messages in them.
  var allFields: [Field] {
    fields.flatMap { field in [field] + (field.isFixed ? [] : Message(field.value)?.allFields ?? []) }
  }
}

private func takeValue(_ rest: inout ArraySlice<UInt8>, wireType: UInt64) -> [UInt8]? {
  switch wireType {
  case 0: return takeVarint(&rest).map { n in withUnsafeBytes(of: n.littleEndian) { Array($0) } }
  case 1: return take(8, of: &rest)
  case 2: return takeVarint(&rest).flatMap { take($0, of: &rest) }
  case 5: return take(4, of: &rest)
  default: return nil
  }
}

private func take(_ count: UInt64, of rest: inout ArraySlice<UInt8>) -> [UInt8]? {
  guard count <= rest.count else { return nil }
  defer { rest = rest.dropFirst(Int(count)) }
  return Array(rest.prefix(Int(count)))
}

private func takeVarint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
  var number: UInt64 = 0
  for shift in stride(from: UInt64(0), to: 64, by: 7) {
    guard let byte = rest.popFirst() else { return nil }
    number |= UInt64(byte & 127) << shift
    if byte < 128 { return number }
  }
  return nil
}

private func number(_ bytes: [UInt8]) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }

private func varint(_ number: UInt64) -> [UInt8] {
  var bytes: [UInt8] = []
  var rest = number
  while rest > 127 {
    bytes.append(UInt8(rest & 127 | 128))
    rest >>= 7
  }
  return bytes + [UInt8(rest)]
}
