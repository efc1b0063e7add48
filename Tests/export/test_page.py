"""dl-export inspect --html: the page."""

import html.parser
import os
import re

import numpy as np
import onnx_model
import pytest

VOID = {"meta", "input", "link", "br", "img", "hr"}


class Page(html.parser.HTMLParser):
    """A page whose elements must be closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.ids, self.nodes, self.words = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        assert len(found) == len(attributes), f"an attribute twice in <{tag}>"
        self.elements.append((tag, found))
        if "id" in found:
            self.ids.append(found["id"])
        if "data-node" in found:
            self.nodes.append(int(found["data-node"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        if self.open[-1:] not in (["style"], ["script"]):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag, **wanted):
        return [found for name, found in self.elements if name == tag and all(found.get(k) == v for k, v in wanted.items())]


@pytest.fixture(scope="session")
def pages(program, models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    texts = {}
    for name, model in models.items():
        assert program.output("inspect", model, "--html", folder / f"{name}.html") == ""
        texts[name] = (folder / f"{name}.html").read_text(encoding="utf-8")
    return texts


NAMES = ["trivial", "lenet5", "everyop", "googlenet", "unet_small", "stages", "shaped", "hostile"]


@pytest.mark.parametrize("name", NAMES)
def test_sound_and_alone(pages, name):
    text = pages[name]
    assert text.startswith("<!DOCTYPE html>")
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert not re.search(r"https?://|\bsrc\s*=|@import|url\((?!#)|<link|<iframe", text)
    for _, found in page.elements:
        assert not any(key.startswith("on") for key in found)
        if "href" in found:
            assert found["href"][0] == "#" and found["href"][1:] in page.ids
    assert "default-src 'none'" in page.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]


@pytest.mark.parametrize("name", NAMES)
def test_every_node_once(program, models, pages, name):
    page = Page(pages[name])
    count = sum(line.startswith("node ") for line in program.output("dump", models[name]).splitlines())
    assert sorted(page.nodes) == list(range(count))
    assert all(page.ids.count(f"node-{n}") == 1 for n in range(count))


@pytest.mark.parametrize("name", ["lenet5", "everyop", "googlenet", "unet_small", "stages"])
def test_boxes_lie_apart_and_edges_lead_down(pages, name):
    place = r'<g class="box[ a-z]*" data-box="(\d+)" transform="translate\(([\d.]+) ([\d.]+)\)">.*?<rect class="card" width="([\d.]+)" height="([\d.]+)"'
    boxes = {int(b): tuple(map(float, rest)) for b, *rest in re.findall(place, pages[name], re.S)}
    size = re.search(r'id="drawing" width="([\d.]+)" height="([\d.]+)"', pages[name])
    width, height = map(float, size.groups())
    for b, (x, y, w, h) in boxes.items():
        assert 0 <= x and x + w <= width and 0 <= y and y + h <= height
        for c, (x2, y2, w2, h2) in boxes.items():
            assert c <= b or x + w < x2 or x2 + w2 < x or y + h < y2 or y2 + h2 < y
    edges = re.findall(r'<path class="edge[ a-z]*" data-from="(\d+)" data-to="(\d+)" d="M([\d.]+) ([\d.]+)(.*?)V([\d.]+)"/>', pages[name])
    assert edges and pages[name].count('class="edge') == len(edges)
    for start, end, x, y, _, last in edges:
        x0, y0, w0, h0 = boxes[int(start)]
        assert abs(float(x) - x0 - w0 / 2) < 0.2 and abs(float(y) - y0 - h0) < 0.2
        assert boxes[int(end)][1] - 2 < float(last) < boxes[int(end)][1] and float(last) > float(y)


def test_skip_edges_pass_by(pages):
    """Each of U-Net's ways around a level is one vertical line, which no box lies on."""
    place = r'<g class="box[ a-z]*" data-box="\d+" transform="translate\(([\d.]+) ([\d.]+)\)">.*?<rect class="card" width="([\d.]+)" height="([\d.]+)"'
    boxes = [tuple(map(float, box)) for box in re.findall(place, pages["unet_small"], re.S)]
    ways = re.findall(r'<path class="edge long".*? d="(.*?)"', pages["unet_small"])
    assert len(ways) >= 3
    for way in ways:
        # Curves end at x; the lines between them are vertical.
        ends = re.findall(r"C[\d.]+ [\d.]+ [\d.]+ [\d.]+ ([\d.]+) ([\d.]+)V([\d.]+)", way)
        assert len(ends) == 2
        x, top, bottom = map(float, ends[0])
        assert all(not (bx <= x <= bx + w and by < bottom and top < by + h) for bx, by, w, h in boxes)


