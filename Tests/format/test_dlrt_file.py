"""Holds `dl-export` to FORMAT.md: what it writes, an independent reader reads; what it refuses, that reader refuses too.

DL_EXPORT is the program, by default build/bin/dl-export.
"""

import json
import os
import pathlib
import re
import struct
import subprocess

import dlrt_file
import mutate
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DL_EXPORT = os.environ.get("DL_EXPORT", str(ROOT / "build/bin/dl-export"))
PAGE = ROOT / "Sources/DLGraph/FORMAT.md"
HERE = pathlib.Path(__file__).parent
VERSION_1_0 = {dlrt_file.OPERATIONS[code][0] for code in range(1, 21)}
NETWORKS = ["trivial", "mlp", "lenet5", "everyop"]


def run(*arguments):
    return subprocess.run([DL_EXPORT, *map(str, arguments)], capture_output=True, text=True)


def inspect(path):
    done = run("inspect", path, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Paths of the sample networks, by name."""
    folder = tmp_path_factory.mktemp("models")
    paths = {name: folder / f"{name}.dlrt" for name in NETWORKS}
    for name, path in paths.items():
        done = run("sample", name, "-o", path)
        assert done.returncode == 0, done.stderr
    return paths


def stored_part(report):
    """What a report of dl-export has from the file, without what it derived."""
    for tensor in report["tensors"]:
        if tensor["kind"] == "computed":
            del tensor["dtype"], tensor["shape"]
    for node in report["nodes"]:
        del node["parameters"], node["macs"], node["bytes"]
    return {key: value for key, value in report.items() if key not in ("schema", "sizes", "totals")}


@pytest.mark.parametrize("name", NETWORKS)
def test_both_readers_say_the_same(models, name):
    model = dlrt_file.read(models[name].read_bytes())
    assert dlrt_file.as_json(model) == stored_part(inspect(models[name]))


def test_the_samples_hold_every_operation_of_version_1_0(models):
    model = dlrt_file.read(models["everyop"].read_bytes())
    assert {node.op for node in model.nodes} == VERSION_1_0


def test_the_page_lists_the_operations_and_attributes_of_the_reader():
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (\w+) \| .*→.* \| ([\w, ()]*?) ?\|$", page, re.M)
    assert {int(code): (name, re.findall(r"[\w()]+", attributes)) for code, name, attributes in rows} == dlrt_file.OPERATIONS
    cells = re.findall(r"\| (\d+) \| (\w+) \| (integers?|reals?|flag|choice|bound|text) (?=\|)", page)
    listed = {int(id_): (name, type_) for id_, name, type_ in cells if (name, type_) in dlrt_file.ATTRIBUTES.values()}
    assert listed == dlrt_file.ATTRIBUTES


def test_the_page_lists_the_functions_of_the_reader():
    """Tables whose head cells name an operation hold the number and the name of each of its functions below."""
    page = PAGE.read_text(encoding="utf-8")
    listed = {op: {} for op in dlrt_file.FUNCTIONS}
    activations = {}
    for head, body in re.findall(r"^\| (function .*) \|\n\|[-|]+\|\n((?:\|.*\n)+)", page, re.M):
        heads = [cell.split()[0] if cell.strip() else "" for cell in head.split("|")]
        for row in body.splitlines():
            cells = [cell.strip() for cell in row.split("|")[1:-1]]
            for column in (column for column, name in enumerate(heads) if name in listed and cells[column]):
                name = re.match(r"\w+", cells[column])[0]
                listed[heads[column]][int(cells[column - 1])] = name
                if heads[column] == "activation":
                    activations[name] = re.findall(r"\w+", cells[-1])
    assert listed == {op: dict(enumerate(names, 1)) for op, names in dlrt_file.FUNCTIONS.items()}
    assert activations == dlrt_file.ACTIVATIONS


@pytest.mark.parametrize(
    "data, expected",
    [(b"", "EF46DB3751D8E999"), (b"a", "D24EC4F1A98C6E5B"), (b"abc", "44BC2CF5AD770999"), (bytes(range(256)), "1FACBE8406CD904B")],
)
def test_checksum(data, expected):
    assert f"{dlrt_file.xxh64(data):016X}" == expected
    page = PAGE.read_text(encoding="utf-8")
    assert f"`{expected}`" in page


def test_totals_of_lenet5(models):
    totals = inspect(models["lenet5"])["totals"]
    assert totals["parameters"] == 156 + 2416 + 48120 + 10164 + 850
    assert totals["macs"] == 117600 + 240000 + 48000 + 10080 + 840
    assert totals["weight_bytes"] == 4 * totals["parameters"]
    assert totals["file_bytes"] == models["lenet5"].stat().st_size


def test_sizes_of_free_dimensions(models):
    one = inspect(models["lenet5"])
    done = run("inspect", models["lenet5"], "--json", "--size", "N=8")
    eight = json.loads(done.stdout)
    assert one["sizes"] == {"N": 1} and eight["sizes"] == {"N": 8}
    assert eight["totals"]["macs"] == 8 * one["totals"]["macs"]


def test_a_network_that_takes_no_batch_of_one(models, tmp_path):
    data, path = mutate.plain(models["everyop"].read_bytes()), tmp_path / "batch2.dlrt"
    before, after = struct.pack("<3q", 0, 6, -1), struct.pack("<3q", 2, 6, 88)
    assert data.count(before) == 1
    path.write_bytes(mutate.fix_checksums(data.replace(before, after)))
    report = inspect(path)
    assert report["sizes"] == {"N": None} and report["totals"]["macs"] is None
    done = run("inspect", path, "--json", "--size", "N=2")
    assert json.loads(done.stdout)["totals"]["macs"] == 2 * inspect(models["everyop"])["totals"]["macs"]
    done = run("inspect", path, "--size", "N=3")
    assert done.returncode == 1 and "node 'reshape' (reshape): cannot reshape" in done.stderr


def test_the_same_seed_gives_the_same_file(models, tmp_path):
    again, other = tmp_path / "again.dlrt", tmp_path / "other.dlrt"
    assert run("sample", "everyop", "-o", again).returncode == 0
    assert run("sample", "everyop", "-o", other, "--seed", "2").returncode == 0
    assert again.read_bytes() == models["everyop"].read_bytes() != other.read_bytes()


def test_logits_leave_out_the_softmax(tmp_path):
    path = tmp_path / "mlp.dlrt"
    assert run("sample", "mlp", "--logits", "-o", path).returncode == 0
    assert [node["op"] for node in inspect(path)["nodes"]].count("softmax") == 0


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_a_file_of_each_version_stays_readable(version, tmp_path):
    path = tmp_path / "model.dlrt"
    path.write_bytes(bytes.fromhex((HERE / f"v{version}.hex").read_text()))
    assert ".".join(map(str, struct.unpack_from("<HH", path.read_bytes(), 10))) == version
    expected = json.loads((HERE / f"v{version}.json").read_text(encoding="utf-8"))
    assert dlrt_file.as_json(dlrt_file.read(path.read_bytes())) == expected
    assert stored_part(inspect(path)) == expected


def test_the_table_is_aligned(models):
    lines = run("inspect", models["lenet5"]).stdout.splitlines()
    head = next(line for line in lines if line.startswith("node"))
    conv = next(line for line in lines if line.startswith("conv1 "))
    assert conv.index("f32 [N, 6, 28, 28]") == head.index("output")
    assert len({len(line) for line in lines if line.startswith(("node", "conv1", "total", "─"))}) == 1
    assert any(line.startswith("total") and "61,706" in line and "416,520" in line for line in lines)


def test_the_drawing_names_every_node(models):
    dot = run("inspect", models["everyop"], "--dot").stdout
    assert dot.startswith("digraph") and dot.rstrip().endswith("}")
    assert set(re.findall(r"\\n(\w+)\"", dot)) == VERSION_1_0


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["inspect", "absent.dlrt"], "'absent.dlrt': no such file or directory"),
        (["inspect", __file__], f"'{__file__}': not a .dlrt file"),
        (["sample", "mlp", "-o", "absent/mlp.dlrt"], "'absent/mlp.dlrt': no such file or directory"),
    ],
)
def test_errors_name_the_file(arguments, message):
    done = run(*arguments)
    assert done.returncode == 1 and done.stdout == ""
    assert message in done.stderr


def test_an_unknown_free_dimension_is_an_error(models):
    done = run("inspect", models["mlp"], "--size", "M=2")
    assert done.returncode == 1 and "no free dimension 'M'" in done.stderr


def test_a_failed_write_leaves_nothing(tmp_path):
    target = tmp_path / "folder"
    target.mkdir()
    assert run("sample", "trivial", "-o", target).returncode == 1
    assert list(tmp_path.iterdir()) == [target] and list(target.iterdir()) == []


def test_a_file_is_replaced_whole(models, tmp_path):
    real, link = tmp_path / "real.dlrt", tmp_path / "link.dlrt"
    real.write_bytes(b"before")
    link.symlink_to(real)
    assert run("sample", "trivial", "-o", link).returncode == 0
    assert link.is_symlink() and real.read_bytes() == models["trivial"].read_bytes()
    assert sorted(tmp_path.iterdir()) == [link, real]


def test_mutants_are_the_same_for_a_seed(models):
    data = models["trivial"].read_bytes()
    assert list(mutate.mutations(data, 50, seed=3)) == list(mutate.mutations(data, 50, seed=3))
    assert mutate.fix_checksums(data) == data
    assert len(mutate.plain(data)) > len(data)
    assert dlrt_file.as_json(dlrt_file.read(mutate.plain(data))) == dlrt_file.as_json(dlrt_file.read(data))


@pytest.mark.parametrize("form", [mutate.plain, bytes])
def test_both_readers_refuse_the_same_mutants(models, tmp_path, form):
    """This reader does not infer shapes, so dl-export may refuse more; never less, and never by dying."""
    path = tmp_path / "mutant.dlrt"
    refused = accepted = 0
    for data in mutate.mutations(form(models["everyop"].read_bytes()), 150, seed=7):
        path.write_bytes(data)
        done = run("inspect", path, "--json")
        assert done.returncode in (0, 1), f"{done.returncode}: {done.stderr}"
        try:
            model = dlrt_file.read(data)
        except (dlrt_file.Invalid, dlrt_file.Unsupported):
            refused += 1
            assert done.returncode == 1, done.stdout
        else:
            accepted += 1
            if done.returncode == 0:
                assert dlrt_file.as_json(model) == stored_part(json.loads(done.stdout))
    assert refused > 50 and (accepted > 5 or form is bytes)


def patched(data, offset, form, value):
    data = bytearray(data)
    struct.pack_into("<" + form, data, offset, value)
    return mutate.fix_checksums(data)


@pytest.mark.parametrize(
    "offset, form, value, message",
    [
        (10, "H", 2, "expected format version 1, found 2.2"),
        (64 + 4, "I", 7, "expected flags of at most 3, found 7"),
        (64, "4s", b"XTRA", "this section is unknown and marked as required"),
    ],
)
def test_later_versions_are_refused_by_both(models, tmp_path, offset, form, value, message):
    path = tmp_path / "later.dlrt"
    path.write_bytes(patched(models["trivial"].read_bytes(), offset, form, value))
    done = run("inspect", path)
    assert done.returncode == 1 and message in done.stderr
    with pytest.raises(dlrt_file.Unsupported):
        dlrt_file.read(path.read_bytes())


def test_a_later_minor_version_is_read_by_both(models, tmp_path):
    path = tmp_path / "minor.dlrt"
    path.write_bytes(patched(models["trivial"].read_bytes(), 12, "H", 7))
    assert dlrt_file.as_json(dlrt_file.read(path.read_bytes())) == stored_part(inspect(path))
