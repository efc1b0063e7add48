"""An independent reader of .dlrt files, written from Sources/DLGraph/FORMAT.md alone.

    python dlrt_file.py model.dlrt      prints the model as JSON
"""

import json
import struct
import sys
from dataclasses import dataclass, field

import numpy as np


class Invalid(Exception):
    """The file is not a model, is damaged, or contradicts itself."""


class Unsupported(Exception):
    """The file is sound, but this reader cannot honour it."""


SIGNATURE = bytes.fromhex("89 44 4C 52 54 0D 0A 1A 0A 00")
REQUIRED, PACKED = 1, 2
COMPUTED, INPUT, CONSTANT = range(3)

# bfloat16 has no numpy type: its two bytes are given as they are.
DTYPES = {
    1: ("f32", "<f4"), 2: ("f16", "<f2"), 3: ("bf16", "<u2"), 4: ("f64", "<f8"), 5: ("i8", "i1"), 6: ("i16", "<i2"),
    7: ("i32", "<i4"), 8: ("i64", "<i8"), 9: ("u8", "u1"), 10: ("u16", "<u2"), 11: ("u32", "<u4"), 12: ("u64", "<u8"),
    13: ("bool", "u1"),
}  # fmt: skip

# Attributes in parentheses may be left out.
WINDOW = ["strides", "dilations", "pad_begin", "pad_end", "(padding_rule)", "(ceil)"]
OPERATIONS = {
    1: ("conv", [*WINDOW, "groups"]),
    2: ("max_pool", ["kernel", *WINDOW]),
    3: ("average_pool", ["kernel", *WINDOW, "count_padding"]),
    4: ("global_max_pool", []),
    5: ("global_average_pool", []),
    6: ("gemm", ["transpose_a", "transpose_b"]),
    7: ("identity", []),
    8: ("relu", []),
    9: ("leaky_relu", ["slope"]),
    10: ("sigmoid", []),
    11: ("tanh", []),
    12: ("softmax", ["axis"]),
    13: ("local_response_norm", ["size", "alpha", "beta", "bias"]),
    14: ("batch_norm", ["epsilon"]),
    15: ("add", []),
    16: ("multiply", []),
    17: ("concat", ["axis"]),
    18: ("flatten", ["axis"]),
    19: ("reshape", ["sizes", "(zero_is_size)"]),
    20: ("dropout", ["rate"]),
    21: ("conv_transpose", [*WINDOW, "groups", "output_padding"]),
    22: ("lp_pool", ["kernel", *WINDOW, "p"]),
    23: ("global_lp_pool", ["p"]),
    24: ("max_unpool", ["kernel", *WINDOW]),
    25: ("roi_max_pool", ["height", "width", "scale"]),
    26: ("roi_align", ["height", "width", "samples", "scale", "is_maximum", "half_pixel"]),
    27: ("matmul", []),
    28: ("einsum", ["equation"]),
    29: ("activation", ["function"]),
    30: ("unary", ["function"]),
    31: ("binary", ["function"]),
    32: ("select", []),
    33: ("cast", ["dtype"]),
    34: ("log_softmax", ["axis"]),
    35: ("hardmax", ["axis"]),
    36: ("instance_norm", ["epsilon"]),
    37: ("group_norm", ["groups", "epsilon"]),
    38: ("layer_norm", ["axis", "epsilon"]),
    39: ("rms_norm", ["axis", "epsilon"]),
    40: ("lp_normalise", ["axis", "p"]),
    41: ("reduce", ["function", "axes", "keeps_axes", "no_axes_is_identity"]),
    42: ("arg_max", ["axis", "keeps_axes", "last"]),
    43: ("arg_min", ["axis", "keeps_axes", "last"]),
    44: ("cumulative_sum", ["exclusive", "reverse"]),
    45: ("distance", ["function"]),
    46: ("split", ["axis", "sizes"]),
    47: ("slice", []),
    48: ("pad", ["mode"]),
    49: ("transpose", ["permutation"]),
    50: ("squeeze", ["axes"]),
    51: ("unsqueeze", ["axes"]),
    52: ("expand", []),
    53: ("tile", []),
    54: ("depth_to_space", ["block", "column_row_depth"]),
    55: ("space_to_depth", ["block"]),
    56: ("reverse_sequence", ["batch_axis", "time_axis"]),
    57: ("triangle", ["upper"]),
    58: ("shape", ["start", "(end)"]),
    59: ("size", []),
    60: ("fill", []),
    61: ("range", []),
    62: ("one_hot", ["axis"]),
    63: ("eye_like", ["dtype", "diagonal"]),
    64: ("gather", ["axis"]),
    65: ("gather_elements", ["axis"]),
    66: ("gather_nd", ["batch"]),
    67: ("scatter_elements", ["axis", "reduction"]),
    68: ("scatter_nd", ["reduction"]),
    69: ("top_k", ["axis", "largest", "sorted"]),
    70: ("unique", ["(axis)", "sorted"]),
    71: ("non_zero", []),
    72: ("compress", ["(axis)"]),
    73: ("non_max_suppression", ["centres"]),
    74: ("resize", ["mode", "coordinates", "rounding", "aspect", "cubic", "excludes_outside", "antialias", "extrapolation", "axes"]),
    75: ("grid_sample", ["mode", "padding", "align_corners"]),
}
ATTRIBUTES = {
    1: ("strides", "integers"), 2: ("dilations", "integers"), 3: ("pad_begin", "integers"), 4: ("pad_end", "integers"),
    5: ("groups", "integer"), 6: ("kernel", "integers"), 7: ("count_padding", "flag"), 8: ("transpose_a", "flag"),
    9: ("transpose_b", "flag"), 10: ("slope", "real"), 11: ("axis", "integer"), 12: ("size", "integer"),
    13: ("alpha", "real"), 14: ("beta", "real"), 15: ("bias", "real"), 16: ("epsilon", "real"), 17: ("sizes", "integers"),
    18: ("rate", "real"), 19: ("ceil", "flag"), 20: ("padding_rule", "choice"), 21: ("output_padding", "integers"),
    22: ("p", "integer"), 23: ("height", "integer"), 24: ("width", "integer"), 25: ("scale", "real"),
    26: ("samples", "integer"), 27: ("is_maximum", "flag"), 28: ("half_pixel", "flag"), 29: ("equation", "text"),
    30: ("function", "choice"), 31: ("dtype", "choice"), 32: ("axes", "integers"), 33: ("keeps_axes", "flag"),
    34: ("no_axes_is_identity", "flag"), 35: ("last", "flag"), 36: ("exclusive", "flag"), 37: ("reverse", "flag"),
    38: ("mode", "choice"), 39: ("permutation", "integers"), 40: ("zero_is_size", "flag"), 41: ("block", "integer"),
    42: ("column_row_depth", "flag"), 43: ("batch_axis", "integer"), 44: ("time_axis", "integer"), 45: ("upper", "flag"),
    46: ("start", "integer"), 47: ("end", "integer"), 48: ("diagonal", "integer"), 49: ("batch", "integer"),
    50: ("reduction", "choice"), 51: ("largest", "flag"), 52: ("sorted", "flag"), 53: ("centres", "flag"),
    54: ("coordinates", "choice"), 55: ("rounding", "choice"), 56: ("aspect", "choice"), 57: ("cubic", "real"),
    58: ("excludes_outside", "flag"), 59: ("antialias", "flag"), 60: ("extrapolation", "real"), 61: ("padding", "choice"),
    62: ("align_corners", "flag"), 63: ("gamma", "real"), 64: ("lambda", "real"), 65: ("low", "bound"),
    66: ("high", "bound"),
}  # fmt: skip

