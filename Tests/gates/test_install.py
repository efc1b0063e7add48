"""`make install` leaves a tree that a program can be built against, wherever the tree is moved."""

import ctypes
import json
import os
import shlex
import subprocess

import pytest
from binaries import ROOT, output

FILES = {
    "bin/dl-bench", "bin/dl-export", "include/dlrt.h", "lib/libdlrt.a", "lib/libdlrt.so", "lib/libdlrt.so.1",
    "lib/pkgconfig/dlrt.pc",
}


def pkg_config(tree, *flags):
    return shlex.split(output("pkg-config", *flags, "dlrt", env={**os.environ, "PKG_CONFIG_PATH": str(tree / "lib/pkgconfig")}))


def test_files(tree):
    assert {str(p.relative_to(tree)) for p in tree.rglob("*") if not p.is_dir()} == FILES
    assert os.readlink(tree / "lib/libdlrt.so") == "libdlrt.so.1"


def test_versions_agree(tree):
    version = ctypes.CDLL(str(tree / "lib/libdlrt.so.1")).dlrt_version
    version.restype = ctypes.c_char_p
    assert [version().decode()] == pkg_config(tree, "--modversion")
    assert f'version = "{version().decode()}"' in (ROOT / "bindings/python/pyproject.toml").read_text()


def test_a_program_links_either_library(tree, sample, tmp_path):
    source = ROOT / "examples/c/classify.c"
    output("cc", source, "-o", tmp_path / "shared", *pkg_config(tree, "--cflags", "--libs"))
    archive = [flag if flag != "-ldlrt" else "-l:libdlrt.a" for flag in pkg_config(tree, "--static", "--cflags", "--libs")]
    output("cc", source, "-o", tmp_path / "static", *archive)
    command = [sample / "lenet5.dlrt", sample / "digit.jpg"]
    shared = output(tmp_path / "shared", *command, env={"LD_LIBRARY_PATH": str(tree / "lib")})
    static = output(tmp_path / "static", *command, env={})
    assert len(shared.splitlines()) == 5
    assert shared == static
    assert "libdlrt" not in output("readelf", "-d", tmp_path / "static")


def test_tools_find_the_library(tree, sample):
    for command in ("run", "load", "call"):
        text = output(tree / "bin/dl-bench", command, sample / "lenet5.dlrt", "--seconds", "0.01", "--json", "-", env={})
        assert '"median":' in text


def test_kernels_bench(tree):
    tiles = json.loads(output(tree / "bin/dl-bench", "kernels", "--seconds", "0.01", "--json", "-", env={}))
    assert {tile["isa"] for tile in tiles} >= {"baseline"}
    for tile in tiles:
        assert 0 < tile["gflops"] and 0 < tile["fraction"]
        assert sum(other["main"] for other in tiles if other["isa"] == tile["isa"]) == 1


@pytest.mark.parametrize("arguments, message", [
    (["run", "/nonexistent.dlrt"], "no such file"),
    (["run", "/nonexistent.dlrt", "--library", "/nonexistent.so"], "the library cannot be loaded"),
    (["call", "MODEL", "--shape", "picture=1,1,28,28"], 'no input "picture"'),
    (["call", "MODEL", "--shape", "image=1,2,28,28"], "expected"),
    (["load", "MODEL", "--isa", "mmx"], "expected baseline"),
    (["run", "MODEL", "--cpu", "1023"], "may not run on"),
])
def test_bench_says_what_is_wrong(tree, sample, arguments, message):
    words = [str(sample / "lenet5.dlrt") if word == "MODEL" else word for word in arguments]
    done = subprocess.run([tree / "bin/dl-bench", *words], capture_output=True, text=True, env={})
    assert done.returncode != 0 and message in done.stderr, done.stderr


def test_tools_need_no_swift(tree):
    for tool in ("dl-bench", "dl-export"):
        assert "swift" not in output("readelf", "-d", tree / "bin" / tool)
