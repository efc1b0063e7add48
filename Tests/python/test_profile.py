"""The profile of a session."""

import dlrt
import numpy as np
import pytest


def test_entries(lenet):
    image = np.zeros((4, 1, 28, 28), np.float32)
    with lenet.session() as session:
        assert session.profiling is False
        session.run(image)
        with pytest.raises(dlrt.NotReadyError, match="profil"):
            session.profile()
        session.profiling = True
        assert session.profiling is True
        session.run(image)
        entries = session.profile()
        assert [entry.node for entry in entries if entry.flops] == ["conv1", "conv2", "fc1", "fc2", "fc3"]
        first = next(entry for entry in entries if entry.node == "conv1")
        assert first.op == "conv" and first.kernel and first.threads == 1
        assert first.flops == 2 * 4 * 28 * 28 * 6 * 25 and first.bytes == 4 * (4 * 784 + 156 + 4 * 6 * 784)
        ends = [entry.start + entry.nanoseconds for entry in entries]
        assert all(end <= entry.start for end, entry in zip(ends, entries[1:]))
        session.profiling = False
        session.run(image)
        with pytest.raises(dlrt.NotReadyError):
            session.profile()


def test_closed(lenet):
    session = lenet.session()
    session.close()
    with pytest.raises(ValueError, match="closed"):
        session.profiling = True
    assert session.profiling is False
    with pytest.raises(ValueError, match="closed"):
        session.profile()


def test_memory_of_a_model(paths):
    with dlrt.load(paths["lenet5"]) as model:
        assert model.memory >= 4 * 61706
    with pytest.raises(ValueError, match="closed"):
        model.memory
    with dlrt.load(paths["trivial"]) as model:
        assert model.memory == 0