def test_what_it_says_of_lenet(pages):
    page = Page(pages["lenet5"])
    for words in ("61,706", "416,520", "MACs and bytes for N = 1", "f32 [N, 6, 28, 28]", "preprocess.mean", "conv1.weight"):
        assert words in page.text
    assert "Arena of 23,552 bytes; the values that live at once take 23,552" in page.text
    assert "time of a run" not in page.text
    assert len(page.all("figure")) == 10 and len(page.all("path", **{"class": "bars"})) == 9


def test_histograms_count_every_element(program, tmp_path):
    elements = np.repeat(np.array([0, 1, 2, 4], dtype=np.float32), [10, 20, 40, 5])
    elements[0] = np.nan
    path = program.convert(
        tmp_path / "bins.dlrt", [onnx_model.node("Add", ["x", "c"], ["y"], "add")], [("x", np.float32, [75])],
        [("y", np.float32, [75])], [("c", elements)])  # fmt: skip
    program.output("inspect", path, "--html", tmp_path / "bins.html")
    text = (tmp_path / "bins.html").read_text()
    bars = re.search(r'class="bars" id="bins-\d+" d="(.*?)"', text)[1]
    # In parts of 4 / 48, of the tallest bar's 30.
    assert bars == "M0 30v-6.8h1.7V30zM24 30v-15h1.7V30zM48 30v-30h1.7V30zM94 30v-3.8h1.7V30z"
    assert "1 not finite" in text and "12 % zeros" in text


def test_times(program, models, tmp_path):
    path = tmp_path / "times.html"
    program.output("inspect", models["lenet5"], "--html", path, "--profile", "--threads", "2")
    page = Page(path.read_text())
    assert "time of a run, 2 threads" in page.text and "GFLOP/s" in page.text
    rows = re.findall(r'<tr><td><a href="#node-\d+">(\w+)</a>.*?</tr>', path.read_text(), re.S)
    times = re.findall(r'data-value="(-?[\d.]+)" style="--part: [\d.]+"><span>[\d.]* ?(?:µs|ms|s)?</span></td></tr>', path.read_text())
    assert len(rows) == len(times) == 13
    measured = {name for name, time in zip(rows, times) if float(time) > 0}
    assert {"conv1", "conv2", "fc1", "fc2", "fc3", "softmax_1"} <= measured and "relu_1" not in measured


def test_times_of_nodes_with_one_name(program, tmp_path):
    nodes = [onnx_model.node("Softmax", [f"v{i}"], [f"v{i + 1}"], "again", axis=1) for i in range(3)]
    path = program.convert(tmp_path / "again.dlrt", nodes, [("v0", np.float32, [50, 1000])], [("v3", np.float32, [50, 1000])])
    program.output("inspect", path, "--html", tmp_path / "again.html", "--profile")
    text = (tmp_path / "again.html").read_text()
    assert all(re.search(rf'id="node-{n}">.*?<dt>time</dt><dd>\d', text, re.S) for n in range(3))


def test_what_is_needed_late_is_drawn_late(program, tmp_path):
    """A second input of the last node, and the parts taken of it, are not at the top."""
    nodes = [onnx_model.node("MatMul", [f"v{i}", "w"], [f"v{i + 1}"], f"step{i}") for i in range(6)]
    nodes += [onnx_model.node("Transpose", ["late"], ["turned"], "turn"), onnx_model.node("MatMul", ["v6", "turned"], ["y"], "last")]
    path = program.convert(
        tmp_path / "late.dlrt", nodes, [("v0", np.float32, [4, 4]), ("late", np.float32, [4, 4])], [("y", np.float32, [4, 4])],
        [("w", np.eye(4, dtype=np.float32))])  # fmt: skip
    program.output("inspect", path, "--html", tmp_path / "late.html")
    places = re.findall(r'data-box="(\d+)" transform="translate\([\d.]+ ([\d.]+)\)"', (tmp_path / "late.html").read_text())
    y = [float(place) for _, place in sorted(places, key=lambda found: int(found[0]))]
    # Boxes: v0, late, six steps, turn, last, y.
    assert len(y) == 11 and y[0] < y[2] < y[5] <= y[1] < y[8] < y[9] < y[10] and abs(y[8] - y[7]) < 20


