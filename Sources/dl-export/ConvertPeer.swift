import DLGraph
import Glibc

/// ONNX Runtime in a Python process, when one is there.
enum Peer {
  /// Those of the outputs that are an ONNX file's, or nil when Python or its package onnxruntime is missing. The interpreter is
  /// $PYTHON, else python3, which says on standard error what fails.
  static func run(
    _ model: String, _ inputs: [(name: String, value: Constant)], outputs: [String]
  ) throws -> [(name: String, value: Constant)]? {
    guard try python(["-c", "import onnxruntime"], quiet: true) == 0 else { return nil }
    var template = Array("/tmp/dl-export-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw DLError(.ioError, "cannot make a folder in /tmp") }
    let folder = String(cString: made)
    let count = max(inputs.count, outputs.count)
    defer {
      for i in 0..<count { for kind in ["input", "output"] { unlink("\(folder)/\(kind)_\(i).npy") } }
      rmdir(folder)
    }
    for (i, input) in inputs.enumerated() {
      try writeFile("\(folder)/input_\(i).npy", bytes: NumpyFile.bytes(of: input.value))
    }
    let names = inputs.map(\.name)
    guard try python(["-c", script, model, folder, "\(names.count)"] + names + outputs, quiet: false) == 0 else {
      throw DLError(.invalidArgument, "onnxruntime cannot run '\(model)'")
    }
    return try outputs.enumerated().compactMap { i, name in
      guard access("\(folder)/output_\(i).npy", F_OK) == 0 else { return nil }
      let file = try Storage.mapping("\(folder)/output_\(i).npy")
      return (name, try NumpyFile.read(array: Array(UnsafeRawBufferPointer(start: file.base, count: file.byteCount))))
    }
  }

  private static let script = """
    import sys, numpy, onnxruntime
    model, folder, count, *names = sys.argv[1:]
    inputs, outputs = names[: int(count)], names[int(count) :]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        known = {item.name for item in session.get_inputs()}
        feeds = {name: numpy.load(f"{folder}/input_{i}.npy") for i, name in enumerate(inputs) if name in known}
        known = {item.name for item in session.get_outputs()}
        wanted = [(i, name) for i, name in enumerate(outputs) if name in known]
        for (i, _), array in zip(wanted, session.run([name for _, name in wanted], feeds) if wanted else []):
            numpy.save(f"{folder}/output_{i}.npy", numpy.ascontiguousarray(array))
    except Exception as problem:
        sys.exit(f"onnxruntime: {problem}")
    """

  /// The exit status of the interpreter; 127 when there is none. quiet: without what it prints.
  private static func python(_ arguments: [String], quiet: Bool) throws -> Int32 {
    let interpreter = getenv("PYTHON").map { String(cString: $0) } ?? "python3"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if quiet {
      for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
      }
    }
    var argv: [UnsafeMutablePointer<CChar>?] = ([interpreter] + arguments).map { strdup($0) } + [nil]
    defer { for argument in argv { free(argument) } }
    var process = pid_t()
    guard posix_spawnp(&process, interpreter, &actions, nil, &argv, environ) == 0 else { return 127 }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : 1
  }
}
