"""The library that the package finds, and the wheel that carries it."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import venv
import zipfile

import dlrt
import pytest
from conftest import DL_EXPORT, ROOT

PACKAGE = ROOT / "bindings/python"
LIBRARY = pathlib.Path(os.environ["DLRT_LIBRARY"]).resolve()


def test_version():
    project = (PACKAGE / "pyproject.toml").read_text()
    assert f'version = "{dlrt.__version__}"' in project


def import_with(library):
    """What `import dlrt` says when DLRT_LIBRARY is this."""
    done = subprocess.run([sys.executable, "-c", "import dlrt"], capture_output=True, text=True,
                          env={**os.environ, "DLRT_LIBRARY": str(library)})  # fmt: skip
    return done.returncode, done.stderr.splitlines()[-1] if done.stderr else ""


def test_a_library_that_is_missing_or_none(tmp_path):
    assert import_with(LIBRARY) == (0, "")
    code, message = import_with(tmp_path / "missing.so")
    assert (
        code == 1
        and message.startswith("ImportError: dlrt cannot load")
        and "missing.so" in message
        and "DLRT_LIBRARY" in message
    )
    (tmp_path / "text.so").write_text("text")
    code, message = import_with(tmp_path / "text.so")
    assert code == 1 and message.startswith("ImportError: dlrt cannot load")


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_a_library_of_another_version(tmp_path):
    def library(code):
        source, result = tmp_path / "other.c", tmp_path / "other.so"
        source.write_text(code)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", result, source], check=True)
        return result

    code, message = import_with(library("unsigned dlrt_abi_version(void) { return 0; }"))
    assert code == 1 and re.search(r"ImportError: .*ABI version 0, .*needs 2", message)
    code, message = import_with(library("int something_else;"))
    assert code == 1 and message.startswith("ImportError: dlrt cannot load") and "dlrt_abi_version" in message


def build_wheel(source, target, **variables):
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-cache-dir", "-w", target, source]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    done = build_wheel(source, folder, DLRT_LIBRARY=str(LIBRARY))
    if done.returncode != 0 and re.search("Could not find a version|Connection|No matching distribution", done.stderr):
        pytest.skip("pip cannot fetch setuptools")
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel(wheel):
    assert (
        re.fullmatch(rf"dlrt-{re.escape(dlrt.__version__)}-py3-none-\w+\.whl", wheel.name) and "any" not in wheel.name
    )
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
        assert content.read("dlrt/libdlrt.so.1") == LIBRARY.read_bytes()
        sources = {
            f"dlrt/{path.name}"
            for path in (PACKAGE / "dlrt").iterdir()
            if path.suffix == ".py" or path.name == "py.typed"
        }
        assert {name for name in names if name.startswith("dlrt/")} == sources | {"dlrt/libdlrt.so.1"}
        metadata = content.read(f"dlrt-{dlrt.__version__}.dist-info/METADATA").decode()
        assert "Requires-Dist: numpy" in metadata
        assert "Root-Is-Purelib: false" in content.read(f"dlrt-{dlrt.__version__}.dist-info/WHEEL").decode()


def test_installed_in_a_fresh_environment(wheel, tmp_path, jpeg):
    """numpy, which needs the network, is lent by this interpreter."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    clean = {k: v for k, v in os.environ.items() if k not in ("DLRT_LIBRARY", "PYTHONPATH")}
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel], check=True, env=clean)
    import numpy

    site = next((tmp_path / "venv/lib").glob("python*/site-packages"))
    (site / "lent.pth").write_text(str(pathlib.Path(numpy.__file__).parents[1]))
    model = tmp_path / "lenet5.dlrt"
    subprocess.run([DL_EXPORT, "sample", "lenet5", "-o", model], check=True)
    (tmp_path / "digit.jpg").write_bytes(jpeg)
    code = f"import dlrt; print(dlrt.__file__, len(dlrt.load({str(model)!r}).session().run_jpeg('digit.jpg')))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=clean, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{site}/dlrt/__init__.py 1\n"


def test_no_wheel_without_a_library(tmp_path):
    source = tmp_path / "bindings/python"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    done = build_wheel(source, tmp_path, DLRT_LIBRARY="")
    if re.search("Could not find a version|Connection|No matching distribution", done.stderr):
        pytest.skip("pip cannot fetch setuptools")
    assert done.returncode != 0 and "no library at" in done.stderr and "make" in done.stderr
