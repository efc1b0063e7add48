"""What the tests of dl-export's reports share. DL_EXPORT is the program, by default build/bin/dl-export."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx_model
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DL_EXPORT = os.environ.get("DL_EXPORT", str(ROOT / "build/bin/dl-export"))
sys.path.append(str(ROOT / "Tests/format"))

HOSTILE = "</title></script><script>alert('\"&1\")</script>\u202e\n\t"


class Program:
    path = DL_EXPORT

    def run(self, *arguments):
        return subprocess.run([DL_EXPORT, *map(str, arguments)], capture_output=True, text=True)

    def output(self, *arguments):
        done = self.run(*arguments)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        return done.stdout

    def error(self, *arguments, status=1):
        done = self.run(*arguments)
        assert done.returncode == status and done.stdout == "", done.stdout
        return done.stderr

    def convert(self, path, *model):
        """Of the arguments of onnx_model.model."""
        source = path.with_suffix(".onnx")
        source.write_bytes(onnx_model.model(*model))
        self.output("convert", source, "-o", path)
        return path


@pytest.fixture(scope="session")
def program():
    return Program()


@pytest.fixture(scope="session")
def models(program, tmp_path_factory):
    """Paths of models, by name."""
    folder = tmp_path_factory.mktemp("models")
    paths = {}
    for name in ("trivial", "lenet5", "everyop", "googlenet", "unet_small"):
        paths[name] = folder / f"{name}.dlrt"
        program.output("sample", name, "-o", paths[name])
    node = onnx_model.node
    # Of the elements above 0, the squares: their number is known when a run has found them.
    paths["stages"] = program.convert(
        folder / "stages.dlrt",
        [node("Relu", ["x"], ["y"], "relu"), node("NonZero", ["y"], ["places"], "find"),
         node("Reshape", ["places", "list"], ["where"], "flat"), node("Gather", ["y", "where"], ["kept"], "keep", axis=0),
         node("Mul", ["kept", "kept"], ["squares"], "square")],
        [("x", np.float32, ["N"])], [("squares", np.float32, ["K"])], [("list", np.array([-1]))])  # fmt: skip
    # The shape is an input, which 0 is no size for.
    paths["shaped"] = program.convert(
        folder / "shaped.dlrt",
        [node("Tanh", ["x"], ["y"], "tanh"), node("Add", ["shape", "one"], ["sizes"], "sizes"),
         node("Reshape", ["y", "sizes"], ["z"], "reshape")],
        [("x", np.float32, [2, 3]), ("shape", np.int64, [2])], [("z", np.float32, ["A", "B"])],
        [("one", np.array([1, 1]))])  # fmt: skip
    paths["free"] = program.convert(
        folder / "free.dlrt", [node("Relu", ["x"], ["y"], "relu")], [("x", np.float32, ["N", "width"])],
        [("y", np.float32, ["N", "width"])])  # fmt: skip
    products = [("y", 0, ["a", "b"]), ("z", 1, ["a", "c"])]
    paths["products"] = program.convert(
        folder / "products.dlrt", [node("Gemm", inputs, [name], name, transB=flag) for name, flag, inputs in products],
        [("a", np.float32, [4, 6]), ("b", np.float32, [6, 5]), ("c", np.float32, [5, 6])],
        [(name, np.float32, [4, 5]) for name, _, _ in products])  # fmt: skip
    hostile = [HOSTILE + str(i) for i in range(6)]
    paths["hostile"] = program.convert(
        folder / "hostile.dlrt",
        [node("Add", [hostile[0], hostile[1]], [hostile[2]], hostile[3]), node("Relu", [hostile[2]], [hostile[4]], hostile[3])],
        [(hostile[0], np.float32, [hostile[5], 9])], [(hostile[4], np.float32, [hostile[5], 9])],
        [(hostile[1], np.arange(9, dtype=np.float32))], HOSTILE)  # fmt: skip
    return paths
