"""The options of dl-export convert, and what it says when something is wrong."""

import os
import subprocess
import sys

import numpy as np
import onnx_model
import pytest
from onnx_model import node


@pytest.fixture
def source(tmp_path):
    """Pictures and a scale: relu(x) · scale, its negative, and the mean over height and width."""
    path = tmp_path / "model.onnx"
    path.write_bytes(
        onnx_model.model(
            [node("Relu", ["x"], ["r"], "relu"), node("Mul", ["r", "scale"], ["m"], "mul"), node("Neg", ["m"], ["n"], "neg"),
             node("GlobalAveragePool", ["n"], ["y"], "mean")],
            [("x", np.float32, ["N", 3, "H", "W"]), ("scale", np.float32, [])], [("y", np.float32, ["N", 3, 1, 1])]))  # fmt: skip
    return path


@pytest.fixture
def convert(program, source, tmp_path):
    """Converts with options; what it says, and the dump of the file."""

    def converted(*options):
        said = program.output("convert", source, "-o", tmp_path / "model.dlrt", *options)
        return said, program.output("dump", tmp_path / "model.dlrt")

    return converted


@pytest.fixture
def refused(program, source, tmp_path):
    """The message, of a conversion that leaves the file there was."""

    def refuse(*options, status=1, source=source):
        target = tmp_path / "kept.dlrt"
        target.write_text("kept")
        said = program.error("convert", source, "-o", target, *options, status=status)
        assert target.read_text() == "kept" and not list(tmp_path.glob("*tmp*"))
        return said

    return refuse


def test_shapes(convert, refused):
    assert "input x f32 [1, 3, x_2, 4]" in convert("--shape", "x=1,3,-1,4")[1]
    assert "the model has no input 'z'; it has x, scale" in refused("--shape", "z=1")
    for bad in ("x=1,a", "x", "x=1,,2", "x=-2"):
        assert "invalid for '--shape" in refused("--shape", bad, status=64)


def test_constants(convert, refused):
    said, dump = convert("--set", "scale=2.5", "--explain")
    assert "input scale" not in dump and "[] = [2.5]" in dump
    assert said.startswith("4 nodes of ONNX (operator set 17) became 4, with 4 bytes of constants\n  1 Relu: 1 relu\n")
    assert "the model has no input 'z'" in refused("--set", "z=1")
    assert "invalid for '--set" in refused("--set", "scale=two", status=64)


def test_outputs(convert, refused):
    said, dump = convert("--outputs", "r,m", "--explain")
    assert "output r f32" in dump and "output m f32" in dump and "neg" not in dump
    assert "2 that no output depends on were left out" in said
    assert "nothing computes 'q': output 'q'" in refused("--outputs", "m,q")


def test_labels(convert, refused, tmp_path):
    (tmp_path / "labels.txt").write_text("cat\r\n\ngröße\n", encoding="utf-8")
    assert 'metadata labels = ["cat", "", "größe"]' in convert("--labels", tmp_path / "labels.txt")[1]
    assert "no such file" in refused("--labels", tmp_path / "none.txt")


def test_preprocessing(convert, refused):
    dump = convert("--shape", "x=1,3,224,224", "--preprocess", "imagenet", "--preprocess", "color=bgr")[1]
    assert 'metadata preprocess.color = "bgr"' in dump and "metadata preprocess.resize_size = 256" in dump
    assert "invalid for '--preprocess" in refused("--preprocess", "colour=rgb", status=64)
    for wrong, message in [
        ("color=purple", "input 'x': preprocess.color: expected gray, rgb or bgr, found 'purple'"),
        ("mean=1,2", "preprocess.mean: expected 1 number or one for each of 3 channels, found 2"),
        ("input=z", "preprocess.input: the model has no input 'z'"),
        ("imagenet", "preprocess.crop needs an input of fixed height and width"),
    ]:
        assert message in refused("--preprocess", wrong)
    assert "pictures go into f32 [1, channels, height, width]" in refused("--preprocess", "input=scale")


