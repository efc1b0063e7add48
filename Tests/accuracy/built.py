"""The built tree and the folder of data.

DLRT_LIBRARY, DL_EXPORT: by default those of build/. DLRT_DATA: by default ../shared beside the package.
"""

import os
import pathlib
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = pathlib.Path(os.environ.setdefault("DLRT_LIBRARY", str(ROOT / "build/lib/libdlrt.so.1")))
DL_EXPORT = pathlib.Path(os.environ.get("DL_EXPORT", ROOT / "build/bin/dl-export"))
DATA = pathlib.Path(os.environ.get("DLRT_DATA", ROOT.parent / "shared"))
ENVIRONMENT = {
    **os.environ,
    "LD_LIBRARY_PATH": str(LIBRARY.parent),
    "PYTHONPATH": str(ROOT / "bindings/python"),
    "PYTHON": sys.executable,  # in which dl-export looks for ONNX Runtime
}
sys.path.insert(0, str(ROOT / "bindings/python"))


def output(*command):
    done = subprocess.run([str(c) for c in command], env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def relative_error(found, expected):
    """The largest error, by the largest expected element."""
    assert found.shape == expected.shape
    return float(np.abs(found.astype(np.float64) - expected).max() / np.abs(expected).max())
