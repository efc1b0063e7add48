"""Damages model files, the same way for the same seed.

    python mutate.py model.dlrt 100 folder      writes folder/000.dlrt …

Half of the mutants have their checksums and sizes repaired afterwards, so that they reach the checks behind those. The sections
that say what the file means are hit far more often than the weights, however large those are.
"""

import pathlib
import random
import struct
import sys
from functools import lru_cache

import dlrt_file

# Counts, sizes, offsets and dimensions that break careless arithmetic.
EDGES = [0, 1, 2, 63, 64, 0x7F, 0x80, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1]

checksum = lru_cache(maxsize=64)(dlrt_file.xxh64)


def sections(data):
    """Offset and size of the sections that lie in the data."""
    if len(data) < 64:
        return []
    count = min(struct.unpack_from("<H", data, 14)[0], (len(data) - 64) // 32)
    table = [struct.unpack_from("<QQ", data, 64 + 32 * i + 8) for i in range(count)]
    return [(i, offset, size) for i, (offset, size) in enumerate(table) if offset + size <= len(data)]


def fix_checksums(data):
    """The same bytes with the file's size and every checksum made right, as far as sections and table lie in the data."""
    data = bytearray(data)
    if len(data) < 64:
        return bytes(data)
    for i, offset, size in sections(data):
        struct.pack_into("<Q", data, 64 + 32 * i + 24, checksum(bytes(data[offset : offset + size])))
    table_end = 64 + 32 * struct.unpack_from("<H", data, 14)[0]
    struct.pack_into("<Q", data, 16, len(data))
    struct.pack_into("<Q", data, 24, dlrt_file.xxh64(bytes(data[64:table_end])))
    struct.pack_into("<Q", data, 56, dlrt_file.xxh64(bytes(data[:56])))
    return bytes(data)


def plain(data):
    """The same model without packed sections."""
    count = struct.unpack_from("<H", data, 14)[0]
    head, content = bytearray(data[: 64 + 32 * count]), bytearray()
    for i, offset, size in sections(data):
        kind, flags = struct.unpack_from("<4sI", head, 64 + 32 * i)
        section = data[offset : offset + size]
        if flags & dlrt_file.PACKED:
            section = dlrt_file.unpack(kind, section)
        content += bytes(-(len(head) + len(content)) % 64)
        struct.pack_into("<IQQ", head, 64 + 32 * i + 4, flags & ~dlrt_file.PACKED, len(head) + len(content), len(section))
        content += section
    return fix_checksums(head + content)


def flip_bits(data, place, random):
    for _ in range(random.choice([1, 1, 1, 2, 8])):
        data[place()] ^= 1 << random.randrange(8)


def write_edge(data, place, random):
    form = random.choice("BHIQ")
    size = struct.calcsize("<" + form)
    at = min(place(), len(data) - size)
    value = random.choice(EDGES) + random.choice([-1, 0, 0, 1])
    data[at : at + size] = struct.pack("<Q", value % 2**64)[:size]


def overwrite(data, place, random):
    at = place()
    data[at : at + 4] = random.randbytes(min(4, len(data) - at))


def copy_within(data, place, random):
    a, b, size = place(), place(), random.choice([1, 4, 8, 32])
    size = min(size, len(data) - a, len(data) - b)
    data[a : a + size] = data[b : b + size]


def remove(data, place, random):
    at = place()
    del data[at : at + random.choice([1, 4, 64])]


def insert(data, place, random):
    at = place()
    data[at:at] = random.choice([bytes(4), bytes(64), random.randbytes(5)])


def truncate(data, place, random):
    del data[place() :]


IN_PLACE = [flip_bits, flip_bits, write_edge, write_edge, overwrite, copy_within]
MOVING = [remove, insert, truncate]


def mutate(original, random):
    """One mutant."""
    data = bytearray(original)
    repaired = random.random() < 0.5
    spans = [(offset, size) for _, offset, size in sections(original) if size]

    def place():
        # Nine of ten times one of the sections before the weights, small ones more often than by size; else anywhere.
        if len(spans) > 1 and random.random() < 0.9:
            offset, size = random.choices(spans[:-1], [size**0.5 for _, size in spans[:-1]])[0]
            return min(offset + random.randrange(size), len(data) - 1)
        return random.randrange(len(data))

    for _ in range(random.choice([1, 1, 1, 2, 4])):
        if len(data) > 8:
            moving = random.random() < (0.05 if repaired else 0.2)
            random.choice(MOVING if moving else IN_PLACE)(data, place, random)
    return fix_checksums(data) if repaired else bytes(data)


def mutations(original, count, seed=1):
    """`count` mutants of a model file's bytes."""
    generator = random.Random(seed)
    for _ in range(count):
        yield mutate(original, generator)


if __name__ == "__main__":
    source, count, folder = sys.argv[1:]
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    for i, mutant in enumerate(mutations(pathlib.Path(source).read_bytes(), int(count))):
        (pathlib.Path(folder) / f"{i:03}.dlrt").write_bytes(mutant)
