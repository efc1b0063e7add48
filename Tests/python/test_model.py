"""Loading, and what a model says of itself."""

import os
import pathlib

import dlrt
import numpy as np
import pytest
from images import digits, same_bits


def test_description(lenet):
    assert lenet.inputs == (dlrt.TensorInfo("image", np.dtype(np.float32), (None, 1, 28, 28)),)
    assert lenet.outputs[0].name == "probabilities"
    assert lenet.outputs[0].shape == (None, 10)
    assert lenet.outputs[0].dtype == np.float32
    assert lenet.labels == tuple("0123456789")
    assert lenet.metadata["preprocess.color"] == "gray"
    assert float(lenet.metadata["preprocess.std"]) == 0.3081
    assert lenet.isa in ("baseline", "avx2", "avx512", "neon")


def test_a_model_without_labels(paths):
    with dlrt.load(paths["mlp"]) as model:
        assert model.labels == ()
        assert "preprocess.color" not in model.metadata


def test_description_outlives_close(lenet):
    before = (lenet.inputs, lenet.outputs, dict(lenet.metadata), lenet.labels, lenet.isa)
    lenet.close()
    assert before == (lenet.inputs, lenet.outputs, lenet.metadata, lenet.labels, lenet.isa)


@pytest.mark.parametrize("kind", [str, pathlib.Path, os.fsencode])
def test_paths(paths, kind):
    source = kind(str(paths["lenet5"]))
    if isinstance(source, bytes):
        with pytest.raises(dlrt.InvalidModelError):  # bytes are the content of a file, never its name
            dlrt.load(source)
    else:
        dlrt.load(source).close()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda b: memoryview(bytearray(b * 2))[: len(b)]])
def test_bytes(paths, kind):
    content = kind(paths["lenet5"].read_bytes())
    with dlrt.load(content) as model, dlrt.load(paths["lenet5"]) as file_model:
        if isinstance(content, bytearray):
            content[:] = bytes(len(content))  # it was copied
        image = digits(3)
        a, b = model.session().run(image), file_model.session().run(image)
        assert same_bits(a["probabilities"], b["probabilities"])


@pytest.mark.parametrize(
    "name", ["café.dlrt", "模型.dlrt", "a b'c\".dlrt", "line\nbreak.dlrt", os.fsdecode(b"\xff\xfe")]
)
def test_names_in_other_scripts(paths, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(paths["lenet5"].read_bytes())
    dlrt.load(path).close()


def test_files_that_are_missing(tmp_path):
    for path in (tmp_path / "missing.dlrt", tmp_path, "", "x" * 10000, "/dev/null/model"):
        with pytest.raises(dlrt.FileError) as caught:
            dlrt.load(path)
        assert isinstance(caught.value, OSError)
    with pytest.raises(dlrt.FileError, match="missing.dlrt"):
        dlrt.load(tmp_path / "missing.dlrt")


def test_files_that_are_no_model(tmp_path, jpeg):
    for content in (b"", b"text\n", bytes(10000), jpeg):
        path = tmp_path / "file"
        path.write_bytes(content)
        for source in (path, content):
            with pytest.raises(dlrt.InvalidModelError) as caught:
                dlrt.load(source)
            assert caught.value.status == 40 and isinstance(caught.value, ValueError)


def test_arguments(paths):
    path = paths["lenet5"]
    with pytest.raises(dlrt.InvalidArgumentError, match="zero byte"):
        dlrt.load("a\0b")
    with pytest.raises(dlrt.InvalidArgumentError, match="zero byte"):
        dlrt.load(path, isa="avx2\0")
    with pytest.raises(dlrt.InvalidArgumentError, match="isa"):
        dlrt.load(path, isa="pentium")
    for limit in (-1, 1 << 64, 1 << 70):
        with pytest.raises(dlrt.InvalidArgumentError, match="memory_limit"):
            dlrt.load(path, memory_limit=limit)
    with pytest.raises(dlrt.MemoryLimitError) as caught:
        dlrt.load(path, memory_limit=1)
    assert isinstance(caught.value, MemoryError)
    for wrong in (None, 3, 1.5, [], object()):
        with pytest.raises(TypeError):
            dlrt.load(wrong)
    with pytest.raises(TypeError):
        dlrt.load(path, memory_limit=1.5)


def test_instruction_sets(paths):
    image = digits(2)
    with dlrt.load(paths["lenet5"], isa="baseline") as model:
        assert model.isa == "baseline"
        baseline = model.session().run(image)["probabilities"]
    best = dlrt.load(paths["lenet5"]).session().run(image)["probabilities"]
    np.testing.assert_allclose(best, baseline, rtol=1e-5, atol=1e-6)


def test_exact_and_low_memory(paths):
    image = digits(2)
    best = dlrt.load(paths["lenet5"]).session().run(image)["probabilities"]
    for options in ({"exact": True}, {"low_memory": True}, {"exact": True, "low_memory": True}):
        with dlrt.load(paths["lenet5"], **options) as model:
            np.testing.assert_allclose(model.session().run(image)["probabilities"], best, rtol=1e-5, atol=1e-6)
    with dlrt.load(paths["lenet5"], low_memory=True) as small, dlrt.load(paths["lenet5"]) as usual:
        assert small.memory < usual.memory


def test_closed(lenet):
    session = lenet.session()
    lenet.close()
    lenet.close()
    assert lenet.closed and "closed" in repr(lenet)
    with pytest.raises(ValueError, match="closed"):
        lenet.session()
    assert session.run(digits(1))["probabilities"].shape == (1, 10)  # a session keeps its model


def test_repr(lenet):
    assert (
        repr(lenet)
        == f"<dlrt.Model inputs=(image: float32[?, 1, 28, 28]) outputs=(probabilities: float32[?, 10]) isa={lenet.isa}>"
    )
    with lenet.session() as session, dlrt.Pool(2) as pool:
        assert "lenet" not in repr(session) and "image: float32" in repr(session)
        assert "threads=2" in repr(pool)
    assert "closed" in repr(session) and "closed" in repr(pool)
