"""What the tests share: the library, sample models, a JPEG, the folder of data.

DLRT_LIBRARY, DL_EXPORT: by default those of build/. DLRT_DATA: by default ../shared beside the package.
"""

import base64
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DL_EXPORT = os.environ.get("DL_EXPORT", str(ROOT / "build/bin/dl-export"))
os.environ.setdefault("DLRT_LIBRARY", str(ROOT / "build/lib/libdlrt.so.1"))
os.environ["PYTHONPATH"] = str(ROOT / "bindings/python")  # of the programs that tests start
sys.path[:0] = [os.environ["PYTHONPATH"], str(ROOT / "Tests/format")]


@pytest.fixture(scope="session")
def paths(tmp_path_factory):
    """Sample models by name."""
    folder = tmp_path_factory.mktemp("models")
    found = {}
    for name in ("lenet5", "mlp", "trivial", "everyop"):
        found[name] = folder / f"{name}.dlrt"
        subprocess.run([DL_EXPORT, "sample", name, "-o", found[name]], check=True)
    return found


@pytest.fixture
def lenet(paths):
    import dlrt

    with dlrt.load(paths["lenet5"]) as model:
        yield model


@pytest.fixture
def session(lenet):
    with lenet.session() as made:
        yield made


@pytest.fixture(scope="session")
def jpeg():
    """A grey picture of 28 × 28."""
    return base64.b64decode((ROOT / "Tests/c/seven.jpg.base64").read_text())


@pytest.fixture(scope="session")
def data():
    folder = pathlib.Path(os.environ.get("DLRT_DATA", ROOT.parent / "shared"))
    if not folder.exists():
        pytest.skip("no data")
    return folder


@pytest.fixture
def run_script(tmp_path):
    """Runs Python code in a process of its own and returns its output; it must end well."""

    def run(code, *arguments, **variables):
        script = tmp_path / "script.py"
        script.write_text(code)
        command = [sys.executable, str(script), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables})
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run
