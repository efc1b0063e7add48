"""examples/python/classify.py, and that it prints what examples/c/classify.c prints."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The commands of both."""
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("examples")
    library = pathlib.Path(os.environ["DLRT_LIBRARY"]).resolve()
    flags = [f"-I{ROOT / 'include'}", str(library), f"-Wl,-rpath,{library.parent}"]
    subprocess.run(["cc", ROOT / "examples/c/classify.c", "-o", folder / "classify", *flags], check=True)
    return {"C": [folder / "classify"], "Python": [sys.executable, ROOT / "examples/python/classify.py"]}


def run(program, *arguments):
    return subprocess.run([*map(str, program), *map(str, arguments)], capture_output=True, text=True)


@pytest.mark.parametrize("options", [[], ["--threads", 3], ["--top", 1], ["--top", 100, "--threads", 2]])
def test_same_lines(programs, paths, tmp_path, jpeg, options):
    picture = tmp_path / "seven.jpg"
    picture.write_bytes(jpeg)
    of_c, of_python = (run(program, *options, paths["lenet5"], picture) for program in programs.values())
    assert of_c.returncode == of_python.returncode == 0, of_c.stderr + of_python.stderr
    assert of_c.stdout == of_python.stdout
    top = options[1] if "--top" in options else 5
    lines = of_c.stdout.splitlines()
    assert len(lines) == min(top, 10) and all(re.fullmatch(r"\d\S* +\d", line) for line in lines)


def test_failures(programs, paths, tmp_path, jpeg):
    picture = tmp_path / "seven.jpg"
    picture.write_bytes(jpeg)
    model = paths["lenet5"]
    for wrong in (
        [],
        [model],
        ["missing.dlrt", picture],
        [model, "missing.jpg"],
        [picture, model],
        [paths["mlp"], picture],
        ["--threads", 1000, model, picture],
        ["--threads", "x", model, picture],
    ):
        for name, program in programs.items():
            done = run(program, *wrong)
            assert done.returncode in (1, 2) and done.stdout == "" and done.stderr, (name, wrong)
            assert "Traceback" not in done.stderr, (name, wrong)
