"""Inputs with known values."""

import numpy as np


def digits(batch, seed=1):
    """A batch for lenet5."""
    return np.random.default_rng(seed).random((batch, 1, 28, 28), np.float32)


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
