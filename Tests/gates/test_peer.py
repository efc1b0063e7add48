"""The adapter with which other benchmarks load dlrt computes what the model says."""

import ctypes
import pathlib

import numpy
from binaries import ROOT


def test_peer(sample, tmp_path):
    (tmp_path / "model.dlrt").write_bytes((sample / "lenet5.dlrt").read_bytes())
    peer = ctypes.CDLL(str(ROOT / "build/libpeer_dlrt.so"))
    peer.peer_load.restype = ctypes.c_void_p
    peer.peer_run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t]
    images = numpy.random.default_rng(1).random((3, 1, 28, 28), numpy.float32)
    scores = numpy.zeros((3, 10), numpy.float32)
    handle = peer.peer_load(str(tmp_path).encode(), 2)
    assert handle
    assert peer.peer_run(handle, images.ctypes.data, images.size, scores.ctypes.data, scores.size) == 0
    assert numpy.allclose(scores.sum(axis=1), 1, atol=1e-5)
    alone = numpy.zeros((1, 10), numpy.float32)
    assert peer.peer_run(handle, images[2].ctypes.data, 784, alone.ctypes.data, alone.size) == 0
    assert numpy.allclose(alone[0], scores[2], atol=1e-6) and not numpy.allclose(alone[0], scores[0], atol=1e-6)
    assert not peer.peer_load(str(pathlib.Path(tmp_path) / "missing").encode(), 1)
