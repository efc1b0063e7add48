"""Models: what a .dlrt file holds, ready to run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from ctypes import byref, c_char_p, c_void_p, sizeof
from types import MappingProxyType

from ._handle import Handle
from ._library import LoadOptions, TensorInfoStruct, check, count, library, size_t, text
from .errors import InvalidArgumentError
from .pool import Pool
from .session import Session
from .tensors import TensorInfo, tensor_info

Source = str | os.PathLike[str] | bytes | bytearray | memoryview


def load(
    source: Source, isa: str | None = None, memory_limit: int = 0, exact: bool = False, low_memory: bool = False
) -> Model:
    """Loads a model from a path, or from the content of a .dlrt file as bytes.

    A file is mapped and must not be changed while the model lives. Bytes are copied.

    isa: the highest instruction set to use: "baseline", "avx2", "avx512" or "neon"; None: the best of this CPU.
    memory_limit: how many bytes the loaded model may hold beside the file; 0: no limit.
    exact: compute every sum as it is defined, within 1e-5 of exact arithmetic; by default convolutions at stride 1
        may be computed by Winograd's algorithm, within 1e-3 and about twice faster,
        and an infinite or NaN input may make outputs of pixels and groups beside it NaN too.
    low_memory: keep weights in no form larger than their own; by default those of convolutions may be
        kept transformed, mostly 2 to 4 times as large, of small filters up to 9 times.
    Raises FileError, InvalidModelError, UnsupportedError, OutOfMemoryError, MemoryLimitError, InvalidArgumentError.
    """
    options = LoadOptions(sizeof(LoadOptions), 0, None, size_t("memory_limit", memory_limit), bool(exact), bool(low_memory))
    options.isa = None if isa is None else _c_string("isa", isa.encode())
    pointer = c_void_p()
    if isinstance(source, (bytes, bytearray, memoryview)):
        content = bytes(source)
        check(library.dlrt_model_load_memory(content, len(content), options, byref(pointer)))
    else:
        check(library.dlrt_model_load_file(_c_string("path", os.fsencode(source)), options, byref(pointer)))
    return Model(pointer)


class Model(Handle):
    """A loaded model: immutable, for any number of sessions and threads. Made by load().

    What it says of itself is read once, and stays readable after close().
    """

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    metadata: Mapping[str, str]
    """Named entries; numbers and lists are text: "0.5", "0.1307, 0.3081"."""
    labels: tuple[str, ...]
    """Class labels in the order of the scores; empty for a model without."""
    isa: str
    """The instruction set the model runs with: "baseline", "avx2", "avx512" or "neon"."""

    def __init__(self, pointer: c_void_p) -> None:
        if not isinstance(pointer, c_void_p):
            raise TypeError("a model is made by dlrt.load(path or bytes)")
        super().__init__(pointer, library.dlrt_model_destroy)
        inputs = _tensors(pointer, library.dlrt_model_input_count, library.dlrt_model_input_info)
        outputs = _tensors(pointer, library.dlrt_model_output_count, library.dlrt_model_output_info)
        self.inputs = tuple(map(tensor_info, inputs))
        self.outputs = tuple(map(tensor_info, outputs))
        self._input_types = [info.dtype for info in inputs]
        self.metadata = MappingProxyType(_metadata(pointer))
        self.labels = _labels(pointer)
        isa = c_char_p()
        check(library.dlrt_model_isa(pointer, byref(isa)))
        self.isa = text(isa.value)

    def session(self, threads: int = 1, pool: Pool | None = None, memory_limit: int = 0) -> Session:
        """What runs the model; each thread of a program usually has its own.

        threads: how many work on a run, the calling one included, at most 256; ignored with a pool.
        memory_limit: how many bytes of tensor memory the session may hold; 0: no limit.
        """
        return Session(self, threads, pool, memory_limit)

    @property
    def memory(self) -> int:
        """Bytes of weights that the model holds beside those of its file, made ready for the kernels."""
        with self._lock:
            return count(library.dlrt_model_memory, self._open_pointer())

    def __repr__(self) -> str:
        tensors = f"inputs={_summary(self.inputs)} outputs={_summary(self.outputs)}"
        return f"<dlrt.Model {tensors} isa={self.isa}{' closed' if self.closed else ''}>"


def _c_string(what: str, utf8: bytes) -> bytes:
    if b"\0" in utf8:
        raise InvalidArgumentError(f"the {what} contains a zero byte")
    return utf8


def _tensors(
    pointer: c_void_p, count_function: Callable[..., int], info_function: Callable[..., int]
) -> list[TensorInfoStruct]:
    found = []
    for index in range(count(count_function, pointer)):
        info = TensorInfoStruct()
        check(info_function(pointer, index, byref(info)))
        found.append(info)
    return found


def _metadata(pointer: c_void_p) -> dict[str, str]:
    entries = {}
    key, value = c_char_p(), c_char_p()
    for index in range(count(library.dlrt_model_metadata_count, pointer)):
        check(library.dlrt_model_metadata_entry(pointer, index, byref(key), byref(value)))
        entries[text(key.value)] = text(value.value)
    return entries


def _labels(pointer: c_void_p) -> tuple[str, ...]:
    found = []
    label = c_char_p()
    for index in range(count(library.dlrt_model_label_count, pointer)):
        check(library.dlrt_model_label(pointer, index, byref(label)))
        found.append(text(label.value))
    return tuple(found)


def _summary(tensors: tuple[TensorInfo, ...]) -> str:
    def shape(info: TensorInfo) -> str:
        return ", ".join("?" if n is None else str(n) for n in info.shape)

    return "(" + ", ".join(f"{info.name}: {info.dtype}[{shape(info)}]" for info in tensors) + ")"
