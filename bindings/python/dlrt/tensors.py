"""What models say of their inputs and outputs, and the arrays that fit them."""

from __future__ import annotations

import functools
from ctypes import Array, addressof, c_char, c_int64
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._library import MAX_RANK, TensorInfoStruct, text
from .errors import InvalidArgumentError, TypeMismatchError, UnsupportedError

# The numbers of dlrt_dtype. numpy has no bfloat16: it comes as the 16 bits of each element.
_numpy_types = {
    1: np.float32, 2: np.float16, 3: np.uint16, 4: np.float64, 5: np.int8, 6: np.int16, 7: np.int32, 8: np.int64,
    9: np.uint8, 10: np.uint16, 11: np.uint32, 12: np.uint64, 13: np.bool_,
}  # fmt: skip


class TensorInfo(NamedTuple):
    """What a model says of an input or output."""

    name: str
    dtype: np.dtype[Any]
    """numpy's type; uint16 for bfloat16, which numpy does not have."""
    shape: tuple[int | None, ...]
    """None: a free dimension, fixed by the arrays of a run."""


def tensor_info(found: TensorInfoStruct) -> TensorInfo:
    shape = tuple(None if n < 0 else n for n in found.dims[: found.rank])
    return TensorInfo(text(found.name), numpy_dtype(found.dtype), shape)


def numpy_dtype(number: int) -> np.dtype[Any]:
    if number not in _numpy_types:
        raise UnsupportedError(f"element type {number} is newer than this package")
    return np.dtype(_numpy_types[number])


def input_array(info: TensorInfo, value: object) -> NDArray[Any]:
    """A C-contiguous array of the input's dtype: `value` itself when it is one.

    An array of another dtype is refused, since converting it would hide a mistake or a cost. Anything that is not an
    array (numbers, lists, objects with __array__) is converted within its kind: int to float, not float to int.
    Raises TypeMismatchError.
    """
    if isinstance(value, np.ndarray):
        if value.dtype != info.dtype:
            raise TypeMismatchError(
                f"input '{info.name}': expected dtype {info.dtype}, got {value.dtype}; "
                f"convert it with .astype(numpy.{info.dtype})"
            )
        array: NDArray[Any] = np.asarray(value)
    else:
        try:
            array = np.asarray(value).astype(info.dtype, order="C", casting="same_kind", copy=False)
        except (TypeError, ValueError) as problem:
            raise TypeMismatchError(f"input '{info.name}': expected {info.dtype} values: {problem}") from problem
    if not (array.flags.c_contiguous and array.flags.aligned):
        array = array.copy(order="C")
    return array


def require_output_array(info: TensorInfo, value: object) -> NDArray[Any]:
    """`value`, an array that the library can write to in place; its shape is checked by the run."""
    if not isinstance(value, np.ndarray):
        raise InvalidArgumentError(f"out '{info.name}': expected a numpy array, got {type(value).__name__}")
    if value.dtype != info.dtype:
        raise TypeMismatchError(f"out '{info.name}': expected dtype {info.dtype}, got {value.dtype}")
    if not (value.flags.c_contiguous and value.flags.aligned and value.flags.writeable):
        raise InvalidArgumentError(f"out '{info.name}': the array must be C-contiguous, aligned and writeable")
    return value


def copy_of_memory(data: int | None, size: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """A new array with the `size` bytes at the address `data`."""
    if size == 0 or data is None:
        return np.empty(shape, dtype)
    there = memoryview((c_char * size).from_address(data))
    return np.array(np.ndarray(shape, dtype, there))


def address(array: NDArray[Any]) -> int:
    """Where a C-contiguous array's elements are."""
    try:
        return addressof(c_char.from_buffer(array.data))  # four times as fast as the other way
    except (TypeError, ValueError):  # read-only or empty
        return array.ctypes.data


@functools.lru_cache(maxsize=256)
def dims(shape: tuple[int, ...]) -> Array[c_int64]:
    """A shape for C; never written to, so that calls may share it."""
    return (c_int64 * max(len(shape), MAX_RANK))(*shape)
