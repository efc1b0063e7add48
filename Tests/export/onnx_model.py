"""Writes ONNX models small enough to be said in a line, so that the tests need no package of ONNX.

The numbers of fields and types are those of onnx.proto3.
"""

import struct

import numpy as np

TYPES = {np.dtype(dtype): number for number, dtype in {
    1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16,
    11: np.float64, 12: np.uint32, 13: np.uint64}.items()}
# Kinds of attributes, and the numbers of the fields that hold one and a list of them.
ATTRIBUTES = {float: (1, 2, 6, 7), int: (2, 3, 7, 8), str: (3, 4, 8, 9)}


def varint(value):
    text = bytearray()
    while value > 127:
        text.append(value & 127 | 128)
        value >>= 7
    return bytes(text + bytes([value]))


def field(number, value):
    """An int, a float, or the bytes or text of a message or string."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def value_info(name, dtype=None, dims=()):
    """Without a type, as the values of graphs within may be."""
    if dtype is None:
        return field(1, name)
    sizes = b"".join(field(1, field(2, dim) if isinstance(dim, str) else field(1, dim)) for dim in dims)
    return field(1, name) + field(2, field(1, field(1, TYPES[np.dtype(dtype)]) + field(2, sizes)))


def tensor(name, array):
    array = np.asarray(array)
    dims = b"".join(field(1, n) for n in array.shape)
    return dims + field(2, TYPES[array.dtype]) + field(8, name) + field(9, array.tobytes())


def attribute(name, value):
    """value: an int, a float or text, a list of those, or the bytes of a graph."""
    if isinstance(value, bytes):
        return field(1, name) + field(20, 5) + field(6, value)
    many = isinstance(value, list)
    kinds = ATTRIBUTES[type(value[0] if many else value)]
    kind, number = kinds[2:] if many else kinds[:2]
    return field(1, name) + field(20, kind) + b"".join(field(number, item) for item in (value if many else [value]))


def node(op, inputs, outputs, name="", **attributes):
    found = b"".join(field(5, attribute(*pair)) for pair in attributes.items())
    return b"".join(field(1, x) for x in inputs) + b"".join(field(2, x) for x in outputs) + field(3, name) + field(4, op) + found


def graph(nodes, inputs, outputs, constants=(), name="test"):
    """inputs, outputs: (name, dtype, dims) each, or (name,); constants: (name, array) each."""
    data = b"".join(field(1, n) for n in nodes) + field(2, name) + b"".join(field(5, tensor(*c)) for c in constants)
    return data + b"".join(field(11, value_info(*i)) for i in inputs) + b"".join(field(12, value_info(*o)) for o in outputs)


def model(nodes, inputs, outputs, constants=(), name="test", opset=17):
    """As `graph`; the bytes of a file."""
    return field(1, 8) + field(8, field(1, "") + field(2, opset)) + field(7, graph(nodes, inputs, outputs, constants, name))