# The functions of an operation, numbered from 1; those of `activation` with their attributes.
ACTIVATIONS = {
    "clip": ["low", "high"],
    "elu": ["alpha"],
    "selu": ["alpha", "gamma"],
    "celu": ["alpha"],
    "gelu": [],
    "gelu_tanh": [],
    "hard_sigmoid": ["alpha", "beta"],
    "silu": ["alpha"],
    "hard_swish": [],
    "mish": [],
    "softplus": [],
    "softsign": [],
    "thresholded_relu": ["alpha"],
    "shrink": ["lambda", "bias"],
}
FUNCTIONS = {
    "activation": list(ACTIVATIONS),
    "unary": [
        "negate", "absolute", "sign", "floor", "ceil", "round", "exp", "log", "sqrt", "reciprocal", "sin", "cos", "tan", "asin",
        "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "erf", "is_nan", "is_infinite", "is_positive_infinite",
        "is_negative_infinite", "not", "bitwise_not",
    ],
    "binary": [
        "add", "subtract", "multiply", "divide", "power", "modulo", "remainder", "minimum", "maximum", "prelu", "equal", "less",
        "less_or_equal", "greater", "greater_or_equal", "and", "or", "xor", "bitwise_and", "bitwise_or", "bitwise_xor",
        "shift_left", "shift_right",
    ],
    "reduce": [
        "sum", "mean", "maximum", "minimum", "product", "l1", "l2", "sum_of_squares", "log_sum", "log_sum_exp",
    ],
    "distance": ["cosine_similarity", "squared_l2"],
}  # fmt: skip
# How many values, from 0, an attribute of type choice has.
CHOICES = {
    ("pad", "mode"): 4, ("resize", "mode"): 3, ("grid_sample", "mode"): 3, "padding_rule": 3, "reduction": 5,
    "coordinates": 6, "rounding": 4, "aspect": 3, "padding": 3,
}  # fmt: skip
ABSENT = 0xFFFFFFFF


