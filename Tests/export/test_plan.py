"""dl-export inspect --plan: kernels, layouts and memory of a run."""

import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DL_BENCH = os.environ.get("DL_BENCH", str(ROOT / "build/bin/dl-bench"))
ARENA = re.compile(r"^arena of ([\d,]+) bytes; values that live at once take ([\d,]+)$", re.M)


def arenas(text):
    return [tuple(int(n.replace(",", "")) for n in pair) for pair in ARENA.findall(text)]


def names(text):
    """Of the nodes of each stage."""
    tables = re.findall(r"^node .*\n─+\n((?:.*\n)*?)─+\ntotal", text, re.M)
    return [[line.split()[0] for line in table.splitlines()] for table in tables]


def test_one_stage(program, models):
    text = program.output("inspect", models["lenet5"], "--plan")
    assert names(text) == [["image", "conv1", "max_pool_1", "conv2", "max_pool_2", "flatten_1", "fc1", "fc2", "fc3", "softmax_1"]]
    assert "stage" not in text and "packed weights of " in text
    [(arena, live)] = arenas(text)
    # The output of conv1 and that of the pooling behind it, in floats, each to a multiple of 64 bytes.
    assert live == -(-6 * 28 * 28 * 4 // 64) * 64 + -(-6 * 14 * 14 * 4 // 64) * 64 <= arena


@pytest.mark.parametrize("model", ["everyop", "products", "googlenet", "unet_small"])
def test_the_library_runs_what_is_planned(program, models, model):
    """The planner is compiled once as ordinary Swift for dl-export and once as Embedded Swift for the library."""
    rows = re.findall(r"^(\S+) +\S+ +(\S+) +(?:row major|channels last) ", program.output("inspect", models[model], "--plan"), re.M)
    planned = [(name, kernel) for name, kernel in rows if kernel != "—"]
    command = [DL_BENCH, "run", models[model], "--runs", "1", "--profile", "--json", "-"]
    [result] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["results"]
    assert len(planned) > 1 and [(node["node"], node["kernel"]) for node in result["profile"]["nodes"]] == planned


def test_products_of_two_inputs_have_a_kernel(program, models):
    text = program.output("inspect", models["products"], "--plan")
    assert re.findall(r"^[yz] +gemm +(\S+)", text, re.M) == ["gemm", "gemm"]


def test_the_arena_grows_with_the_batch(program, models):
    (one, _), (eight, live) = (arenas(program.output("inspect", models["lenet5"], "--plan", "--size", f"N={n}"))[0] for n in (1, 8))
    assert eight >= live > 7 * one


def test_stages(program, models):
    text = program.output("inspect", models["stages"], "--plan", "--size", "N=100")
    assert names(text) == [["relu", "find"], ["flat", "keep", "square"]]
    assert text.count("stage 1, of the sizes that follow from those of the inputs") == 1
    assert text.count("stage 2, of the sizes that follow from elements, as a run on random input has found them") == 1
    found = arenas(text)
    assert len(found) == 2 and all(live <= arena for arena, live in found)
    sizes = re.findall(r"square +multiply .*f32 \[(\d+)\]", text)
    assert len(sizes) == 1 and 20 < int(sizes[0]) < 80


def test_a_run_that_fails_leaves_what_was_planned(program, models):
    text = program.output("inspect", models["shaped"], "--plan")
    assert names(text) == [["tanh", "sizes"]] and len(arenas(text)) == 1
    assert "which a run on random input did not reach: node 'reshape'" in text


def test_sizes_are_asked_for(program, models):
    path = models["free"]
    assert "'x' has free sizes, a run needs them: give them by --size" in program.error("inspect", path, "--plan")
    assert names(program.output("inspect", path, "--plan", "--size", "width=5")) == [["relu"]]
    for threads in ("0", "257"):
        assert "--threads" in program.error("inspect", path, "--plan", "--threads", threads, status=64)
