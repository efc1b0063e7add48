"""Models as ONNX: `dl-export convert model.dlrt -o model.onnx`, run by ONNX Runtime to the same outputs."""

import re
import subprocess

import numpy as np
import pytest
from built import DATA, DL_EXPORT, output, relative_error

TOLERANCE = 1e-4


def networks():
    """What `dl-export sample` knows."""
    text = output(DL_EXPORT, "sample", "--help")
    return re.search(r"\(values:([^)]*)\)", text)[1].replace(",", " ").split()


def compare(file, onnx, onnxruntime):
    """Runs a .dlrt file and its ONNX model on the same random numbers."""
    import dlrt

    peer = onnxruntime(onnx)
    random = np.random.default_rng(7)
    with dlrt.load(file) as model, model.session() as session:
        assert [item.name for item in peer.get_inputs()] == [item.name for item in model.inputs]
        assert [item.name for item in peer.get_outputs()] == [item.name for item in model.outputs]
        inputs = {
            item.name: random.standard_normal([n if isinstance(n, int) else 2 for n in item.shape], np.float32)
            for item in peer.get_inputs()
        }
        if "boxes" in inputs:  # corners, in pixels of an image
            inputs["boxes"] = 200 * np.abs(inputs["boxes"])
        found = session.run(inputs)
    for item, expected in zip(peer.get_outputs(), peer.run(None, inputs)):
        assert relative_error(found[item.name], expected) <= TOLERANCE, item.name


@pytest.mark.parametrize("name", networks())
def test_every_network(name, tmp_path, onnxruntime):
    output(DL_EXPORT, "sample", name, "-o", tmp_path / "model.dlrt")
    output(DL_EXPORT, "convert", tmp_path / "model.dlrt", "-o", tmp_path / "model.onnx")
    if name == "fast_rcnn":
        use_operator_set_13(tmp_path / "model.onnx")
    compare(tmp_path / "model.dlrt", tmp_path / "model.onnx", onnxruntime)


def use_operator_set_13(onnx):
    """ONNX Runtime lacks the MaxRoiPool of 22, which is that of 1 for another type; the operators around it are the same in 13."""
    data = onnx.read_bytes()
    head, imported, tail = data.partition(b"\x42\x02\x10\x17")  # opset_import {version: 23}, before the weights
    assert imported
    onnx.write_bytes(head + b"\x42\x02\x10\x0d" + tail)


def test_a_trained_model(trained, tmp_path, onnxruntime):
    file, onnx = trained[0] / "lenet5.dlrt", tmp_path / "größe 模型.onnx"
    output(DL_EXPORT, "convert", file, "-o", onnx)
    compare(file, onnx, onnxruntime)
    # What the .dlrt file says of itself is there as properties.
    properties = onnxruntime(onnx).get_modelmeta().custom_metadata_map
    assert properties["labels"].split("\n") == [str(digit) for digit in range(10)]
    assert properties["preprocess.mean"] == "0.1307"


@pytest.mark.parametrize("weights", ["f16", "bf16"])
def test_short_weights(weights, tmp_path, onnxruntime):
    source = DATA / "models/squeezenet-deepcompression/squeezenet_v1.0_derived.onnx"
    if not source.exists():
        pytest.skip(f"no data: {source}")
    output(DL_EXPORT, "convert", source, "-o", tmp_path / "model.dlrt", "--weights", weights)
    output(DL_EXPORT, "convert", tmp_path / "model.dlrt", "-o", tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").stat().st_size < 0.51 * source.stat().st_size
    compare(tmp_path / "model.dlrt", tmp_path / "model.onnx", onnxruntime)


def test_verify(tmp_path, onnxruntime):
    output(DL_EXPORT, "sample", "everyop", "-o", tmp_path / "model.dlrt")
    said = output(DL_EXPORT, "convert", tmp_path / "model.dlrt", "-o", tmp_path / "model.onnx", "--verify", "random")
    assert "against onnxruntime" in said and "DIFFERS" not in said


def test_what_cannot_be_written(tmp_path):
    def refused(*arguments):
        done = subprocess.run([DL_EXPORT, "convert", *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode != 0
        return done.stderr

    model, onnx = tmp_path / "model.dlrt", tmp_path / "model.onnx"
    onnx.write_text("what was there before")
    assert "no such file" in refused(model, "-o", onnx)
    model.write_bytes(b"")
    assert "is empty" in refused(model, "-o", onnx)
    output(DL_EXPORT, "sample", "lenet5", "-o", model)
    model.write_bytes(model.read_bytes()[:-1])
    assert "it is cut short" in refused(model, "-o", onnx)
    output(DL_EXPORT, "sample", "lenet5", "-o", model)
    assert "--verify is the only option" in refused(model, "-o", onnx, "--weights", "f16")
    assert "cannot create" in refused(model, "-o", tmp_path / "missing/model.onnx")
    assert onnx.read_text() == "what was there before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.dlrt", "model.onnx"]
