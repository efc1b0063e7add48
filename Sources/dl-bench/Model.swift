import CDLRT

/// A loaded model.
final class Model {
  let library: Library
  let handle: Library.Handle

  init(_ library: Library, _ setup: Setup) throws {
    var handle: Library.Handle?
    func load(_ isa: Library.Text?) throws {
      var options = dlrt_load_options()
      options.struct_size = MemoryLayout<dlrt_load_options>.size
      options.isa = isa
      options.exact = setup.exact ? 1 : 0
      options.low_memory = setup.lowMemory ? 1 : 0
      try library.check(library.loadFile(setup.model, &options, &handle))
    }
    if let isa = setup.isa { try isa.withCString(load) } else { try load(nil) }
    self.library = library
    self.handle = handle!
  }

  deinit { library.destroyModel(handle) }

  func isa() throws -> String {
    var name: Library.Text?
    try library.check(library.isa(handle, &name))
    return name.map { String(cString: $0) } ?? ""
  }

  /// Bytes of weights made ready for the kernels.
  func memory() throws -> Int {
    var size = 0
    try library.check(library.modelMemory(handle, &size))
    return size
  }

  func inputs() throws -> [Input] {
    var count = 0
    try library.check(library.inputCount(handle, &count))
    return try (0..<count).map { index in
      var info = dlrt_tensor_info()
      try library.check(library.inputInfo(handle, index, &info))
      let dims = withUnsafeBytes(of: info.dims) { Array($0.bindMemory(to: Int64.self).prefix(info.rank)) }
      return Input(name: String(cString: info.name), dtype: info.dtype, dims: dims)
    }
  }
}

/// A session with every input bound.
final class Session {
  let library: Library
  let handle: Library.Handle
  private let inputs: [InputData]

  init(_ model: Model, threads: Int, inputs: [InputData]) throws {
    library = model.library
    self.inputs = inputs
    var options = dlrt_session_options()
    options.struct_size = MemoryLayout<dlrt_session_options>.size
    options.threads = threads
    var handle: Library.Handle?
    try library.check(library.createSession(model.handle, &options, &handle))
    self.handle = handle!
    for (index, input) in inputs.enumerated() {
      let dims = input.input.dims
      try library.check(
        library.bindInput(self.handle, index, input.input.dtype, dims, dims.count, input.bytes.baseAddress, input.bytes.count))
    }
  }

  deinit { library.destroySession(handle) }

  func run() throws { try library.check(library.run(handle)) }

  /// Bytes of tensor memory the session holds.
  func memory() throws -> Int {
    var size = 0
    try library.check(library.sessionMemory(handle, &size))
    return size
  }

  func setProfiling(_ on: Bool) throws { try library.check(library.setProfiling(handle, on ? 1 : 0)) }

  /// What each node took in the last run.
  func profile() throws -> [Profile.Node] {
    var count = 0
    try library.check(library.profileCount(handle, &count))
    return try (0..<count).map { index in
      var entry = dlrt_profile_entry()
      entry.struct_size = MemoryLayout<dlrt_profile_entry>.size
      try library.check(library.profileEntry(handle, index, &entry))
      return Profile.Node(
        node: String(cString: entry.node), op: String(cString: entry.op), kernel: String(cString: entry.kernel),
        start: Double(entry.start), time: Double(entry.nanoseconds), flops: entry.flops, bytes: entry.bytes,
        threads: entry.threads)
    }
  }
}
