"""The answers, held against the networks computed with numpy from the files' own weights."""

import dlrt
import dlrt_file
import numpy as np
import pytest
from images import digits


def network(path):
    """Weights by name, from the independent reader of the format."""
    found = dlrt_file.read(path.read_bytes())
    return {tensor.name: np.asarray(tensor.data, np.float64) for tensor in found.tensors if tensor.data is not None}


def dense(x, weights, name):
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def conv(x, weights, name, pad):
    w = weights[f"{name}.weight"]
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,mcij->nmhw", windows, w) + weights[f"{name}.bias"][:, None, None]


def pool(x):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def lenet(x, w):
    x = pool(relu(conv(x, w, "conv1", 2)))
    x = pool(relu(conv(x, w, "conv2", 0))).reshape(len(x), -1)
    return softmax(dense(relu(dense(relu(dense(x, w, "fc1")), w, "fc2")), w, "fc3"))


def mlp(x, w):
    return softmax(dense(relu(dense(relu(dense(x, w, "fc1")), w, "fc2")), w, "fc3"))


@pytest.mark.parametrize("isa", [None, "baseline", "avx2"])
def test_lenet5(paths, isa):
    image = digits(20) * 4 - 2
    try:
        model = dlrt.load(paths["lenet5"], isa=isa)
    except dlrt.UnsupportedError:
        pytest.skip(f"no {isa} here")
    found = model.session(threads=2).run(image)["probabilities"]
    np.testing.assert_allclose(found, lenet(image.astype(np.float64), network(paths["lenet5"])), rtol=1e-4, atol=1e-6)


def test_mlp(paths):
    image = digits(20).reshape(20, 784) * 4 - 2
    found = list(dlrt.load(paths["mlp"]).session().run(image).values())[0]
    np.testing.assert_allclose(found, mlp(image.astype(np.float64), network(paths["mlp"])), rtol=1e-4, atol=1e-6)
