"""dl-bench on sample models: what it prints and writes, and what it says of arguments and files that are no good."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DL_BENCH = os.environ.get("DL_BENCH", str(ROOT / "build/bin/dl-bench"))
DL_EXPORT = os.environ.get("DL_EXPORT", str(ROOT / "build/bin/dl-export"))
QUICK = ("--seconds", "0.02")


def bench(*arguments, status=0, **variables):
    command = [DL_BENCH, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables})
    assert done.returncode == status, f"exit status {done.returncode}\n{done.stdout}{done.stderr}"
    assert (done.stderr == "") == (status == 0), done.stderr
    return done.stdout if status == 0 else done.stderr


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    found = {}
    for name in ("lenet5", "mlp", "trivial", "everyop"):
        found[name] = folder / f"{name}.dlrt"
        subprocess.run([DL_EXPORT, "sample", name, "-o", found[name]], check=True)
    return found


@pytest.fixture
def saved(models, tmp_path):
    """Results of two models, and the file they were saved in."""
    path = tmp_path / "saved.json"
    bench("run", models["lenet5"], models["mlp"], *QUICK, "--batch", "3", "--json", path)
    return path, json.loads(path.read_text())


def is_timing(timing):
    return timing["count"] > 0 and 0 < timing["min"] <= timing["p10"] <= timing["median"] <= timing["p90"]


def test_run(models):
    text = bench("run", models["lenet5"], *QUICK)
    for word in ("lenet5.dlrt, image [1, 1, 28, 28]", "threads 1", "first run", "load", "memory", "GFLOP/s"):
        assert word in text


def test_several_models_are_one_table(models):
    lines = bench("run", *models.values(), *QUICK).splitlines()
    assert len(lines) == 1 + len(models) and len({len(line) for line in lines}) == 1
    assert lines[0].split()[:2] == ["model", "median"] and [line.split()[0] for line in lines[1:]] == list(map(str, models.values()))


def test_json_fields(saved, models):
    _, found = saved
    assert found["format"] == 1 and [r["setup"]["model"] for r in found["results"]] == [str(models["lenet5"]), str(models["mlp"])]
    for result in found["results"]:
        assert is_timing(result["run"]) and result["isa"] and result["version"]
        assert all(result[key] > 0 for key in ("load", "createSession", "firstRun", "flops", "gflops"))
        assert result["gflops"] == pytest.approx(result["flops"] / result["run"]["median"])
        memory = result["memory"]
        assert memory["bare"] > 0 and memory["weights"] > 0 and memory["session"] > 0
        assert 0 < memory["loaded"] <= memory["peak"] and memory["weights"] <= memory["peak"] < 1 << 26
        assert result["setup"]["batch"] == 3 and result["setup"]["threads"] == 1
    lenet = found["results"][0]
    assert lenet["inputs"] == {"image": [3, 1, 28, 28]}
    assert lenet["flops"] == 2 * 3 * (28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10)


def test_profile_is_of_one_run(saved):
    for result in saved[1]["results"]:
        profile = result["profile"]
        assert sum(node["time"] for node in profile["nodes"]) <= profile["run"]
        ends = [node["start"] + node["time"] for node in profile["nodes"]]
        assert all(end <= node["start"] for end, node in zip(ends, profile["nodes"][1:])) and ends[-1] <= profile["run"]
        for node in profile["nodes"]:
            assert node["node"] and node["op"] and node["kernel"] and node["threads"] == 1 and node["bytes"] > 0
        assert sum(node["flops"] for node in profile["nodes"]) == result["flops"]


def test_profile_table(models):
    lines = bench("run", models["lenet5"], *QUICK, "--profile").split("\n\n")[1].splitlines()
    assert "node by node" in lines[0] and lines[1].split()[:3] == ["node", "operation", "kernel"]
    names = [line.split()[0] for line in lines[2:]]
    assert {"conv1", "conv2", "fc1", "fc2", "fc3", "softmax_1"} <= set(names)
    shares = [float(line.split("%")[0].split()[-1]) for line in lines[2:]]
    assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 100.5


def test_trace(models, tmp_path):
    path = tmp_path / "trace.json"
    bench("run", models["lenet5"], models["mlp"], *QUICK, "--trace", path)
    events = json.loads(path.read_text())["traceEvents"]
    assert {event["pid"] for event in events} == {1, 2}
    assert [e["args"]["name"] for e in events if e["ph"] == "M"] == [str(models["lenet5"]), str(models["mlp"])]
    bars = [event for event in events if event["ph"] == "X"]
    assert {"conv1", "fc1"} <= {bar["name"] for bar in bars}
    for bar in bars:
        assert bar["ts"] >= 0 and bar["dur"] >= 0 and bar["cat"] and bar["args"]["kernel"] and "tid" in bar


def test_json_to_standard_output(models):
    found = json.loads(bench("run", models["mlp"], *QUICK, "--json", "-"))
    assert is_timing(found["results"][0]["run"])


def test_options_reach_the_library(models):
    arguments = ("--isa", "baseline", "--threads", "2", "--shape", "image=5,1,28,28", "--runs", "7", "--cpu", "0", "--json", "-")
    result = json.loads(bench("run", models["lenet5"], *arguments))["results"][0]
    assert result["isa"] == "baseline" and result["setup"]["threads"] == 2
    assert result["inputs"] == {"image": [5, 1, 28, 28]} and result["run"]["count"] == 7
    assert not result["setup"]["exact"] and not result["setup"]["lowMemory"]


def test_loading_options(models, tmp_path):
    subprocess.run([DL_EXPORT, "sample", "alexnet", "-o", tmp_path / "alexnet.dlrt"], check=True)
    weights = {}
    for flag in ("--exact", "--low-memory"):
        result = json.loads(bench("run", tmp_path / "alexnet.dlrt", "--runs", "1", flag, "--json", "-"))["results"][0]
        assert result["setup"]["exact"] == (flag == "--exact") and result["setup"]["lowMemory"] == (flag == "--low-memory")
        weights[flag] = result["memory"]["weights"]
    plain = json.loads(bench("run", tmp_path / "alexnet.dlrt", "--runs", "1", "--json", "-"))["results"][0]
    assert weights["--exact"] == weights["--low-memory"] <= plain["memory"]["weights"]
    # Weights are there once, and while the largest layer is packed that one twice; it has most of them.
    assert plain["memory"]["loaded"] < 1.05 * plain["memory"]["weights"] and plain["memory"]["peak"] < 1.5 * plain["memory"]["weights"]


def test_a_model_that_fails_does_not_hide_the_others(models, tmp_path):
    done = subprocess.run([DL_BENCH, "run", models["mlp"], tmp_path / "missing.dlrt", *QUICK], capture_output=True, text=True)
    assert done.returncode == 1 and "missing.dlrt" in done.stderr and "mlp.dlrt" in done.stdout


def test_compare(saved):
    path, found = saved
    lines = bench("compare", path, "--fail-above", "1000").splitlines()
    assert [line.split()[0] for line in lines] == ["model", *(result["setup"]["model"] for result in found["results"])]


def test_compare_measures_what_was_measured(saved, tmp_path):
    path, found = saved
    again = tmp_path / "again.json"
    bench("compare", path, "--json", again)
    for old, new in zip(found["results"], json.loads(again.read_text())["results"], strict=True):
        assert (old["setup"], old["method"], old["inputs"], old["flops"]) == (new["setup"], new["method"], new["inputs"], new["flops"])


def test_compare_fails_when_slower(saved):
    path, found = saved
    found["results"][1]["run"]["median"] = 1  # a nanosecond
    path.write_text(json.dumps(found))
    message = bench("compare", path, "--fail-above", "1000", status=1)
    assert message.count("slower:") == 1 and "mlp.dlrt" in message
    bench("compare", path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format":1}', '{"results":[]}', "\0" * 100])
def test_compare_with_something_else(tmp_path, content):
    path = tmp_path / "other.json"
    path.write_text(content)
    assert str(path) in bench("compare", path, status=1)


def test_compare_with_another_format(saved):
    path, found = saved
    path.write_text(json.dumps({**found, "format": 2}))
    assert "format 1, found 2" in bench("compare", path, status=1)


@pytest.mark.parametrize("command, fields", [("call", ["call"]), ("load", ["load", "loadAndRun"])])
def test_call_and_load(models, tmp_path, command, fields):
    path = tmp_path / "result.json"
    assert "trivial.dlrt" in bench(command, models["trivial"], *QUICK, "--json", path)
    result = json.loads(path.read_text())
    assert all(is_timing(result[field]) for field in fields)


def test_kernels(tmp_path):
    path = tmp_path / "tiles.json"
    text = bench("kernels", "--isa", "baseline", *QUICK, "--json", path)
    tiles = json.loads(path.read_text())
    assert len(text.splitlines()) == 1 + len(tiles) and sum(tile["main"] for tile in tiles) == 1
    for tile in tiles:
        assert tile["isa"] == "baseline" and tile["rows"] > 0 and tile["columns"] > 0 and 0 < tile["fraction"]


def test_version():
    header = (ROOT / "Makefile").read_text()
    assert f"VERSION := {bench('--version').strip()}\n" in header


def test_help():
    text = bench("--help")
    for command in ("run", "compare", "load", "call", "kernels"):
        assert command in text
        assert "USAGE" in bench(command, "--help")


@pytest.mark.parametrize("arguments", [
    ["nonsense"], ["run"], ["run", "x.dlrt", "--seconds", "0"], ["run", "x.dlrt", "--seconds", "nan"],
    ["run", "x.dlrt", "--seconds", "1e9"], ["run", "x.dlrt", "--runs", "0"], ["run", "x.dlrt", "--threads", "257"],
    ["run", "x.dlrt", "--threads", "-1"], ["run", "x.dlrt", "--batch", "0"], ["run", "x.dlrt", "--shape", "image"],
    ["run", "x.dlrt", "--shape", "image=1,-2"], ["run", "x.dlrt", "--shape", "image=1,,2"], ["run", "x.dlrt", "--cpu", "x"],
    ["run", "x.dlrt", "--nonsense"], ["compare"], ["compare", "x.json", "--fail-above", "0"],
    ["compare", "x.json", "--fail-above", "nan"], ["kernels", "--depth", "0"], ["kernels", "--isa", "mmx"], ["call"], ["load"],
    ["measure-one", "{}"],
])  # fmt: skip
def test_wrong_arguments(arguments):
    assert "rror: " in bench(*arguments, status=2)


@pytest.mark.parametrize("command", ["run", "load", "call", "compare"])
def test_missing_file(tmp_path, command):
    message = bench(command, tmp_path / "missing", status=1)
    assert "missing" in message and "no such file" in message


@pytest.mark.parametrize("arguments, words", [
    (["--shape", "nonsense=1"], "image"), (["--shape", "image=1,2,3"], "rank"), (["--shape", "image=1,1,27,28"], "expected 28"),
    (["--isa", "mmx"], "mmx"), (["--library", "/nonexistent.so"], "nonexistent.so"), (["--cpu", "1023"], "1023"),
    (["--batch", "4000000000000"], "large"),
])  # fmt: skip
def test_what_cannot_be(models, arguments, words):
    assert words in bench("run", models["lenet5"], *arguments, *QUICK, status=1)


def test_not_a_model(tmp_path):
    path = tmp_path / "text.dlrt"
    path.write_text("This is a text.")
    assert "text.dlrt" in bench("run", path, status=1)


@pytest.mark.parametrize("option", ["--json", "--trace"])
def test_output_that_cannot_be_written(models, tmp_path, option):
    for path in (tmp_path, tmp_path / "no/such/folder.json", "/dev/full"):
        assert str(path) in bench("run", models["mlp"], *QUICK, option, path, status=1)


def test_the_library_of_the_environment(models):
    assert "nonexistent" in bench("run", models["mlp"], status=1, DLRT_LIBRARY="/nonexistent.so")
    bench("run", models["mlp"], *QUICK, DLRT_LIBRARY=str(ROOT / "build/lib/libdlrt.so.1"))
