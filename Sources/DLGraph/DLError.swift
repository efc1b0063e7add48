/// Why a call failed. The raw values are those of `dlrt_status` in dlrt.h.
public enum Status: Int32, Sendable {
  case invalidArgument = 10
  case outOfRange = 11
  case typeMismatch = 12
  case shapeMismatch = 13
  case notReady = 14
  case notFound = 20
  case ioError = 30
  case invalidModel = 40
  case unsupported = 41
  case invalidImage = 50
  case outOfMemory = 60
  case memoryLimit = 61
  case `internal` = 90
}

/// The one error type of the runtime. The message names the place, what was expected and what was found.
public struct DLError: Error, Sendable {
  public var status: Status
  public var text: Message

  public init(_ status: Status, _ text: Message) {
    self.status = status
    self.text = text
  }

  public var message: String { text.description }

  /// The same error with the place it was found in before the message: "node 'conv1': …".
  public func at(_ place: Message) -> DLError { DLError(status, "\(place): \(text)") }
}
