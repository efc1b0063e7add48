"""Run neural networks from .dlrt files.

    import dlrt

    model = dlrt.load("lenet5.dlrt")
    session = model.session(threads=2)
    outputs = session.run({"input": array})   # name -> numpy array
    session.run_jpeg("digit.jpg")
    for guess in session.top_k(3):
        print(guess.label, guess.score)

A model may be used from any number of threads at once. A session serves one run at a time; threads that share one wait
for each other. Models, sessions and pools are context managers and may be dropped in any order.
"""

from ._library import VERSION as __version__
from .errors import (
    Error,
    FileError,
    InternalError,
    InvalidArgumentError,
    InvalidImageError,
    InvalidModelError,
    MemoryLimitError,
    NotFoundError,
    NotReadyError,
    OutOfMemoryError,
    OutOfRangeError,
    ShapeMismatchError,
    TypeMismatchError,
    UnsupportedError,
)
from .model import Model, load
from .pool import Pool
from .session import Prediction, ProfileEntry, Session
from .tensors import TensorInfo

__all__ = [
    "Error",
    "FileError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidImageError",
    "InvalidModelError",
    "MemoryLimitError",
    "Model",
    "NotFoundError",
    "NotReadyError",
    "OutOfMemoryError",
    "OutOfRangeError",
    "Pool",
    "Prediction",
    "ProfileEntry",
    "Session",
    "ShapeMismatchError",
    "TensorInfo",
    "TypeMismatchError",
    "UnsupportedError",
    "__version__",
    "load",
]
