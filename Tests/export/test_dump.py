"""dl-export dump: the text of a model."""

import difflib
import re

import mutate
import numpy as np
import onnx_model
import pytest


def changes(a, b):
    return [line for line in difflib.ndiff(a.splitlines(), b.splitlines()) if line[0] in "+-"]


def test_a_line_for_each_thing(program, models):
    lines = program.output("dump", models["lenet5"]).splitlines()
    assert lines[:3] == ["dlrt 1.2", "graph lenet5", "symbol N"]
    assert "input image f32 [N, 1, 28, 28]" in lines and "output probabilities f32 [N, 10]" in lines
    assert "metadata preprocess.mean = [0.1307]" in lines
    assert any(re.fullmatch(r"metadata labels = 10 texts xxh64 [0-9a-f]{16}", line) for line in lines)
    assert "node conv1: conv(image, conv1.weight, conv1.bias) pad_begin=[2, 2] pad_end=[2, 2] → conv1 f32 [N, 6, 28, 28]" in lines
    assert "node relu_1: relu(conv1) → relu_1 f32 [N, 6, 28, 28]" in lines
    number = r"-?[0-9.e-]+"
    constant = rf"constant conv1.weight f32 \[6, 1, 5, 5\] min {number} max {number} mean {number} xxh64 [0-9a-f]{{16}}"
    assert sum(bool(re.fullmatch(constant, line)) for line in lines) == 1
    assert len([line for line in lines if line.startswith("node ")]) == 13


def test_labels_and_small_constants_in_full(program, models):
    lines = program.output("dump", models["lenet5"], "--elements", "16").splitlines()
    assert 'metadata labels = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]' in lines
    assert f"constant conv2.bias f32 [16] = [{', '.join(['0.0'] * 16)}]" in lines
    assert "constant conv1.bias f32 [6] min 0 max 0" in program.output("dump", models["lenet5"], "--elements", "0")


@pytest.mark.parametrize("name", ["lenet5", "everyop", "stages", "hostile"])
def test_the_same_content_gives_the_same_text(program, models, tmp_path, name):
    copy = tmp_path / "übung 1.dlrt"
    copy.write_bytes(models[name].read_bytes())
    assert program.output("dump", copy) == program.output("dump", models[name])


def test_other_weights_are_other_lines(program, models, tmp_path):
    other = tmp_path / "other.dlrt"
    program.output("sample", "lenet5", "-o", other, "--seed", "2")
    found = changes(program.output("dump", models["lenet5"]), program.output("dump", other))
    assert {line[2:].split()[1] for line in found} == {f"{layer}.weight" for layer in ("conv1", "conv2", "fc1", "fc2", "fc3")}


def test_one_changed_element_is_one_changed_line(program, tmp_path):
    def text(elements):
        path = program.convert(
            tmp_path / "one.dlrt", [onnx_model.node("Add", ["x", "c"], ["y"], "add")], [("x", np.float32, [100])],
            [("y", np.float32, [100])], [("c", elements)])  # fmt: skip
        return program.output("dump", path)

    before = np.linspace(-1, 1, 100, dtype=np.float32)
    after = before.copy()
    after[50] = np.nextafter(after[50], np.float32(2))
    found = changes(text(before), text(after))
    assert len(found) == 2 and all("constant c f32 [100]" in line for line in found)
    after[[3, 4]] = np.nan, np.inf
    assert "not finite 2 xxh64" in text(after)


def test_a_node_more_is_a_line_more(program, models, tmp_path):
    other = tmp_path / "other.dlrt"
    program.output("sample", "lenet5", "-o", other, "--logits")
    found = changes(program.output("dump", models["lenet5"]), program.output("dump", other))
    assert [line for line in found if "node" in line] == [
        "- node fc3: gemm(relu_4, fc3.weight, fc3.bias) transpose_b=1 → fc3 f32 [N, 10]",
        "+ node fc3: gemm(relu_4, fc3.weight, fc3.bias) transpose_b=1 → logits f32 [N, 10]",
        "- node softmax_1: softmax(fc3) axis=-1 → probabilities f32 [N, 10]",
    ]


def test_words_for_numbers(program, tmp_path):
    path = program.convert(
        tmp_path / "cast.dlrt", [onnx_model.node("Cast", ["x"], ["i"], "cast", to=7), onnx_model.node("ReduceMax", ["i"], ["y"], "most", keepdims=0)],
        [("x", np.float32, ["N", 4])], [("y", np.int64, [])])  # fmt: skip
    text = program.output("dump", path)
    assert "node cast: cast(x) dtype=i64 → i i64 [N, 4]" in text and "node most: reduce_maximum(i) → y i64 []" in text


def test_names_cannot_be_taken_for_something_else(program, models):
    lines = program.output("dump", models["hostile"]).splitlines()
    assert all(line.split(" ")[0] in ("dlrt", "graph", "symbol", "metadata", "input", "output", "constant", "node") for line in lines)
    escaped = "\"</title></script><script>alert('\\\"&1\\\")</script>\\u{202e}\\u{a}\\u{9}"
    assert f'input {escaped}0" f32 [{escaped}5", 9]' in lines


def test_equal_names_are_told_apart(program, models, tmp_path):
    data, path = mutate.plain(models["lenet5"].read_bytes()), tmp_path / "same.dlrt"
    assert data.count(b"conv2.bias") == 1
    path.write_bytes(mutate.fix_checksums(data.replace(b"conv2.bias", b"conv1.bias")))
    lines = program.output("dump", path).splitlines()
    assert any(line.startswith('constant "conv1.bias"#2 f32 [16]') for line in lines)
    assert 'node conv2: conv(max_pool_1, conv2.weight, "conv1.bias"#2) → conv2 f32 [N, 16, 10, 10]' in lines


def test_several_outputs_are_all_there(program, tmp_path):
    nodes = [onnx_model.node("TopK", ["x", "k"], ["", "places"], "top", axis=0), onnx_model.node("Split", ["places"], ["a", "b"], "split", axis=0)]
    path = program.convert(
        tmp_path / "two.dlrt", nodes, [("x", np.float32, [9])], [("a", np.int64, [2]), ("b", np.int64, [2])], [("k", np.array([4]))])  # fmt: skip
    lines = program.output("dump", path).splitlines()
    assert "constant k i64 [1] = [4]" in lines
    assert any(re.fullmatch(r"node top: top_k\(x, k\) axis=0 largest=1 sorted=1 → .*, places i64 \[4\]", line) for line in lines)
    assert any(re.fullmatch(r"node split: split\(places\) axis=0 .*→ a i64 \[2\], b i64 \[2\]", line) for line in lines)


def test_errors(program, models, tmp_path):
    assert "'absent.dlrt': no such file or directory" in program.error("dump", "absent.dlrt")
    assert "not a .dlrt file" in program.error("dump", __file__)
    empty, cut = tmp_path / "empty.dlrt", tmp_path / "cut.dlrt"
    empty.write_bytes(b"")
    cut.write_bytes(models["lenet5"].read_bytes()[:5000])
    assert "is empty" in program.error("dump", empty) and str(cut) in program.error("dump", cut)
    assert "--elements" in program.error("dump", models["lenet5"], "--elements", "-1", status=64)
