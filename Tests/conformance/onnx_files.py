"""Reads as much of ONNX's protobuf files as the tests need, so that they need no package of ONNX.

The numbers of fields and types are those of onnx.proto3.
"""

from dataclasses import dataclass

import numpy as np

NUMPY_TYPES = {
    1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16,
    11: np.float64, 12: np.uint32, 13: np.uint64, 16: np.uint16,
}
BFLOAT16 = 16
TYPE_NAMES = {
    8: "string", 14: "complex64", 15: "complex128", 17: "float8", 18: "float8", 19: "float8", 20: "float8", 21: "uint4",
    22: "int4", 23: "float4", 24: "float8", 25: "uint2", 26: "int2", 27: "float6", 28: "float6",
}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """(number, value) of each field: an int, or the bytes of strings, messages and fixed-size numbers."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size, at = {1: (8, at), 5: (4, at)}.get(kind) or varint(data, at)
            value, at = data[at : at + size], at + size
        yield key >> 3, value


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def integers(value):
    """The numbers of a repeated field, one alone or packed."""
    if isinstance(value, int):
        return [signed(value)]
    found, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        found.append(signed(number))
    return found


@dataclass
class Tensor:
    type: int
    array: np.ndarray | None
    """None for types that numpy lacks; bfloat16 as 16 bits."""


def tensor(data):
    dims, kind, raw, numbers, reals = [], 0, None, [], b""
    for number, value in fields(data):
        if number == 1:
            dims += integers(value)
        elif number == 2:
            kind = value
        elif number == 9:
            raw = value
        elif number in (5, 7, 11):
            numbers += integers(value)
        elif number in (4, 10):
            reals += value
    if kind not in NUMPY_TYPES:
        return Tensor(kind, None)
    dtype = np.dtype(NUMPY_TYPES[kind])
    if raw is not None:
        array = np.frombuffer(raw, dtype)
    elif kind in (1, 11):
        array = np.frombuffer(reals, dtype)
    elif kind in (10, 16):
        array = np.array(numbers, np.uint16).view(dtype)
    else:
        array = np.array(numbers).astype(dtype)
    return Tensor(kind, array.reshape(dims).copy())


@dataclass
class Model:
    operations: list
    """(domain, name) of each node."""
    types: set
    """Of inputs and outputs: an element type's number, or "sequence", "optional", "map", "sparse"."""


def model(data):
    graph = dict(fields(data))[7]
    operations, types = [], set()
    for number, value in fields(graph):
        if number == 1:
            node = dict(fields(value))
            operations.append((node.get(7, b"").decode(), node.get(4, b"").decode()))
        elif number in (11, 12):
            info = dict(fields(value))
            for kind, content in fields(info.get(2, b"")):
                if kind == 1:
                    types.add(dict(fields(content)).get(1, 0))
                else:
                    types.add({4: "sequence", 5: "map", 9: "optional", 8: "sparse"}.get(kind, "other"))
    return Model(operations, types)


def as_float(array):
    """Of bfloat16 bits."""
    return (array.astype(np.uint32) << 16).view(np.float32)


