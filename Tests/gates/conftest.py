"""The installed tree, and files to try it with."""

import base64
import os

import pytest
from binaries import ROOT, output


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    staging = tmp_path_factory.mktemp("staging")
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    output("make", "install", f"DESTDIR={staging}", "PREFIX=/usr/somewhere", cwd=ROOT, env=environment)
    moved = tmp_path_factory.mktemp("moved") / "dlrt"
    (staging / "usr/somewhere").rename(moved)
    assert not [p for p in staging.rglob("*") if p.is_file()]
    return moved


@pytest.fixture(scope="session")
def sample(tree, tmp_path_factory):
    """A model and a JPEG."""
    folder = tmp_path_factory.mktemp("sample")
    output(tree / "bin/dl-export", "sample", "lenet5", "-o", folder / "lenet5.dlrt")
    (folder / "digit.jpg").write_bytes(base64.b64decode((ROOT / "Tests/c/seven.jpg.base64").read_text()))
    return folder
