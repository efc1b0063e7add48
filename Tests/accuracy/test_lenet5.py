"""LeNet-5 on MNIST: trained in Swift, exported, and run from C, Python and Swift to the same bits."""

import gzip
import sys

import numpy as np
import pytest
from built import DATA, LIBRARY, ROOT, output

MNIST = DATA / "data/mnist"
pytestmark = pytest.mark.skipif(not MNIST.exists(), reason=f"no data: {MNIST}")


@pytest.fixture(scope="session")
def digits():
    """The 10,000 test images, normalised as training does, and their labels."""
    images = np.frombuffer(gzip.decompress((MNIST / "t10k-images-idx3-ubyte.gz").read_bytes())[16:], np.uint8)
    labels = np.frombuffer(gzip.decompress((MNIST / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:], np.uint8)
    scaled = (images.astype(np.float32) * np.float32(1 / 255) - np.float32(0.1307)) / np.float32(0.3081)
    return scaled.reshape(-1, 1, 28, 28), labels


@pytest.fixture(scope="session")
def run_rows(tmp_path_factory):
    program = tmp_path_factory.mktemp("bin") / "run_rows"
    output("cc", "-std=c99", "-O1", "-Wall", "-Wextra", ROOT / "Tests/accuracy/run_rows.c", "-o", program,
           f"-I{ROOT}/include", f"-L{LIBRARY.parent}", "-ldlrt")
    return program


def test_accuracy_and_bits(trained, digits, run_rows, tmp_path):
    import dlrt

    folder, reported = trained
    images, labels = digits
    with dlrt.load(folder / "lenet5.dlrt") as model:
        answers = []
        for threads, batch in [(1, 100), (2, 100), (3, 1000), (2, 10_000)]:
            with model.session(threads=threads) as session:
                parts = [session.run(images[i : i + batch])["probabilities"] for i in range(0, len(images), batch)]
                answers.append(np.concatenate(parts))
    accuracy = 100 * float(np.mean(answers[0].argmax(1) == labels))
    print(f"t10k: {accuracy:.2f} % from Python, {reported:.2f} % in training")
    assert accuracy >= 98.7
    assert abs(accuracy - reported) < 0.015  # a rounding of one image's scaled pixels may fall the other way
    for other in answers[1:]:
        assert other.tobytes() == answers[0].tobytes()

    images.tofile(tmp_path / "in.f32")
    for threads, batch in [(1, 1), (2, 64), (2, 10_000)]:
        output(run_rows, folder / "lenet5.dlrt", threads, batch, tmp_path / "in.f32", tmp_path / "out.f32")
        assert (tmp_path / "out.f32").read_bytes() == answers[0].tobytes(), f"C, {threads} threads, batch {batch}"


def test_three_languages_print_the_same(trained, tmp_path):
    folder, _ = trained
    output("cc", ROOT / "examples/c/classify.c", "-o", tmp_path / "classify", f"-I{ROOT}/include", f"-L{LIBRARY.parent}", "-ldlrt")
    pictures = [folder / "digit.jpg", *sorted((DATA / "models/mnist").glob("*.jpg"))]
    for picture in pictures:
        for threads in (1, 2):
            arguments = ["--threads", threads, "--top", 10, folder / "lenet5.dlrt", picture]
            c = output(tmp_path / "classify", *arguments)
            assert len(c.splitlines()) == 10
            assert output(sys.executable, ROOT / "examples/python/classify.py", *arguments) == c, picture
            assert output(ROOT / "build/demo/classify-swift", *arguments) == c, picture
