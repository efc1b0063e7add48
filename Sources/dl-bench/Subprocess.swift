import Glibc

enum ExitStatus {
  case exited(Int32)
  case signalled(Int32)
}

/// Runs a program with this one's environment and standard error, and returns what it printed.
func runProgram(_ arguments: [String]) throws -> (output: [UInt8], status: ExitStatus) {
  func failure(_ what: String, _ code: Int32) -> BenchError { BenchError("\(what): \(String(cString: strerror(code)))") }
  var ends: [Int32] = [0, 0]
  guard pipe(&ends) == 0 else { throw failure("pipe", errno) }
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
  posix_spawn_file_actions_addclose(&actions, ends[0])
  posix_spawn_file_actions_addclose(&actions, ends[1])
  var words = arguments.map { strdup($0) } + [nil]
  defer { for word in words { free(word) } }
  var process = pid_t()
  let code = posix_spawn(&process, arguments[0], &actions, nil, &words, environ)
  close(ends[1])
  defer { close(ends[0]) }
  guard code == 0 else { throw failure(arguments[0], code) }

  var output: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(ends[0], &buffer, buffer.count)
    if count > 0 { output += buffer[..<count] } else if count == 0 || errno != EINTR { break }
  }
  var status: Int32 = 0
  while waitpid(process, &status, 0) < 0 {
    guard errno == EINTR else { throw failure("waitpid", errno) }
  }
  let signal = status & 0x7F
  return (output, signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal))
}
