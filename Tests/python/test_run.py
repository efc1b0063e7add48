"""Runs: which arrays are taken, and which come back."""

import dlrt
import numpy as np
import pytest
from images import digits, same_bits


def test_by_name_and_by_position(session):
    image = digits(2)
    named, positional = session.run({"image": image}), session.run(image)
    assert list(named) == ["probabilities"]
    assert same_bits(named["probabilities"], positional["probabilities"])
    np.testing.assert_allclose(named["probabilities"].sum(axis=1), 1, rtol=1e-5)


def test_which_inputs(session):
    image = digits(1)
    with pytest.raises(dlrt.InvalidArgumentError, match="'image'"):
        session.run()
    with pytest.raises(dlrt.InvalidArgumentError, match="expected 1.*got 2"):
        session.run(image, image)
    with pytest.raises(dlrt.InvalidArgumentError, match="'image'"):
        session.run({})
    with pytest.raises(dlrt.NotFoundError, match="'picture'.*'image'") as caught:
        session.run({"image": image, "picture": image})
    assert isinstance(caught.value, KeyError)


@pytest.mark.parametrize(
    "dtype", [np.float64, np.float16, np.int32, np.uint8, np.bool_, np.complex64, ">f4", "S4", object, [("a", "f4")]]
)
def test_wrong_dtype(session, dtype):
    with pytest.raises(dlrt.TypeMismatchError, match="image.*float32") as caught:
        session.run(np.zeros((1, 1, 28, 28), dtype))
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "shape",
    [(), (1,), (28, 28), (1, 28, 28), (1, 1, 28, 27), (1, 28, 28, 1), (1, 1, 1, 28, 28), (1,) * 8, (1,) * 9, (1,) * 30],
)
def test_wrong_shape(session, shape):
    with pytest.raises(dlrt.ShapeMismatchError) as caught:
        session.run(np.zeros(shape, np.float32))
    assert isinstance(caught.value, ValueError) and str(caught.value)


