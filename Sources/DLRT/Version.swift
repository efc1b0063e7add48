import CDLRT
@_cdecl("dlrt_abi_version") @implementation public func dlrt_abi_version() -> UInt32 { UInt32(DLRT_ABI_VERSION) }