def test_short_weights(program, refused, tmp_path):
    weights = np.linspace(-3, 70_000, 4096, dtype=np.float32)
    (tmp_path / "w.onnx").write_bytes(
        onnx_model.model(
            [node("Add", ["x", "w"], ["a"]), node("Add", ["a", "v"], ["y"])], [("x", np.float32, [4096])],
            [("y", np.float32, [4096])], [("w", weights), ("v", weights / 2)]))  # fmt: skip
    program.output("convert", tmp_path / "w.onnx", "-o", tmp_path / "w.dlrt", "--weights", "f16")
    dump = program.output("dump", tmp_path / "w.dlrt")
    # 70,000 is beyond f16.
    assert "constant w f32 [4096]" in dump and "constant v/f16 f16 [4096]" in dump
    assert "Please provide one of 'f32', 'f16' or 'bf16'" in refused("--weights", "f8", status=64)


def test_everything_in_the_way_is_listed(refused, tmp_path):
    path = tmp_path / "bad.onnx"
    path.write_bytes(
        onnx_model.model(
            [node("Foo", ["x"], ["a"], "one"), node("Foo", ["x"], ["b"], "two"), node("Relu", ["x"], ["c"], "three", strange=1),
             node("Sum", ["a", "b", "c"], ["y"])], [("x", np.float32, [2])], [("y", np.float32, [2])]))  # fmt: skip
    assert refused(source=path) == (
        f"Error: '{path}' cannot be converted:\n  Foo: this operation (2 times): 'one', 'two'\n"
        "  Relu: attribute strange: 'three'\n")


def test_what_is_no_model(refused, source, tmp_path):
    empty, cut = tmp_path / "empty.onnx", tmp_path / "größe.onnx"
    empty.write_bytes(b"")
    cut.write_bytes(source.read_bytes()[:-1])
    assert "is empty" in refused(source=empty)
    assert f"'{cut}': this is not an ONNX model, or it is damaged" in refused(source=cut)
    assert "no such file" in refused(source=tmp_path / "none.onnx")


def verified(program, source, folder, *options):
    """Exit status and what is said, with this interpreter's ONNX Runtime."""
    done = subprocess.run(
        [program.path, "convert", source, "-o", source.with_suffix(".dlrt"), "--verify", folder, *options], capture_output=True,
        text=True, env={**os.environ, "PYTHON": sys.executable})  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_verify_arrays(program, source, tmp_path, save):
    x = np.arange(-6, 6, dtype=np.float32).reshape(1, 3, 2, 2)
    y = -2 * np.maximum(x, 0).mean(axis=(2, 3), keepdims=True)
    save(tmp_path / "case.npz", x=x, scale=np.float32(2), y=y)
    status, said = verified(program, source, tmp_path)
    assert status == 0 and f"verify: '{tmp_path}/case.npz', against its outputs\n  y  f32 [1, 3, 1, 1]  max absolute" in said
    save(tmp_path / "case.npz", x=x, scale=np.float32(2), y=y + 1)
    status, said = verified(program, source, tmp_path)
    assert status == 1 and "DIFFERS" in said and "does not give the expected outputs" in said
    (tmp_path / "case.npz").write_bytes(b"PK\3\4")
    assert f"'{tmp_path}/case.npz': this is no zip archive" in verified(program, source, tmp_path)[1]
    assert "cannot open the folder 'none'" in verified(program, source, "none")[1]


def test_verify_against_the_peer(program, source):
    pytest.importorskip("onnxruntime")
    status, said = verified(program, source, "random", "--set", "scale=3", "--outputs", "m,y")
    assert status == 0
    assert "  m  f32 [1, 3, 1, 1]  has nothing to compare with\n  y  f32 [1, 3, 1, 1]  max absolute error " in said
