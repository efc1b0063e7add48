"""A model whose sizes follow from elements: Tests/c/fixtures.h says what it computes."""

import base64

import dlrt
import numpy as np
import pytest
from conftest import ROOT


@pytest.fixture
def stages():
    with dlrt.load(base64.b64decode((ROOT / "Tests/c/stages.dlrt.base64").read_text())) as model:
        yield model


def run(session, x, limit, sizes):
    return session.run(np.array(x, np.float32), np.array(limit, np.int64), np.array(sizes, np.int64))


def test_sizes_of_every_run(stages):
    assert [output.shape for output in stages.outputs] == [(None,), (None,), (None, None)]
    session = stages.session()
    for x, limit, sizes in [([1, -2, 3], 4, [3, 1]), ([-1, -2], 0, [1, -1]), ([4] * 500, 300, [5, 100])] * 2:
        found = run(session, x, limit, sizes)
        x = np.array(x, np.float32)
        assert np.array_equal(found["kept"], x[x > 0]) and np.array_equal(found["range"], np.arange(limit))
        assert np.array_equal(found["shaped"], x.reshape(sizes))


@pytest.mark.parametrize(
    "kind, limit, sizes, words",
    [
        (dlrt.MemoryLimitError, 1 << 31, [1, 2], "17179869.* bytes .*limit is 1048576"),
        (dlrt.ShapeMismatchError, 1 << 62, [1, 2], "'range'.*4611686018427387904.*larger than memory"),
        (dlrt.ShapeMismatchError, 3, [2, 2], r"'shaped'.*reshape f32 \[2\] to \[2, 2\]"),
        (dlrt.ShapeMismatchError, 3, [1 << 40, 1 << 40], "'shaped'.*overflows"),
        (dlrt.InvalidModelError, 3, [-3, 2], "size -3 at 0"),
    ],
)
def test_sizes_that_cannot_be(stages, kind, limit, sizes, words):
    session = stages.session(memory_limit=1 << 20)
    for _ in range(2):
        with pytest.raises(kind, match=words):
            run(session, [1, 2], limit, sizes)
        assert run(session, [1, 2], 3, [2, 1])["range"].size == 3


def test_no_elements(stages):
    session = stages.session()
    with pytest.raises(dlrt.ShapeMismatchError, match="does not have"):
        run(session, [], 0, [0, 0])
    assert [output.size for output in run(session, [], 0, [0, 5]).values()] == [0, 0, 0]
