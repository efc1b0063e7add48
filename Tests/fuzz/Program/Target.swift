import Foundation
import FuzzTargets

// libFuzzer (https://llvm.org/docs/LibFuzzer.html) over ONNX models and .dlrt files. It has the main function, and finds these by
// their names.

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  attempt(Data(bytes: data, count: count))
  return 0
}

@_silgen_name("LLVMFuzzerMutate")
func mutateBytes(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ capacity: Int) -> Int

@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ capacity: Int, _ seed: CUnsignedInt) -> Int {
  guard seed % 8 > 0, let message = Message(Array(UnsafeBufferPointer(start: data, count: count))) else {
    return mutateBytes(data, count, capacity)
  }
  var mutator = Mutator(seed: seed)
  return write(mutator.changed(message, donors: message.allFields), data, capacity) ?? mutateBytes(data, count, capacity)
}

@_cdecl("LLVMFuzzerCustomCrossOver")
public func cross(
  _ first: UnsafePointer<UInt8>, _ firstCount: Int, _ second: UnsafePointer<UInt8>, _ secondCount: Int,
  _ out: UnsafeMutablePointer<UInt8>, _ capacity: Int, _ seed: CUnsignedInt
) -> Int {
  var mutator = Mutator(seed: seed)
  guard let a = Message(Array(UnsafeBufferPointer(start: first, count: firstCount))),
    let b = Message(Array(UnsafeBufferPointer(start: second, count: secondCount)))
  else { return 0 }
  return write(mutator.joined(a, b), out, capacity) ?? 0
}

/// The number of bytes; nil where there are none, or too many.
private func write(_ message: Message, _ out: UnsafeMutablePointer<UInt8>, _ capacity: Int) -> Int? {
  let bytes = message.bytes
  guard 1...max(1, capacity) ~= bytes.count else { return nil }
  out.update(from: bytes, count: bytes.count)
  return bytes.count
}