def test_names_are_text(program, pages):
    page = Page(pages["hostile"])
    assert len(page.all("script")) == 1 and len(page.all("title")) >= 1
    shown = "</title></script><script>alert('\"&1\")</script>\ufffd\ufffd\ufffd"
    for i in range(5):
        assert shown + str(i) in page.text
    assert shown in page.text and "\u202e" not in pages["hostile"]


def test_later_stages_are_there(pages):
    text = Page(pages["stages"]).text
    assert "There is no plan" not in text and "stage 2, of the sizes that follow from elements" in text
    assert "The plan is not whole: node 'reshape'" in Page(pages["shaped"]).text


def test_without_sizes_there_is_still_a_page(program, models, pages, tmp_path):
    assert "There is no plan: input 'x' has free sizes" in Page(pages["free"]).text
    assert "has free sizes" in program.error("inspect", models["free"], "--html", tmp_path / "times.html", "--profile")
    assert not (tmp_path / "times.html").exists()


def test_thousands_of_nodes(program, tmp_path):
    """A drawing of them all; and of a graph that no drawing shows, the rest of the page."""
    def chain(count, far):
        nodes = [onnx_model.node("Add", [f"v{i}", f"v{i // 2 if far else i}"], [f"v{i + 1}"], f"n{i}") for i in range(count)]
        return nodes, [("v0", np.float32, [4])], [(f"v{count}", np.float32, [4])]

    for count, far in ((2000, False), (3000, True)):
        path = program.convert(tmp_path / f"chain{count}.dlrt", *chain(count, far))
        program.output("inspect", path, "--html", tmp_path / "chain.html")
        text = (tmp_path / "chain.html").read_text()
        page = Page(text)
        assert all(page.ids.count(f"node-{n}") == 1 for n in (0, 1, count - 1))
        assert len(page.nodes) == (0 if far else count) and ("too large to draw" in text) == far


def test_numbers_of_any_size(program, tmp_path):
    size, name = 1 << 20, "n" * 5000
    path = program.convert(
        tmp_path / "huge.dlrt", [onnx_model.node("MatMul", ["x", "x"], ["y"], name), onnx_model.node("Exp", ["y"], [name], "e")],
        [("x", np.float32, [size, size])], [(name, np.float32, [size, size])])  # fmt: skip
    program.output("inspect", path, "--html", tmp_path / "huge.html")
    text = (tmp_path / "huge.html").read_text()
    assert 'data-value="1152921504606846976"' in text
    assert float(re.search(r'id="drawing" width="([\d.]+)"', text)[1]) < 1000


def test_the_file_is_written_whole_or_not_at_all(program, models, tmp_path):
    page, link = tmp_path / "page.html", tmp_path / "link.html"
    page.write_text("before")
    link.symlink_to(page)
    broken = tmp_path / "broken.dlrt"
    broken.write_bytes(models["lenet5"].read_bytes()[:-100])
    assert str(broken) in program.error("inspect", broken, "--html", page)
    assert page.read_text() == "before"
    program.output("inspect", models["trivial"], "--html", link)
    assert link.is_symlink() and page.read_text().startswith("<!DOCTYPE html>")
    folder = tmp_path / "folder"
    folder.mkdir()
    for target in (folder, tmp_path / "no/such/page.html"):
        assert str(target) in program.error("inspect", models["trivial"], "--html", target)
    assert sorted(os.listdir(tmp_path)) == ["broken.dlrt", "folder", "link.html", "page.html"] and not os.listdir(folder)
    assert "/dev/full" in program.error("inspect", models["trivial"], "--html", "/dev/full")


def test_wrong_arguments(program, models):
    for arguments, words in [
        (["--html", "x.html", "--json"], "--html and another form"), (["--profile"], "--profile is for --html"),
        (["--html", "x.html", "--threads", "0"], "--threads"),
    ]:  # fmt: skip
        assert words in program.error("inspect", models["trivial"], *arguments, status=64)
    assert "no free dimension 'M'" in program.error("inspect", models["lenet5"], "--html", "x.html", "--size", "M=2")
