"""Finds libdlrt, declares its functions to ctypes as dlrt.h has them, and turns statuses into exceptions."""

from __future__ import annotations

import ctypes
import operator
import os
from collections.abc import Callable
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from pathlib import Path

from .errors import InvalidArgumentError, error

ABI_VERSION = 2
MAX_RANK = 8
FILE_NAME = "libdlrt.so.1"


class TensorInfoStruct(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("dtype", c_int), ("rank", c_size_t), ("dims", c_int64 * MAX_RANK)]


class TensorStruct(ctypes.Structure):
    _fields_ = [
        ("data", c_void_p), ("size", c_size_t), ("dtype", c_int), ("rank", c_size_t), ("dims", c_int64 * MAX_RANK),
    ]  # fmt: skip


class LoadOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("flags", c_uint32), ("isa", c_char_p), ("memory_limit", c_size_t),
        ("exact", c_uint32), ("low_memory", c_uint32),
    ]  # fmt: skip


class SessionOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("threads", c_size_t), ("pool", c_void_p), ("memory_limit", c_size_t)]


class ProfileEntryStruct(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_size_t), ("node", c_char_p), ("op", c_char_p), ("kernel", c_char_p), ("start", c_uint64),
        ("nanoseconds", c_uint64), ("flops", c_double), ("bytes", c_size_t), ("threads", c_size_t),
    ]  # fmt: skip


class ClassStruct(ctypes.Structure):
    _fields_ = [("index", c_size_t), ("score", c_float), ("label", c_char_p)]


_model = _session = _pool = c_void_p
_size_out = POINTER(c_size_t)
_text_out = POINTER(c_char_p)
_handle_out = POINTER(c_void_p)
_shape = [POINTER(c_int64), c_size_t]
_memory = [c_void_p, c_size_t]

# The functions that return a dlrt_status, with the types of their arguments.
_FALLIBLE = {
    "dlrt_model_load_file": [c_char_p, POINTER(LoadOptions), _handle_out],
    "dlrt_model_load_memory": [*_memory, POINTER(LoadOptions), _handle_out],
    "dlrt_model_isa": [_model, _text_out],
    "dlrt_model_memory": [_model, _size_out],
    "dlrt_model_input_count": [_model, _size_out],
    "dlrt_model_output_count": [_model, _size_out],
    "dlrt_model_input_info": [_model, c_size_t, POINTER(TensorInfoStruct)],
    "dlrt_model_output_info": [_model, c_size_t, POINTER(TensorInfoStruct)],
    "dlrt_model_metadata_count": [_model, _size_out],
    "dlrt_model_metadata_entry": [_model, c_size_t, _text_out, _text_out],
    "dlrt_model_label_count": [_model, _size_out],
    "dlrt_model_label": [_model, c_size_t, _text_out],
    "dlrt_pool_create": [c_size_t, _handle_out],
    "dlrt_session_create": [_model, POINTER(SessionOptions), _handle_out],
    "dlrt_session_bind_input": [_session, c_size_t, c_int, *_shape, *_memory],
    "dlrt_session_set_input_jpeg": [_session, c_size_t, *_memory],
    "dlrt_session_bind_output": [_session, c_size_t, *_memory],
    "dlrt_session_run": [_session],
    "dlrt_session_output": [_session, c_size_t, POINTER(TensorStruct)],
    "dlrt_session_memory": [_session, _size_out],
    "dlrt_session_set_profiling": [_session, c_int],
    "dlrt_session_profile_count": [_session, _size_out],
    "dlrt_session_profile_entry": [_session, c_size_t, POINTER(ProfileEntryStruct)],
    "dlrt_session_top_k": [_session, c_size_t, c_size_t, POINTER(ClassStruct), _size_out],
}


def _open() -> ctypes.CDLL:
    """The library DLRT_LIBRARY names, else the one beside this file, else the system loader's."""
    named = os.environ.get("DLRT_LIBRARY")
    beside = Path(__file__).with_name(FILE_NAME)
    path = named or (str(beside) if beside.exists() else FILE_NAME)
    try:
        library = ctypes.CDLL(path)
        library.dlrt_abi_version.restype = c_uint32
        version = library.dlrt_abi_version()
    except (OSError, AttributeError) as problem:
        where = "named by DLRT_LIBRARY" if named else f"not beside the package ({beside})"
        raise ImportError(f"dlrt cannot load its library '{path}' ({where}): {problem}") from problem
    if version < ABI_VERSION:
        raise ImportError(f"'{path}' has ABI version {version}, this package needs {ABI_VERSION} or later")
    return library


def _declare(library: ctypes.CDLL) -> None:
    for name, arguments in _FALLIBLE.items():
        function = getattr(library, name)
        function.argtypes = arguments
        function.restype = c_int
    for name in ("dlrt_model_destroy", "dlrt_pool_destroy", "dlrt_session_destroy"):
        function = getattr(library, name)
        function.argtypes = [c_void_p]
        function.restype = None
    for name in ("dlrt_last_error", "dlrt_version"):
        function = getattr(library, name)
        function.argtypes = []
        function.restype = c_char_p


library = _open()
_declare(library)
VERSION: str = library.dlrt_version().decode()


def check(status: int) -> None:
    """Raises the exception of a status other than DLRT_OK, with the message of this thread."""
    if status:
        raise error(status, text(library.dlrt_last_error()))


def text(utf8: bytes | None) -> str:
    """What the library says, where it says something."""
    return (utf8 or b"").decode("utf-8", "replace")


def count(function: Callable[..., int], handle: c_void_p) -> int:
    """Calls one of the functions (handle, size_t *)."""
    value = c_size_t()
    check(function(handle, value))
    return value.value


def size_t(name: str, value: int) -> int:
    """An argument of type size_t: ctypes would cut one that does not fit, without a word."""
    value = operator.index(value)
    if not 0 <= value < 1 << 63:
        raise InvalidArgumentError(f"{name} is {value}, expected 0 or more")
    return value
