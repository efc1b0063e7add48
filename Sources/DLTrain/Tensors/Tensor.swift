import CPlatform
import DLGraph

/// An array of numbers with a shape, row-major: [batch, channels, height, width] for images. A value: operations make new
/// tensors. One that was computed from a tensor on a `Tape` is on that tape too.
public struct Tensor<Scalar: TensorScalar> {
  public let shape: [Int]
  let buffer: Buffer<Scalar>
  /// Where it stands on a tape.
  private(set) var place: (tape: Tape<Scalar>, index: Int)?

  /// `values` in row-major order; as many as the shape holds.
  public init(_ shape: [Int], _ values: [Scalar]) {
    precondition(elementCount(shape) == values.count, "\(values.count) values for a tensor \(describe(shape))")
    self.init(uninitialized: shape) { start in
      _ = UnsafeMutableBufferPointer(start: start, count: values.count).initialize(from: values)
    }
  }

  public init(zeros shape: [Int]) { self.init(shape) { _ in } }

  public init(_ shape: [Int], repeating value: Scalar) {
    let count = elementCount(shape) ?? 0
    self.init(shape) { $0.update(repeating: value, count: count) }
  }

  /// A tensor that `fill` writes; what it leaves out is zero.
  public init(_ shape: [Int], fill: (UnsafeMutablePointer<Scalar>) -> Void) {
    self.init(uninitialized: shape) { start in
      start.initialize(repeating: 0, count: elementCount(shape)!)
      fill(start)
    }
  }

  /// A tensor of which `fill` writes every element.
  init(uninitialized shape: [Int], fill: (UnsafeMutablePointer<Scalar>) -> Void) {
    guard let count = elementCount(shape) else { fatalError("a tensor \(describe(shape)) does not fit memory") }
    self.shape = shape
    buffer = Buffer(count)
    fill(buffer.start)
  }

  init(_ shape: [Int], _ buffer: Buffer<Scalar>) {
    self.shape = shape
    self.buffer = buffer
  }

  public var count: Int { buffer.count }
  public var rank: Int { shape.count }
  /// A copy of the values in row-major order.
  public var scalars: [Scalar] { Array(UnsafeBufferPointer(start: buffer.start, count: count)) }
  /// The only value of a tensor that has one.
  public var item: Scalar {
    precondition(count == 1, "item of a tensor \(describe(shape))")
    return buffer.start[0]
  }

  /// The same values, on no tape.
  public var detached: Tensor { Tensor(shape, buffer) }

  func placed(on tape: Tape<Scalar>, at index: Int) -> Tensor {
    var result = self
    result.place = (tape, index)
    return result
  }

  /// The same values under another shape of equal count.
  func reshaped(_ shape: [Int]) -> Tensor { Tensor(shape, buffer) }

  var start: UnsafePointer<Scalar> { UnsafePointer(buffer.start) }
}

/// 64-byte aligned memory of a tensor. Written only by who makes it, or by who holds the only reference.
final class Buffer<Scalar> {
  let start: UnsafeMutablePointer<Scalar>
  let count: Int

  init(_ count: Int) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Scalar>.stride)
    guard !overflow, let memory = dlp_allocate(bytes) else { fatalError("no memory for a tensor of \(count) elements") }
    start = memory.bindMemory(to: Scalar.self, capacity: count)
    self.count = count
  }
  deinit { dlp_free(start) }
}

extension Tensor: CustomStringConvertible {
  public var description: String { "Tensor<\(Scalar.self)> \(describe(shape)) \(scalars.prefix(8))\(count > 8 ? "…" : "")" }
}
