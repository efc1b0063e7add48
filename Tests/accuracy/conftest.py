"""What the tests share: ONNX Runtime, a model that was trained."""

import re

import pytest
from built import DATA, ROOT, output


@pytest.fixture(scope="session")
def onnxruntime():
    """Opens a model in ONNX Runtime."""
    package = pytest.importorskip("onnxruntime")
    options = package.SessionOptions()
    options.log_severity_level = 3
    return lambda path: package.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The folder of lenet5.dlrt and digit.jpg, trained on MNIST in Swift, and the accuracy that training reported."""
    digits = DATA / "data/mnist"
    if not digits.exists():
        pytest.skip(f"no data: {digits}")
    folder = tmp_path_factory.mktemp("lenet5")
    program = ROOT / "build/demo/train-lenet"
    report = output(program, "--data", digits, "--out", folder / "lenet5.dlrt", "--jpeg", folder / "digit.jpg")
    return folder, float(re.search(r"test accuracy ([0-9.]+) %", report)[1])
