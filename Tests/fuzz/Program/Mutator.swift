import TestSupport

/// Changes messages field by field, and the values of fields as libFuzzer changes bytes: bytes changed at random rarely get past
/// the lengths of protobuf.
struct Mutator {
  private var generator: SplitMix64

  init(seed: UInt32) { generator = SplitMix64(seed: UInt64(seed)) }

  /// Removes, repeats or changes a field, or puts the value of another in its place.
  mutating func changed(_ message: Message, donors: [Message.Field]) -> Message {
    guard let i = message.fields.indices.randomElement(using: &generator) else { return message }
    var message = message
    switch Int.random(in: 0..<16, using: &generator) {
    case 0: message.fields.remove(at: i)
    case 1: message.fields.append(message.fields[i])
    case 2:
      let wireType = message.fields[i].key & 7
      let suiting = donors.filter { $0.key & 7 == wireType }
      message.fields[i].value = suiting.randomElement(using: &generator)?.value ?? []
    default:
      let field = message.fields[i]
      if !field.isFixed, let inner = Message(field.value), !inner.fields.isEmpty {
        message.fields[i].value = changed(inner, donors: donors).bytes
      } else {
        message.fields[i].value = changed(field)
      }
    }
    return message
  }

  /// Some field of another message beside the fields of its number, or in the place of one, in the message or one within it.
  mutating func joined(_ message: Message, _ other: Message) -> Message {
    guard let donor = other.fields.randomElement(using: &generator) else { return message }
    var message = message
    let places = message.fields.indices.filter { message.fields[$0].key == donor.key }
    guard let i = places.randomElement(using: &generator) else {
      message.fields.append(donor)
      return message
    }
    if !donor.isFixed, Int.random(in: 0..<4, using: &generator) > 0, let outer = Message(message.fields[i].value),
      let inner = Message(donor.value)
    {
      message.fields[i].value = joined(outer, inner).bytes
    } else if Bool.random(using: &generator) {
      message.fields[i].value = donor.value
    } else {
      message.fields.append(donor)
    }
    return message
  }

  private func changed(_ field: Message.Field) -> [UInt8] {
    let size = field.value.count
    let capacity = field.isFixed ? size : size + 32
    var bytes = field.value + Array(repeating: 0, count: capacity - size)
    let count = bytes.withUnsafeMutableBufferPointer { $0.baseAddress.map { mutateBytes($0, size, capacity) } ?? 0 }
    return field.isFixed ? bytes : Array(bytes.prefix(count))
  }
}
