"""What README.md shows works, and what it names exists."""

import os
import re
import sys

import pytest
from binaries import ROOT, output

README = (ROOT / "README.md").read_text()


def block(language):
    blocks = re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)
    assert len(blocks) == 1
    return blocks[0]


def test_c(sample, tmp_path):
    (tmp_path / "main.c").write_text(block("c"))
    output("cc", "-Wall", "-Wextra", "-Werror", "-o", tmp_path / "main", tmp_path / "main.c", f"-I{ROOT}/build/include",
           f"-L{ROOT}/build/lib", "-ldlrt", f"-Wl,-rpath,{ROOT}/build/lib")
    assert len(output(tmp_path / "main", cwd=sample).splitlines()) == 3


def test_python(sample, tmp_path):
    (tmp_path / "main.py").write_text(block("python"))
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "bindings/python"), "DLRT_LIBRARY": str(ROOT / "build/lib/libdlrt.so.1")}
    assert len(output(sys.executable, tmp_path / "main.py", cwd=sample, env=variables).splitlines()) == 4


def test_swift():
    """The lines stand in this order in the example, which the build compiles and the demo runs."""
    program = "\n".join(path.read_text() for path in sorted((ROOT / "examples/swift/train-lenet").glob("*.swift")))
    lines = [line.strip() for line in program.splitlines()]
    at = 0
    for line in filter(None, map(str.strip, block("swift").splitlines())):
        assert line in lines[at:], f"not in examples/swift/train-lenet, or not there: {line}"
        at += lines[at:].index(line) + 1


PATHS = re.findall(r"`((?:Sources|Tests|examples|include|bindings|build)/[^`\s]*)`|\]\(([^)]*)\)", README)


@pytest.mark.parametrize("path", sorted({a or b for a, b in PATHS}))
def test_path(path):
    assert (ROOT / path).exists()


def test_every_source_folder_is_listed():
    assert sorted(p.name for p in (ROOT / "Sources").iterdir() if p.name != "CZlib" and f"Sources/{p.name}`" not in README) == []
