import CDLRT
import Glibc

/// libdlrt.so opened at run time, and those of its functions that are measured.
struct Library {
  typealias Handle = OpaquePointer
  typealias Text = UnsafePointer<CChar>
  typealias Destroy = @convention(c) (Handle?) -> Void

  let version: @convention(c) () -> Text?
  let lastError: @convention(c) () -> Text?
  let loadFile: @convention(c) (Text?, UnsafePointer<dlrt_load_options>?, UnsafeMutablePointer<Handle?>?) -> dlrt_status
  let destroyModel: Destroy
  let isa: @convention(c) (Handle?, UnsafeMutablePointer<Text?>?) -> dlrt_status
  let inputCount: @convention(c) (Handle?, UnsafeMutablePointer<Int>?) -> dlrt_status
  let inputInfo: @convention(c) (Handle?, Int, UnsafeMutablePointer<dlrt_tensor_info>?) -> dlrt_status
  let createSession: @convention(c) (Handle?, UnsafePointer<dlrt_session_options>?, UnsafeMutablePointer<Handle?>?) -> dlrt_status
  let destroySession: Destroy
  let bindInput: @convention(c) (Handle?, Int, dlrt_dtype, UnsafePointer<Int64>?, Int, UnsafeRawPointer?, Int) -> dlrt_status
  let run: @convention(c) (Handle?) -> dlrt_status
  let modelMemory, sessionMemory: @convention(c) (Handle?, UnsafeMutablePointer<Int>?) -> dlrt_status
  let setProfiling: @convention(c) (Handle?, Int32) -> dlrt_status
  let profileCount: @convention(c) (Handle?, UnsafeMutablePointer<Int>?) -> dlrt_status
  let profileEntry: @convention(c) (Handle?, Int, UnsafeMutablePointer<dlrt_profile_entry>?) -> dlrt_status

  /// path: nil for $DLRT_LIBRARY, or the library installed with this program.
  init(path: String?) throws {
    let path = path ?? getenv("DLRT_LIBRARY").map { String(cString: $0) } ?? Library.besideThisProgram()
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw BenchError("the library cannot be loaded: \(dlerror().map { String(cString: $0) } ?? path)")
    }
    func symbol<Function>(_ name: String) throws -> Function {
      guard let address = dlsym(handle, name) else { throw BenchError("\(path) has no function \(name)") }
      return unsafeBitCast(address, to: Function.self)
    }
    version = try symbol("dlrt_version")
    lastError = try symbol("dlrt_last_error")
    loadFile = try symbol("dlrt_model_load_file")
    destroyModel = try symbol("dlrt_model_destroy")
    isa = try symbol("dlrt_model_isa")
    inputCount = try symbol("dlrt_model_input_count")
    inputInfo = try symbol("dlrt_model_input_info")
    createSession = try symbol("dlrt_session_create")
    destroySession = try symbol("dlrt_session_destroy")
    bindInput = try symbol("dlrt_session_bind_input")
    run = try symbol("dlrt_session_run")
    modelMemory = try symbol("dlrt_model_memory")
    sessionMemory = try symbol("dlrt_session_memory")
    setProfiling = try symbol("dlrt_session_set_profiling")
    profileCount = try symbol("dlrt_session_profile_count")
    profileEntry = try symbol("dlrt_session_profile_entry")
  }

  /// Its own version.
  var name: String { version().map { String(cString: $0) } ?? "" }

  private static func besideThisProgram() -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &buffer, buffer.count)
    let program = String(decoding: buffer.prefix(max(length, 0)), as: UTF8.self)
    let folder = program.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    return folder + "/lib/libdlrt.so.1"
  }

  /// Throws the library's own message unless `status` is DLRT_OK.
  func check(_ status: dlrt_status) throws {
    guard status == DLRT_OK else { throw BenchError(lastError().map { String(cString: $0) } ?? "status \(status.rawValue)") }
  }
}
