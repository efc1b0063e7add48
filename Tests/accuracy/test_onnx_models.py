"""Models from ONNX on real data: the published quality, and the outputs of ONNX Runtime."""

import gzip
import sys
import wave

import numpy as np
import pytest
from built import DATA, DL_EXPORT, ROOT, output, relative_error

MODELS = DATA / "models"
pytestmark = pytest.mark.skipif(not MODELS.exists(), reason=f"no data: {MODELS}")
TOLERANCE = 1e-4

# The file, and how it is converted.
FILES = {
    "mnist": ("mnist/mnist.onnx", []),
    "resnet20": ("resnet-cifar10/resnet20_derived.onnx", []),
    "squeezenet": (
        "squeezenet-deepcompression/squeezenet_v1.0_derived.onnx",
        # The pixels too, so that the peer gets the same.
        "--outputs data,prob --preprocess color=bgr --preprocess resize=stretch --preprocess mean=104,117,123".split(),
    ),
    "ultraface": (
        "ultraface/version-RFB-320.onnx",
        "--preprocess color=rgb --preprocess resize=stretch --preprocess mean=127 --preprocess std=128".split(),
    ),
    "silero": ("silero-vad/silero_vad_16k_op15.onnx", "--shape input=1,576 --shape state=2,1,128 --set sr=16000".split()),
    "rnnoise": ("rnnoise/rnnoise_derived.onnx", "--shape features=1,1,42".split()),
}


@pytest.fixture(scope="module")
def convert(tmp_path_factory):
    """Converts a model, with more options."""

    def converted(name, *options):
        file = tmp_path_factory.mktemp(name) / f"{name}.dlrt"
        source, own = FILES[name]
        output(DL_EXPORT, "convert", MODELS / source, "-o", file, *own, *options)
        return file

    return converted


def read_images(name, header, record):
    """Bytes of a gzipped file after its header, in records of a size."""
    path = DATA / "data" / name
    if not path.exists():
        pytest.skip(f"no data: {path}")
    return np.frombuffer(gzip.decompress(path.read_bytes())[header:], np.uint8).reshape(-1, record)


def test_mnist(convert, onnxruntime):
    import dlrt

    images = read_images("mnist/t10k-images-idx3-ubyte.gz", 16, 784)[:2000].reshape(-1, 1, 1, 28, 28).astype(np.float32)
    labels = read_images("mnist/t10k-labels-idx1-ubyte.gz", 8, 1)[:2000, 0]
    peer = onnxruntime(MODELS / FILES["mnist"][0])
    with dlrt.load(convert("mnist")) as model, model.session() as session:
        logits = np.concatenate([session.run(image)["Plus214_Output_0"] for image in images])
    expected = np.concatenate([peer.run(None, {"Input3": image})[0] for image in images])
    assert relative_error(logits, expected) <= TOLERANCE
    assert np.mean(logits.argmax(1) == labels) == pytest.approx(0.984, abs=5e-4)


