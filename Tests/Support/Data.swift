import Foundation

/// The folder of data sets and models the tests read: the variable DLRT_DATA, or `../shared` beside the package.
/// Nil when it is absent; the tests that need it then say so and pass.
public let dataFolder: URL? = {
  let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let folder =
    ProcessInfo.processInfo.environment["DLRT_DATA"].map { URL(fileURLWithPath: $0) }
    ?? package.deletingLastPathComponent().appendingPathComponent("shared")
  return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
}()
