import CDLRT
import CPlatform

// The ABI functions are shims: an `@_cdecl` body does not inline what it imports from C, so the work is done elsewhere.

@_cdecl("dlrt_abi_version") @implementation
public func dlrt_abi_version() -> UInt32 { UInt32(DLRT_ABI_VERSION) }

@_cdecl("dlrt_version") @implementation
public func dlrt_version() -> UnsafePointer<CChar>! { text("0.1.0") }

@_cdecl("dlrt_last_error") @implementation
public func dlrt_last_error() -> UnsafePointer<CChar>! { dlp_last_error() }

@_cdecl("dlrt_status_name") @implementation
public func dlrt_status_name(_ status: dlrt_status) -> UnsafePointer<CChar>! {
  switch status {
  case DLRT_OK: text("ok")
  case DLRT_INVALID_ARGUMENT: text("invalid argument")
  case DLRT_OUT_OF_RANGE: text("out of range")
  case DLRT_TYPE_MISMATCH: text("type mismatch")
  case DLRT_SHAPE_MISMATCH: text("shape mismatch")
  case DLRT_NOT_READY: text("not ready")
  case DLRT_NOT_FOUND: text("not found")
  case DLRT_IO_ERROR: text("io error")
  case DLRT_INVALID_MODEL: text("invalid model")
  case DLRT_UNSUPPORTED: text("unsupported")
  case DLRT_INVALID_IMAGE: text("invalid image")
  case DLRT_OUT_OF_MEMORY: text("out of memory")
  case DLRT_MEMORY_LIMIT: text("memory limit")
  case DLRT_INTERNAL: text("internal error")
  default: text("unknown status")
  }
}

/// A literal as a C string; literals end with a zero byte.
func text(_ literal: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self)
}
