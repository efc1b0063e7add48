"""JPEGs as input: good, damaged and unusual."""

import random
import tarfile

import dlrt
import numpy as np
import pytest
from images import digits, same_bits


def test_paths_and_bytes(session, jpeg, tmp_path):
    path = tmp_path / "sieben ☂.jpg"
    path.write_bytes(jpeg)
    expected = session.run_jpeg(jpeg)["probabilities"]
    for source in (path, str(path), bytearray(jpeg), memoryview(jpeg)):
        assert same_bits(session.run_jpeg(source)["probabilities"], expected)
    assert same_bits(session.run_jpeg(jpeg, input="image")["probabilities"], expected)
    target = np.empty((1, 10), np.float32)
    assert session.run_jpeg(jpeg, out={"probabilities": target})["probabilities"] is target
    assert same_bits(target, expected)
    assert session.top_k(1)[0].score == expected.max()


def test_arrays_before_and_after(session, jpeg):
    image = digits(2)
    expected, of_jpeg = session.run(image)["probabilities"], session.run_jpeg(jpeg)["probabilities"]
    assert of_jpeg.shape == (1, 10)
    assert same_bits(session.run(image)["probabilities"], expected)
    assert same_bits(session.run_jpeg(jpeg)["probabilities"], of_jpeg)


def test_wrong_arguments(session, jpeg, paths, tmp_path):
    with pytest.raises(FileNotFoundError):
        session.run_jpeg(tmp_path / "missing.jpg")
    with pytest.raises(IsADirectoryError):
        session.run_jpeg(tmp_path)
    with pytest.raises(dlrt.NotFoundError, match="nobody"):
        session.run_jpeg(jpeg, input="nobody")
    for index in (1, -1, 1 << 70):
        with pytest.raises(dlrt.OutOfRangeError):
            session.run_jpeg(jpeg, input=index)
    with pytest.raises(TypeError):
        session.run_jpeg(None)
    with pytest.raises(dlrt.NotFoundError, match="preprocess"):
        dlrt.load(paths["mlp"]).session().run_jpeg(jpeg)


def test_no_pictures(session, jpeg):
    expected = session.run_jpeg(jpeg)["probabilities"]
    for content in (b"", b"text", bytes(1000), b"\xff\xd8", b"\xff\xd8\xff\xd9", b"\x89PNG\r\n\x1a\n" + bytes(100)):
        with pytest.raises(dlrt.InvalidImageError) as caught:
            session.run_jpeg(content)
        assert str(caught.value) and isinstance(caught.value, ValueError)
    assert same_bits(session.run_jpeg(jpeg)["probabilities"], expected)


def attempt(session, content):
    """Whether the picture was taken; a refusal is one of two kinds, with a message."""
    try:
        scores = session.run_jpeg(content)["probabilities"]
    except (dlrt.InvalidImageError, dlrt.UnsupportedError) as problem:
        assert str(problem)
        return False
    assert np.isfinite(scores).all()
    return True


def test_damage(session, jpeg):
    """2,000 damaged pictures, and every length."""
    chance = random.Random(1)
    taken = sum(attempt(session, jpeg[:length]) for length in range(len(jpeg)))
    for _ in range(2000):
        broken = bytearray(jpeg)
        for _ in range(chance.choice([1, 1, 2, 8])):
            place = chance.randrange(len(broken))
            kind = chance.randrange(4)
            if kind == 0:
                broken[place] ^= 1 << chance.randrange(8)
            elif kind == 1:
                broken[place] = chance.choice([0, 1, 0x7F, 0xFE, 0xFF])
            elif kind == 2:
                del broken[place : place + chance.choice([1, 2, 16])]
            else:
                broken[place:place] = chance.randbytes(chance.choice([1, 2, 16]))
        taken += attempt(session, bytes(broken))
    assert taken > 100  # damage to pixels is no reason to refuse a picture


def members(archive):
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            if member.name.lower().endswith((".jpg", ".jpeg")):
                yield member.name, tar.extractfile(member).read()


def test_unusual_pictures(session, data):
    """Progressive, CMYK, YCCK, grey, restart markers, odd sizes: all are decoded, and cut ones crash nothing."""
    archive = data / "jpeg/jpeg-decoder_reftest.tar.gz"
    if not archive.exists():
        pytest.skip(f"no {archive.name}")
    pictures = list(members(archive))
    assert len(pictures) == 37
    refused = [name for name, content in pictures if not attempt(session, content)]
    assert [name.rsplit("/", 1)[-1] for name in refused] == ["jpg-size-6x6.jpg"]  # a PNG, in spite of its name
    for _, content in pictures:
        for length in range(0, len(content), max(100, len(content) // 40)):
            attempt(session, content[:length])


def test_orientation(session, data):
    """The eight photographs show the same scene, each stored another way round."""
    folder = data / "jpeg/exif-orientation"
    if not folder.exists():
        pytest.skip("no exif-orientation")
    scores = [session.run_jpeg(folder / f"Portrait_{i}.jpg")["probabilities"] for i in range(1, 9)]
    for other in scores[1:]:
        np.testing.assert_allclose(other, scores[0], atol=0.05)