def test_resnet20(convert, onnxruntime):
    import dlrt

    records = read_images("cifar10/test_first1000.bin.gz", 0, 3073)
    mean, std = (np.array(x, np.float32).reshape(3, 1, 1) for x in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    images = (records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255 - mean) / std
    with dlrt.load(convert("resnet20")) as model, model.session(threads=2) as session:
        logits = np.concatenate([session.run(part)["logits"] for part in np.split(images, 10)])
    expected = onnxruntime(MODELS / FILES["resnet20"][0]).run(None, {"input": images})[0]
    assert relative_error(logits, expected) <= TOLERANCE
    assert np.mean(logits.argmax(1) == records[:, 0]) == pytest.approx(0.915, abs=5e-4)


def test_squeezenet(convert, onnxruntime):
    """Every photograph: the same five best classes in the same order, on the same pixels."""
    import dlrt

    pictures = sorted(path for path in (DATA / "jpeg/photos").glob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    assert len(pictures) >= 20
    peer = onnxruntime(MODELS / FILES["squeezenet"][0])
    with dlrt.load(convert("squeezenet")) as model, model.session(threads=2) as session:
        for picture in pictures:
            found = session.run_jpeg(picture)
            expected = peer.run(None, {"data": found["data"]})[0]
            assert relative_error(found["prob"], expected) <= TOLERANCE, picture
            assert (-found["prob"][0]).argsort()[:5].tolist() == (-expected[0]).argsort()[:5].tolist(), picture


def test_ultraface(convert, onnxruntime):
    import dlrt

    sys.path.insert(0, str(ROOT / "examples/python"))
    from detect_faces import suppress

    folder = MODELS / "ultraface"
    file = convert("ultraface", "--outputs", "input,scores,boxes")
    with dlrt.load(file) as model, model.session() as session:
        found = session.run_jpeg(folder / "test_input.jpg")
    scores, boxes = onnxruntime(MODELS / FILES["ultraface"][0]).run(None, {"input": found["input"]})
    assert relative_error(found["scores"], scores) <= TOLERANCE
    assert relative_error(found["boxes"], boxes) <= TOLERANCE

    likely = scores[0, :, 1] > 0.7
    assert 46 <= likely.sum() <= 50
    scores, boxes = scores[0, likely, 1], boxes[0, likely]
    faces = suppress(boxes, scores, 0.3)
    printed = output(sys.executable, ROOT / "examples/python/detect_faces.py", file, folder / "test_input.jpg").splitlines()
    assert len(printed) == len(faces)
    for line, face in zip(printed, faces):
        assert np.allclose([float(word) for word in line.split()], [*boxes[face], scores[face]], atol=1.5e-4)


def stream(session, peer, frames, inputs, states):
    """Runs frame after frame, each engine with its own states, and returns the outputs of both by name.
    states: the input and the output of each."""
    own = {item.name: np.zeros(item.shape, np.float32) for item in session.model.inputs if item.name in states}
    other = dict(own)
    names = [item.name for item in peer.get_outputs()]
    known = {item.name for item in session.model.inputs}
    results = {name: ([], []) for name in names}
    for frame in frames:
        given = {**inputs, **frame}
        found = session.run({**{name: value for name, value in given.items() if name in known}, **own})
        expected = dict(zip(names, peer.run(None, {**given, **other})))
        own = {name: found[state] for name, state in states.items()}
        other = {name: expected[state] for name, state in states.items()}
        for name in names:
            results[name][0].append(found[name])
            results[name][1].append(expected[name])
    return {name: (np.array(a), np.array(b)) for name, (a, b) in results.items()}


def test_silero(convert, onnxruntime):
    """20 seconds of speech in frames of 512 samples, each with the 64 before it; the state goes from frame to frame."""
    import dlrt

    with wave.open(str(MODELS / "silero-vad/test_first20s.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
    sound = np.concatenate([np.zeros(64, np.float32), sound])
    frames = [{"input": sound[None, i : i + 576]} for i in range(0, len(sound) - 575, 512)]
    peer = onnxruntime(MODELS / FILES["silero"][0])
    with dlrt.load(convert("silero")) as model, model.session() as session:
        results = stream(session, peer, frames, {"sr": np.array(16_000)}, {"state": "stateN"})
    for name, (found, expected) in results.items():
        assert relative_error(found, expected) <= TOLERANCE, name
    assert len(frames) == 625
    assert np.mean(results["output"][0] > 0.5) == pytest.approx(0.78, abs=0.1)


def test_rnnoise(convert, onnxruntime):
    """Frames one by one, and the peer's run over all of them at once."""
    import dlrt

    random = np.random.default_rng(3)
    # Features that drift, as those of sound do.
    features = np.cumsum(random.standard_normal((500, 1, 42)) * 0.1, axis=0).clip(-3, 3).astype(np.float32)
    states = {f"{name}_state": f"{name}_state_out" for name in ("vad", "noise", "denoise")}
    peer = onnxruntime(MODELS / FILES["rnnoise"][0])
    with dlrt.load(convert("rnnoise")) as model, model.session() as session:
        results = stream(session, peer, [{"features": frame[None]} for frame in features], {}, states)
        zeros = {item.name: np.zeros(item.shape, np.float32) for item in model.inputs if item.name in states}
    for name, (found, expected) in results.items():
        assert relative_error(found, expected) <= TOLERANCE, name
    gains = peer.run(["gains"], {"features": features, **zeros})[0]
    assert relative_error(results["gains"][0][:, 0], gains) <= TOLERANCE


@pytest.mark.parametrize("name", FILES)
def test_size(name, convert):
    """At most the size of the ONNX file, and half of it with short weights."""
    size = (MODELS / FILES[name][0]).stat().st_size
    assert convert(name).stat().st_size <= size
    assert convert(name, "--weights", "f16").stat().st_size <= 0.51 * size
