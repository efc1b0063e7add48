import CDLRT
import DLGraph
import DLRuntime

@_cdecl("dlrt_session_set_profiling") @implementation
public func dlrt_session_set_profiling(_ session: OpaquePointer!, _ on: Int32) -> dlrt_status {
  report { () throws(DLError) in
    let handle = try SessionHandle.from(session)
    guard 0...1 ~= on else { throw DLError(.invalidArgument, "on: expected 0 or 1, found \(Int(on))") }
    if on == 1, handle.profileNames.isEmpty { handle.profileNames = handle.session.model.profileNames.map { CText($0) } }
    handle.session.profiling = on == 1
  }
}

@_cdecl("dlrt_session_profile_count") @implementation
public func dlrt_session_profile_count(_ session: OpaquePointer!, _ count: UnsafeMutablePointer<Int>!) -> dlrt_status {
  report { () throws(DLError) in
    let handle = try SessionHandle.from(session)
    let out = try require(count, "count")
    out.pointee = try handle.session.profile().count
  }
}

@_cdecl("dlrt_session_profile_entry") @implementation
public func dlrt_session_profile_entry(
  _ session: OpaquePointer!, _ index: Int, _ entry: UnsafeMutablePointer<dlrt_profile_entry>!
) -> dlrt_status {
  report { () throws(DLError) in
    let handle = try SessionHandle.from(session)
    let out = try require(entry, "entry")
    let profile = try handle.session.profile()
    guard 0..<profile.count ~= index else {
      throw DLError(.outOfRange, "entry \(UInt(bitPattern: index)): the profile has \(profile.count) of them")
    }
    let found = profile[index]
    try writeResult(
      dlrt_profile_entry(
        struct_size: 0, node: handle.profileNames[found.name].pointer, op: text(found.op), kernel: text(found.kernel),
        start: found.start, nanoseconds: found.nanoseconds, flops: found.flops, bytes: found.bytes, threads: found.threads),
      to: out, "entry")
  }
}
