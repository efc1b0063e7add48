"""Writes ONNX models small enough to be said in a line, so that the tests need no package of ONNX.

The numbers of fields and types are those of onnx.proto3.
"""

import numpy as np

TYPES = {np.dtype(np.float32): 1, np.dtype(np.int64): 7, np.dtype(np.bool_): 9}


def varint(value):
    text = bytearray()
    while value > 127:
        text.append(value & 127 | 128)
        value >>= 7
    return bytes(text + bytes([value]))


def field(number, value):
    """An int, or the bytes or text of a message or string."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def value_info(name, dtype, dims):
    sizes = b"".join(field(1, field(2, dim) if isinstance(dim, str) else field(1, dim)) for dim in dims)
    return field(1, name) + field(2, field(1, field(1, TYPES[np.dtype(dtype)]) + field(2, sizes)))


def tensor(name, array):
    array = np.ascontiguousarray(array)
    dims = b"".join(field(1, n) for n in array.shape)
    return dims + field(2, TYPES[array.dtype]) + field(8, name) + field(9, array.tobytes())


def node(op, inputs, outputs, name="", **attributes):
    """Attributes are ints."""
    found = b"".join(field(5, field(1, key) + field(20, 2) + field(3, value)) for key, value in attributes.items())
    return b"".join(field(1, x) for x in inputs) + b"".join(field(2, x) for x in outputs) + field(3, name) + field(4, op) + found


def model(nodes, inputs, outputs, constants=(), name="test"):
    """inputs, outputs: (name, dtype, dims) each; constants: (name, array) each. The bytes of a file."""
    graph = b"".join(field(1, n) for n in nodes) + field(2, name) + b"".join(field(5, tensor(*c)) for c in constants)
    graph += b"".join(field(11, value_info(*i)) for i in inputs) + b"".join(field(12, value_info(*o)) for o in outputs)
    return field(1, 8) + field(8, field(1, "") + field(2, 17)) + field(7, graph)