# ---------------------------------------------------------------- checksum

MASK = (1 << 64) - 1
P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def rotl(x, n):
    return (x << n | x >> (64 - n)) & MASK


def round_(lane, word):
    return rotl((lane + word * P2) & MASK, 31) * P1 & MASK


def xxh64(data):
    whole = len(data) & ~31
    if whole:
        a, b, c, d = (P1 + P2) & MASK, P2, 0, -P1 & MASK
        words = iter(np.frombuffer(data, "<u8", whole // 8).tolist())
        for w0, w1, w2, w3 in zip(words, words, words, words):
            a, b, c, d = round_(a, w0), round_(b, w1), round_(c, w2), round_(d, w3)
        h = (rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18)) & MASK
        for lane in (a, b, c, d):
            h = ((h ^ round_(0, lane)) * P1 + P4) & MASK
    else:
        h = P5
    h = (h + len(data)) & MASK
    at = whole
    while at + 8 <= len(data):
        h = (rotl(h ^ round_(0, int.from_bytes(data[at : at + 8], "little")), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= len(data):
        word = int.from_bytes(data[at : at + 4], "little")
        h = (rotl(h ^ (word * P1 & MASK), 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        h = rotl(h ^ (byte * P5 & MASK), 11) * P1 & MASK
    h = (h ^ h >> 33) * P2 & MASK
    h = (h ^ h >> 29) * P3 & MASK
    return h ^ h >> 32


# ------------------------------------------------------------------- model


@dataclass
class Tensor:
    name: str
    kind: int
    dtype: str | None = None  # None: computed
    dims: list[int] = field(default_factory=list)
    data: np.ndarray | None = None  # constants


@dataclass
class Node:
    name: str
    op: str
    inputs: list[int | None]  # None: absent
    outputs: list[int | None]
    attributes: dict


@dataclass
class Model:
    name: str
    symbols: list[str]
    inputs: list[int]
    outputs: list[int]
    tensors: list[Tensor]
    nodes: list[Node]
    metadata: list[tuple[str, str, object]]  # name, type, value


# ------------------------------------------------------------------ reading


class Reader:
    def __init__(self, kind, data):
        self.kind, self.data, self.at = kind, data, 0

    def bytes(self, count):
        if count > len(self.data) - self.at:
            raise Invalid(f"{self.kind}: ends inside a record")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, form):
        return struct.unpack("<" + form, self.bytes(struct.calcsize("<" + form)))[0]

    def count(self, record_size):
        count = self.number("I")
        if count * record_size > len(self.data) - self.at:
            raise Invalid(f"{self.kind}: {count} records do not fit")
        return count

    def reserved(self, value):
        if value != 0:
            raise Unsupported(f"{self.kind}: a reserved field is {value}")

    def end(self):
        if self.at != len(self.data):
            raise Invalid(f"{self.kind}: bytes after the last record")


class Strings:
    def __init__(self, reader):
        lengths = [reader.number("I") for _ in range(reader.count(4))]
        self.strings = []
        for length in lengths:
            try:
                text = bytes(reader.bytes(length)).decode("utf-8")
            except UnicodeDecodeError as error:
                raise Invalid("STRS: not UTF-8") from error
            if "\0" in text:
                raise Invalid("STRS: a string holds U+0000")
            self.strings.append(text)
        reader.end()

    def take(self, index):
        if index >= len(self.strings):
            raise Invalid(f"string {index} does not exist")
        text, self.strings[index] = self.strings[index], None
        if text is None:
            raise Invalid(f"string {index} is used twice")
        return text


def read_entry(reader, strings, known_key):
    """Key, type and value; the value is None for an entry to be skipped."""
    key, type_, flags = reader.number("I"), reader.number("H"), reader.number("H")
    reader.reserved(flags & ~REQUIRED)
    payload = bytes(reader.bytes(reader.number("I")))
    if not known_key(key) or not 1 <= type_ <= 6:
        if flags & REQUIRED:
            raise Unsupported(f"{reader.kind}: unknown entry {key} of type {type_}")
        return key, None, None
    name = ["integer", "real", "integers", "reals", "text", "texts"][type_ - 1]
    size, form = {"i": (8, "q"), "r": (8, "d"), "t": (4, "I")}[name[0]]
    if len(payload) % size or (not name.endswith("s") and len(payload) != size):
        raise Invalid(f"{reader.kind}: {len(payload)} bytes for {name}")
    values = list(struct.unpack(f"<{len(payload) // size}{form}", payload))
    if name.startswith("text"):
        values = [strings.take(index) for index in values]
    return key, name, values if name.endswith("s") else values[0]


def unpack(kind, data):
    """The bytes of a packed section."""
    reader, found = Reader(kind, data), bytearray()
    size = reader.number("I")
    block = len(data) - 4
    if size > min(255 * (block + 1), (1 << 20) + 16 * block):
        raise Invalid(f"{kind}: {block} bytes for {size}")

    def length(short):
        byte = 255
        while short >= 15 and byte == 255:
            byte = reader.number("B")
            short += byte
        return short

    while True:
        token = reader.number("B")
        found += reader.bytes(length(token >> 4))
        if reader.at == len(data):
            break
        distance, count = reader.number("H"), length(token & 15) + 4
        if not 1 <= distance <= len(found) or count > size - len(found):
            raise Invalid(f"{kind}: a copy of {count} bytes from {distance} before {len(found)}")
        for _ in range(count):
            found.append(found[-distance])
    if len(found) != size:
        raise Invalid(f"{kind}: {len(found)} bytes of {size}")
    return bytes(found)


def read_sections(data):
    if data[:10] != SIGNATURE[: len(data)] or not data:
        raise Invalid("not a .dlrt file")
    if len(data) < 64:
        raise Invalid("the header is cut short")
    if xxh64(data[:56]) != struct.unpack_from("<Q", data, 56)[0]:
        raise Invalid("the header is damaged")
    major, _, count, size, table_sum, *reserved = struct.unpack_from("<HHHQQ3Q", data, 10)
    if major != 1:
        raise Unsupported(f"major version {major}")
    if size != len(data):
        raise Invalid(f"{len(data)} bytes of {size}")
    end = 64 + 32 * count
    if end > len(data):
        raise Invalid("the section table is cut short")
    if xxh64(data[64:end]) != table_sum:
        raise Invalid("the section table is damaged")
    if any(reserved):
        raise Unsupported("a reserved field of the header is not 0")
    sections = {}
    for i in range(count):
        kind, flags, offset, size, sum_ = struct.unpack_from("<4sIQQQ", data, 64 + 32 * i)
        if flags & ~(REQUIRED | PACKED):
            raise Unsupported(f"section {kind}: flags {flags}")
        if (offset % 64 and not flags & PACKED) or offset < end or offset + size > len(data):
            raise Invalid(f"section {kind}: bad place {offset}, {size}")
        if any(data[end:offset]):
            raise Invalid(f"section {kind}: the bytes before it are not 0")
        if xxh64(data[offset : offset + size]) != sum_:
            raise Invalid(f"section {kind} is damaged")
        end = offset + size
        if kind in (b"STRS", b"META", b"GRPH", b"TENS", b"WGTS"):
            if kind in sections:
                raise Invalid(f"two sections {kind}")
            if flags & PACKED and kind == b"WGTS":
                raise Unsupported("packed weights")
            sections[kind] = unpack(kind, data[offset:end]) if flags & PACKED else data[offset:end]
        elif flags & REQUIRED:
            raise Unsupported(f"unknown section {kind}")
    if end != len(data):
        raise Invalid("bytes after the last section")
    if len(sections) != 5:
        raise Invalid("a section is missing")
    return sections


def read_metadata(reader, strings):
    entries, names = [], set()
    for _ in range(reader.count(12)):
        key, type_, value = read_entry(reader, strings, lambda key: True)
        name = strings.take(key)
        if name in names:
            raise Invalid(f"metadata {name} twice")
        names.add(name)
        if type_ is not None:
            entries.append((name, type_, value))
    reader.end()
    return entries


def read_tensors(reader, strings, weights, symbol_count):
    tensors, free = [], 0
    for _ in range(reader.count(8)):
        name = strings.take(reader.number("I"))
        kind, dtype, rank, encoding = (reader.number("B") for _ in range(4))
        tensor = Tensor(name, kind)
        tensors.append(tensor)
        if kind > CONSTANT:
            raise Unsupported(f"tensor {name}: kind {kind}")
        if kind == COMPUTED:
            if dtype or rank or encoding:
                raise Invalid(f"tensor {name}: a computed tensor has no type")
            continue
        if dtype not in DTYPES or rank > 8 or encoding != 0:
            raise Unsupported(f"tensor {name}: dtype {dtype}, rank {rank}, encoding {encoding}")
        tensor.dtype, form = DTYPES[dtype]
        tensor.dims = [reader.number("q") for _ in range(rank)]
        if kind == INPUT:
            if any(dim < -1 and -2 - dim >= symbol_count for dim in tensor.dims):
                raise Invalid(f"tensor {name}: an unknown symbol")
            continue
        offset, size = reader.number("Q"), reader.number("Q")
        if any(dim < 0 for dim in tensor.dims):
            raise Invalid(f"tensor {name}: a constant has sizes only")
        count = 1
        for dim in tensor.dims:
            count *= dim
        if size != count * np.dtype(form).itemsize:
            raise Invalid(f"tensor {name}: {size} bytes for {tensor.dims}")
        if offset % (64 if size >= 1024 else np.dtype(form).itemsize) or offset < free or offset + size > len(weights):
            raise Invalid(f"tensor {name}: bad place {offset}")
        free = offset + size
        tensor.data = np.frombuffer(weights, form, count, offset).reshape(tensor.dims)
    reader.end()
    return tensors


def known_choice(op, name, value):
    if name == "function":
        return 1 <= value <= len(FUNCTIONS[op])
    if name == "dtype":
        return value in DTYPES
    return 0 <= value < CHOICES.get(name, CHOICES.get((op, name), 0))


def convert_attribute(op, name, type_, value):
    """The value of an attribute of a node, checked; type_: the entry's."""
    wanted = dict(ATTRIBUTES.values())[name]
    stored = {"flag": "integer", "choice": "integer", "bound": "real"}.get(wanted, wanted)
    if type_ != stored or (wanted == "flag" and value not in (0, 1)):
        raise Invalid(f"attribute {name}: {type_} {value}")
    if wanted == "choice" and not known_choice(op, name, value):
        raise Unsupported(f"attribute {name}: {value}")
    if stored == "real":
        with np.errstate(over="ignore"):
            value = float(np.float32(value))
        if np.isnan(value) or (wanted == "real" and np.isinf(value)):
            raise Invalid(f"attribute {name}: {value}")
    if wanted == "integers" and len(value) > (65_535 if (op, name) == ("split", "sizes") else 8):
        raise Invalid(f"attribute {name}: {len(value)} entries")
    return value


def read_attributes(reader, strings, op, expected):
    entries = {}
    for _ in range(reader.count(12)):
        key, type_, value = read_entry(reader, strings, ATTRIBUTES.__contains__)
        if type_ is None:
            continue
        name, _ = ATTRIBUTES[key]
        if name in entries:
            raise Invalid(f"attribute {name} twice")
        entries[name] = (type_, value)
    attributes = {}
    for name in expected:
        plain = name.strip("()")
        if plain in entries:
            attributes[plain] = convert_attribute(op, plain, *entries[plain])
        elif name == plain:
            raise Invalid(f"attribute {name} is missing")
        if op == "activation" and name == "function":
            expected += ACTIVATIONS[FUNCTIONS[op][attributes[name] - 1]]
    for name in ("padding_rule", "ceil", "zero_is_size"):
        if attributes.get(name) == 0:  # as if it were absent
            del attributes[name]
    return attributes


def read_indices(reader, limit, absent=False):
    """Indices of tensors; None for one that is absent, where that is allowed."""
    indices = [reader.number("I") for _ in range(reader.count(4))]
    indices = [None if absent and index == ABSENT else index for index in indices]
    if any(index is not None and index >= limit for index in indices):
        raise Invalid(f"{reader.kind}: a tensor that does not exist")
    return indices


def read_node(reader, strings, known):
    """known: of each tensor, whether it has a value; sets what the node computes."""
    code, name = reader.number("I"), strings.take(reader.number("I"))
    if code not in OPERATIONS:
        raise Unsupported(f"node {name}: operation {code}")
    reads, writes = (read_indices(reader, len(known), absent=True) for _ in range(2))
    for i, tensor in enumerate(reads):
        if not (i > 0 if tensor is None else known[tensor]):
            raise Invalid(f"node {name}: reads {reads}")
    for i, tensor in enumerate(writes or [None]):
        if i == 0 if tensor is None else known[tensor]:
            raise Invalid(f"node {name}: writes {writes}")
        if tensor is not None:
            known[tensor] = True
    op, expected = OPERATIONS[code]
    attributes = read_attributes(reader, strings, op, list(expected))
    if op == "binary" and attributes["function"] in (1, 3):  # the operations 15 and 16
        op, attributes = FUNCTIONS[op][attributes["function"] - 1], {}
    return Node(name, op, reads, writes, attributes)


def read(data):
    """The model of a file's bytes. Shapes are not checked against the operations."""
    data = bytes(data)
    sections = read_sections(data)
    strings = Strings(Reader("STRS", sections[b"STRS"]))
    metadata = read_metadata(Reader("META", sections[b"META"]), strings)
    graph = Reader("GRPH", sections[b"GRPH"])
    name = strings.take(graph.number("I"))
    symbols = [strings.take(graph.number("I")) for _ in range(graph.count(4))]
    if len(set(symbols)) != len(symbols):
        raise Invalid("two symbols of one name")
    tensors = read_tensors(Reader("TENS", sections[b"TENS"]), strings, sections[b"WGTS"], len(symbols))
    inputs = read_indices(graph, len(tensors))
    outputs = read_indices(graph, len(tensors))
    if sorted(inputs) != [i for i, tensor in enumerate(tensors) if tensor.kind == INPUT]:
        raise Invalid("the inputs are not the tensors of kind input, each once")
    nodes = []
    known = [tensor.kind != COMPUTED for tensor in tensors]
    for _ in range(graph.count(20)):
        nodes.append(read_node(graph, strings, known))
    graph.end()
    if not outputs or not all(known[i] for i in outputs):
        raise Invalid("an output is never computed, or there is none")
    for indices in (inputs, outputs):
        names = [tensors[i].name for i in indices]
        if len(set(names)) != len(names):
            raise Invalid("two inputs or outputs of one name")
    return Model(name, symbols, inputs, outputs, tensors, nodes, metadata)


# ----------------------------------------------------------------- printing


def as_json(model):
    """What `dl-export inspect --json` says, as far as it is in the file and not derived from it."""

    def tensor(t):
        fields = {"name": t.name, "kind": ["computed", "input", "constant"][t.kind]}
        if t.kind != COMPUTED:
            fields["dtype"] = t.dtype
            fields["shape"] = [d if d >= 0 else None if d == -1 else model.symbols[-2 - d] for d in t.dims]
        if t.kind == CONSTANT:
            fields["bytes"] = t.data.nbytes
            fields["xxh64"] = f"{xxh64(t.data.tobytes()):016x}"
        return fields

    def plain(value):
        """Numbers that JSON has no form of go by their names."""
        if isinstance(value, list):
            return [plain(item) for item in value]
        return str(value) if isinstance(value, float) and not np.isfinite(value) else value

    def node(n):
        """An operation with functions goes by the function's name."""
        op = FUNCTIONS[n.op][n.attributes["function"] - 1] if n.op in FUNCTIONS else n.op
        name = {"reduce": f"reduce_{op}", "distance": op.replace("l2", "l2_distance")}.get(n.op, op)
        return {**vars(n), "op": name, "attributes": {key: plain(value) for key, value in n.attributes.items()}}

    return {
        "name": model.name,
        "symbols": model.symbols,
        "inputs": model.inputs,
        "outputs": model.outputs,
        "tensors": [tensor(t) for t in model.tensors],
        "nodes": [node(n) for n in model.nodes],
        "metadata": [{"key": key, "type": type_, "value": plain(value)} for key, type_, value in model.metadata],
    }


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        print(json.dumps(as_json(read(file.read())), indent=2, ensure_ascii=False))
