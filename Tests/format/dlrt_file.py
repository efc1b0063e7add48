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
REQUIRED = 1
COMPUTED, INPUT, CONSTANT = range(3)

# bfloat16 has no numpy type: its two bytes are given as they are.
DTYPES = {
    1: ("f32", "<f4"), 2: ("f16", "<f2"), 3: ("bf16", "<u2"), 4: ("f64", "<f8"), 5: ("i8", "i1"), 6: ("i16", "<i2"),
    7: ("i32", "<i4"), 8: ("i64", "<i8"), 9: ("u8", "u1"), 10: ("u16", "<u2"), 11: ("u32", "<u4"), 12: ("u64", "<u8"),
    13: ("bool", "u1"),
}  # fmt: skip

WINDOW = ["strides", "dilations", "pad_begin", "pad_end"]
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
    19: ("reshape", ["sizes"]),
    20: ("dropout", ["rate"]),
}
ATTRIBUTES = {
    1: ("strides", "integers"), 2: ("dilations", "integers"), 3: ("pad_begin", "integers"), 4: ("pad_end", "integers"),
    5: ("groups", "integer"), 6: ("kernel", "integers"), 7: ("count_padding", "flag"), 8: ("transpose_a", "flag"),
    9: ("transpose_b", "flag"), 10: ("slope", "real"), 11: ("axis", "integer"), 12: ("size", "integer"),
    13: ("alpha", "real"), 14: ("beta", "real"), 15: ("bias", "real"), 16: ("epsilon", "real"), 17: ("sizes", "integers"),
    18: ("rate", "real"),
}  # fmt: skip


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
    inputs: list[int]
    outputs: list[int]
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
        if offset % 64 or offset < end or offset + size > len(data):
            raise Invalid(f"section {kind}: bad place {offset}, {size}")
        if any(data[end:offset]):
            raise Invalid(f"section {kind}: the bytes before it are not 0")
        if xxh64(data[offset : offset + size]) != sum_:
            raise Invalid(f"section {kind} is damaged")
        if flags & ~REQUIRED:
            raise Unsupported(f"section {kind}: flags {flags}")
        end = offset + size
        if kind in (b"STRS", b"META", b"GRPH", b"TENS", b"WGTS"):
            if kind in sections:
                raise Invalid(f"two sections {kind}")
            sections[kind] = data[offset:end]
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
        if offset % 64 or offset < free or offset + size > len(weights):
            raise Invalid(f"tensor {name}: bad place {offset}")
        free = offset + size
        tensor.data = np.frombuffer(weights, form, count, offset).reshape(tensor.dims)
    reader.end()
    return tensors


def read_attributes(reader, strings, expected):
    attributes = {}
    for _ in range(reader.count(12)):
        key, type_, value = read_entry(reader, strings, ATTRIBUTES.__contains__)
        if type_ is None:
            continue
        name, wanted = ATTRIBUTES[key]
        if name in attributes:
            raise Invalid(f"attribute {name} twice")
        attributes[name] = (type_, wanted, value)
    result = {}
    for name in expected:
        if name not in attributes:
            raise Invalid(f"attribute {name} is missing")
        type_, wanted, value = attributes[name]
        if type_ != ("integer" if wanted == "flag" else wanted) or (wanted == "flag" and value not in (0, 1)):
            raise Invalid(f"attribute {name}: {type_} {value}")
        if wanted == "real":
            with np.errstate(over="ignore"):
                value = float(np.float32(value))
            if not np.isfinite(value):
                raise Invalid(f"attribute {name}: not finite")
        if wanted == "integers" and len(value) > 8:
            raise Invalid(f"attribute {name}: {len(value)} entries")
        result[name] = value
    return result


def read_indices(reader, limit):
    indices = [reader.number("I") for _ in range(reader.count(4))]
    if any(index >= limit for index in indices):
        raise Invalid(f"{reader.kind}: a tensor that does not exist")
    return indices


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
        code, node_name = graph.number("I"), strings.take(graph.number("I"))
        if code not in OPERATIONS:
            raise Unsupported(f"node {node_name}: operation {code}")
        reads, writes = read_indices(graph, len(tensors)), read_indices(graph, len(tensors))
        if not all(known[i] for i in reads) or len(writes) != 1 or known[writes[0]]:
            raise Invalid(f"node {node_name}: reads {reads}, writes {writes}")
        known[writes[0]] = True
        op, expected = OPERATIONS[code]
        nodes.append(Node(node_name, op, reads, writes, read_attributes(graph, strings, expected)))
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

    return {
        "name": model.name,
        "symbols": model.symbols,
        "inputs": model.inputs,
        "outputs": model.outputs,
        "tensors": [tensor(t) for t in model.tensors],
        "nodes": [vars(node) for node in model.nodes],
        "metadata": [{"key": key, "type": type_, "value": value} for key, type_, value in model.metadata],
    }


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        print(json.dumps(as_json(read(file.read())), indent=2, ensure_ascii=False))