def unaligned(array):
    memory = np.zeros(array.nbytes + 1, np.uint8)
    moved = memory[1:].view(array.dtype).reshape(array.shape)
    moved[:] = array
    assert not moved.flags.aligned
    return moved


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def every_second(array):
    wide = np.zeros((*array.shape[:-1], array.shape[-1] * 2), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


LAYOUTS = {
    "fortran": np.asfortranarray,
    "sliced": every_second,
    "reversed": lambda a: a[::-1].copy()[::-1],
    "transposed": lambda a: np.ascontiguousarray(a.transpose(3, 2, 1, 0)).transpose(3, 2, 1, 0),
    "broadcast": lambda a: np.broadcast_to(a[:1], a.shape),
    "unaligned": unaligned,
    "read-only": read_only,
    "subclass": lambda a: np.ma.masked_array(a),
    "list": lambda a: a.tolist(),
    "nested": lambda a: [row for row in a],
    "interface": lambda a: type("Held", (), {"__array__": lambda self, dtype=None, copy=None: a})(),
    "buffer": lambda a: memoryview(a),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(session, layout):
    image = digits(3)
    if layout == "broadcast":
        image[:] = image[0]
    expected = session.run(image)["probabilities"]
    given = LAYOUTS[layout](image)
    before = np.array(given)
    assert same_bits(session.run({"image": given})["probabilities"], expected)
    np.testing.assert_array_equal(np.array(given), before)


def test_conversion_of_what_is_no_array(paths):
    session = dlrt.load(paths["trivial"]).session()
    for value in ([1, -2, 3, 4], (1.0, -2.0, 3.0, 4.0), [True, -2, 3.0, np.float64(4)]):
        assert session.run(value)["y"].tolist() == [1, 0, 3, 4]
    for value in ("text", ["a"] * 4, [1, 2, 3, 1j], [[1], [2, 3]], None, object(), {1, 2, 3, 4}):
        with pytest.raises(dlrt.TypeMismatchError, match="'x'"):
            session.run(value)
    with pytest.raises(dlrt.ShapeMismatchError):
        session.run(5.0)


def test_contiguous_inputs_are_not_copied(session):
    image = digits(1)
    session.run(image)
    assert session._inputs[0].ctypes.data == image.ctypes.data


def test_an_input_may_be_dropped_and_changed_after_the_run(session):
    first, second = digits(2, seed=1), digits(2, seed=2)
    of_first = session.run(first)["probabilities"]
    kept = of_first.copy()
    first[:] = 0
    assert same_bits(of_first, kept)
    del first
    assert not same_bits(session.run(second)["probabilities"], kept)
    assert same_bits(of_first, kept)  # outputs are the caller's own


def test_outputs_are_fresh_arrays(session):
    image = digits(1)
    one, two = session.run(image)["probabilities"], session.run(image)["probabilities"]
    assert one is not two and not np.shares_memory(one, two)
    assert one.flags.owndata and one.flags.writeable and one.flags.c_contiguous
    one[:] = 0
    assert session.top_k(1)[0].score == two.max()
    session.close()
    assert two.sum() > 0


def test_out(session):
    image = digits(2)
    expected = session.run(image)["probabilities"]
    target = np.full((2, 10), 7, np.float32)
    result = session.run(image, out={"probabilities": target})
    assert result["probabilities"] is target and same_bits(target, expected)
    again = session.run(digits(2, seed=5))["probabilities"]
    assert not np.shares_memory(again, target) and same_bits(target, expected)  # it was let go


def test_wrong_out(session):
    image = digits(2)
    expected = session.run(image)["probabilities"]
    for wrong, error in (
        (np.zeros((2, 10)), dlrt.TypeMismatchError),
        (np.zeros((3, 10), np.float32), dlrt.ShapeMismatchError),
        (np.zeros((20,), np.float32), dlrt.ShapeMismatchError),
        (np.zeros((10, 2), np.float32).T, dlrt.InvalidArgumentError),
        (read_only(np.zeros((2, 10), np.float32)), dlrt.InvalidArgumentError),
        (unaligned(np.zeros((2, 10), np.float32)), dlrt.InvalidArgumentError),
        ([0.0] * 20, dlrt.InvalidArgumentError),
    ):
        with pytest.raises(error, match="probabilities"):
            session.run(image, out={"probabilities": wrong})
        assert same_bits(session.run(image)["probabilities"], expected)
    with pytest.raises(dlrt.NotFoundError):
        session.run(image, out={"nobody": np.zeros((2, 10), np.float32)})


def test_same_bits(lenet):
    with dlrt.Pool(3) as pool:
        for batch in (1, 2, 7, 64):
            image = digits(batch)
            expected = lenet.session().run(image)["probabilities"]
            target = np.empty_like(expected)
            for session in [*(lenet.session(threads=n) for n in (1, 2, 3, 8)), lenet.session(pool=pool)]:
                for _ in range(5):
                    assert same_bits(session.run(image)["probabilities"], expected)
                    assert same_bits(session.run(image, out={"probabilities": target})["probabilities"], expected)


def test_free_dimensions_change(lenet, session):
    for batch in (1, 5, 1, 64, 2, 63, 5, 1, 0, 3):
        found = session.run(digits(batch))["probabilities"]
        assert found.shape == (batch, 10)
        assert same_bits(found, lenet.session().run(digits(batch))["probabilities"])


def test_several_operations_and_layouts(paths):
    """The network with every operation, and odd sizes of its batch."""
    model = dlrt.load(paths["everyop"])
    shape = [3 if n is None else n for n in model.inputs[0].shape]
    image = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    together = model.session(threads=2).run(image)
    for row in range(3):
        alone = model.session().run(image[row : row + 1])
        for name in together:
            np.testing.assert_allclose(alone[name], together[name][row : row + 1], rtol=1e-4, atol=1e-6)


def test_nan_passes_through(session):
    image = digits(2)
    image[1] = np.nan
    found = session.run(image)["probabilities"]
    assert np.isfinite(found[0]).all() and np.isnan(found[1]).all()
    assert session.run(np.zeros_like(image))["probabilities"].sum() > 0


def test_top_k(session):
    scores = session.run(digits(1))["probabilities"][0]
    order = np.argsort(-scores, kind="stable")
    best = session.top_k(3)
    assert [guess.index for guess in best] == order[:3].tolist()
    assert [guess.score for guess in best] == scores[order[:3]].tolist()
    assert [guess.label for guess in best] == [str(i) for i in order[:3]]
    assert session.top_k(3, output="probabilities") == best
    assert len(session.top_k(100)) == 10 and len(session.top_k()) == 5 and session.top_k(0) == []
    assert isinstance(best[0], dlrt.Prediction)
    for wrong in (-1, 1 << 70):
        with pytest.raises(dlrt.InvalidArgumentError):
            session.top_k(wrong)
    with pytest.raises(dlrt.NotFoundError, match="nobody"):
        session.top_k(1, output="nobody")
    for wrong in (1, -1):
        with pytest.raises(dlrt.OutOfRangeError) as caught:
            session.top_k(1, output=wrong)
    assert isinstance(caught.value, IndexError)
    session.run(digits(2))
    with pytest.raises(dlrt.ShapeMismatchError):
        session.top_k(1)


def test_top_k_of_odd_scores(session):
    image = digits(1)
    scores = np.empty((1, 10), np.float32)
    session.run(image, out={"probabilities": scores})
    scores[0] = [np.nan, -np.inf, 7, np.inf, 7, np.nan, 1, 2, 3, 4]
    assert [guess.index for guess in session.top_k(10)] == [3, 2, 4, 9, 8, 7, 6, 1, 0, 5]


def test_nothing_before_the_first_run(session):
    with pytest.raises(dlrt.NotReadyError):
        session.top_k(1)
    assert session.memory == 0


def test_labels_that_are_missing(paths):
    session = dlrt.load(paths["mlp"]).session()
    session.run(np.zeros((1, 784), np.float32))
    assert session.top_k(1)[0].label is None


def test_session_options(lenet):
    for threads in (-1, 257, 1 << 70):
        with pytest.raises(dlrt.InvalidArgumentError):
            lenet.session(threads=threads)
        with pytest.raises(dlrt.InvalidArgumentError):
            dlrt.Pool(threads)
    with pytest.raises(TypeError):
        lenet.session(threads="2")
    lenet.session(threads=np.int64(2)).close()
    pool = dlrt.Pool(2)
    pool.close()
    with pytest.raises(ValueError, match="closed"):
        lenet.session(pool=pool)


def test_memory_limit(lenet):
    small, large = digits(1), digits(64)
    session = lenet.session()
    expected = session.run(small)["probabilities"]
    limited = lenet.session(memory_limit=session.memory)
    for _ in range(3):
        assert same_bits(limited.run(small)["probabilities"], expected)
        with pytest.raises(dlrt.MemoryLimitError, match=str(session.memory)):
            limited.run(large)
        assert limited.memory <= session.memory
    with pytest.raises(dlrt.MemoryLimitError):
        lenet.session(memory_limit=1).run(small)


def test_closed(session):
    session.close()
    session.close()
    for call in (lambda: session.run(digits(1)), lambda: session.top_k(1), lambda: session.memory):
        with pytest.raises(ValueError, match="closed"):
            call()
