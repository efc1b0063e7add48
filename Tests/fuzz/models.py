#!/usr/bin/env python3
"""Loads damaged model files through libdlrt.so, and runs those that load: each must give an answer or an error.

usage: Tests/fuzz/models.py COUNT [SEED]
The mutants are of the network that holds every operation. A mutant on which the library dies stays in build/test/mutant.dlrt.
"""

import os
import pathlib
import subprocess
import sys

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests/format"), str(ROOT / "bindings/python")]
os.environ.setdefault("DLRT_LIBRARY", str(ROOT / "build/lib/libdlrt.so.1"))

import dlrt  # noqa: E402 - needs the path above
import mutate  # noqa: E402

# Enough for the undamaged network, and little enough that no mutant makes the machine swap.
MEMORY_LIMIT = 1 << 28
MOST_ELEMENTS = 1 << 20


def inputs(model):
    """Arrays of ones, or None where the damaged model asks for huge ones."""
    shapes = [tuple(1 if n is None else n for n in info.shape) for info in model.inputs]
    if any(numpy.prod(shape, dtype=float) > MOST_ELEMENTS for shape in shapes):
        return None
    return [numpy.ones(shape, info.dtype) for shape, info in zip(shapes, model.inputs)]


def survives(path, data, from_memory):
    """True when the mutant ran; False when it was refused."""
    try:
        model = dlrt.load(data if from_memory else path, memory_limit=MEMORY_LIMIT)
        arrays = inputs(model)
        if arrays is None:
            return True
        session = model.session(memory_limit=MEMORY_LIMIT)
        first = session.run(*arrays)
        second = session.run(*arrays)
        for name in first:
            assert numpy.array_equal(first[name], second[name], equal_nan=True), name
        return True
    except dlrt.InternalError:
        raise
    except dlrt.Error as error:
        assert str(error), type(error)
        return False


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    original = ROOT / "build/test/everyop.dlrt"
    mutant = ROOT / "build/test/mutant.dlrt"
    original.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([ROOT / "build/bin/dl-export", "sample", "everyop", "-o", original], check=True)
    assert survives(str(original), original.read_bytes(), True)
    ran = 0
    # Packed sections hide most of what damage could reach.
    for i, data in enumerate(mutate.mutations(mutate.plain(original.read_bytes()), count, seed)):
        mutant.write_bytes(data)
        ran += survives(str(mutant), data, i % 2 == 0)
    print(f"{ran} of {count} mutants ran, the others were refused")


main()
